#!/usr/bin/env python3
"""New files become messages, whichever way a program writes them.

usage: test_append.py dovecot|cyrus PROFILE [unittest's arguments]
"""
import email.utils
import errno
import imaplib
import os
import re
import shutil
import sys
import time

import harness
from changing import barrier
from harness import as_on_the_wire, eventually, run

THEN = 1500000000


def mail(subject, lines=1, end=b"\n"):
    """A message file, with LF unless told otherwise."""
    name = email.utils.make_msgid(domain="example.org").encode()
    head = b"From: Alice <alice@example.org>\nMessage-ID: %s\nSubject: %s\n" % (name, subject.encode())
    return (head + b"\n" + b"a line of the message\n" * lines).replace(b"\n", end)


class Append(harness.Case):
    def setUp(self):
        super().setUp()
        self.folder = "Box%d" % time.monotonic_ns()
        self.server.create(self.folder)
        self.made = self.mount()
        self.box = self.made.path / self.folder
        self.local = self.place / "local"
        self.local.mkdir()

    def stored(self):
        """The messages of the folder, in their order, when all are there."""
        if self.box.exists():
            barrier(self.box)
        found = self.server.messages(self.folder)
        return [found[uid] for uid in sorted(found)]

    def listed(self):
        """UID -> path, of all that the directory shows."""
        return {int(os.getxattr(entry.path, "user.imap.uid")): entry.path for entry in os.scandir(self.box)}

    def bodies(self):
        return [message.body for message in self.stored()]

    def flags(self):
        with self.server.client() as client:
            client.select('"%s"' % self.server.full_name(self.folder), readonly=True)
            _, answer = client.uid("FETCH", "1:*", "(FLAGS)")
            return [re.search(rb"FLAGS \((.*?)\)", line)[1].split() for line in answer]

    def source(self, content, name="a.eml", then=THEN):
        path = self.local / name
        path.write_bytes(content)
        os.utime(path, (then, then))
        return path

    def assert_fails(self, number, call):
        with self.assertRaises(OSError) as failed:
            call()
        self.assertEqual(failed.exception.errno, number, failed.exception)

    def put(self, name, content):
        """As a program does that looks at what close(2) says."""
        fd = os.open(self.box / name, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o644)
        try:
            os.write(fd, content)
        finally:
            os.close(fd)

    # --- Ways of writing --------------------------------------------------------------------------

    def test_cp(self):
        content = mail("cp")
        done = run("cp", self.source(content), self.box)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        (message,) = self.stored()
        self.assertEqual(message.body, as_on_the_wire(content))
        self.assertNotEqual(message.arrival, THEN)
        self.assertEqual([[flag for flag in flags if flag != rb"\Recent"] for flags in self.flags()], [[rb"\Seen"]])
        # It is what its name stands for, and what the listing shows.
        self.assertEqual((self.box / "a.eml").read_bytes(), message.body)
        self.assertEqual(os.stat(self.box / "a.eml").st_size, len(message.body))
        (listed,) = self.listed().values()
        self.assertEqual(os.stat(listed).st_ino, os.stat(self.box / "a.eml").st_ino)

    def test_cp_keeps_the_time(self):
        done = run("cp", "-p", self.source(mail("cp -p")), self.box)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual([message.arrival for message in self.stored()], [THEN])
        self.assertEqual(int(os.stat(self.box / "a.eml").st_mtime), THEN)

    def test_many_files_in_one_go(self):
        for number in range(30):
            self.source(mail("number %d" % number), "n%02d.eml" % number, THEN + number)
        done = run("cp", "-r", "-p", *sorted(self.local.iterdir()), self.box)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual([message.arrival for message in self.stored()], [THEN + number for number in range(30)])
        self.assertEqual(len(self.listed()), 30)

    def test_redirection(self):
        content = mail("redirected")
        done = run("sh", "-c", "cat '%s' > '%s'" % (self.source(content), self.box / "x.eml"))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(self.bodies(), [as_on_the_wire(content)])

    def test_two_programs_write_one_file(self):
        if self.profile == "bare":
            self.skipTest("without UIDPLUS the earlier version stays, marked as deleted")
        head, body = self.source(b"Subject: two parts\n\n", "head"), self.source(b"the rest\n" * 1000, "body")
        for operator in (">", ">>"):
            with self.subTest(operator):
                name = self.box / ("x%d.eml" % len(operator))
                done = run("sh", "-c", "(cat '%s'; cat '%s') %s '%s'" % (head, body, operator, name))
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                expected = as_on_the_wire(head.read_bytes() + body.read_bytes())
                self.assertEqual(self.bodies(), [expected] * len(operator))
                self.assertEqual(name.read_bytes(), expected)

    def test_git_format_patch(self):
        if shutil.which("git") is None:
            self.skipTest("git is not installed")
        work = self.place / "work"
        git = ("git", "-C", work, "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "core.hooksPath=/dev/null")
        run("git", "init", "-q", work)
        for number in range(3):
            (work / "file").write_text("%d\n" % number)
            run(*git, "add", "file")
            run(*git, "commit", "-q", "-m", "change %d" % number)
        done = run(*git, "format-patch", "-o", self.box, "--root", "-3")
        self.assertEqual(done.returncode, 0, done.stderr)
        bodies = self.bodies()
        self.assertEqual(len(bodies), 3)
        for body in bodies:
            self.assertTrue(body.startswith(b"From: A <a@example.org>\r\n"), body[:60])

    def test_rsync(self):
        if shutil.which("rsync") is None:
            self.skipTest("rsync is not installed")
        for number in range(3):
            self.source(mail("rsync %d" % number, 50, b"\r\n"), "%d-x.eml" % number, THEN + number)
        for times in range(2):
            done = run("rsync", "-a", "--stats", "--no-perms", str(self.local) + "/", self.box)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            sent = re.search(r"files transferred: (\d+)", done.stdout)[1]
            # The second time everything is there already, with its size and time.
            self.assertEqual(sent, "0" if times else "3")
        self.assertEqual(len(self.stored()), 3)
        self.assertEqual(sorted(self.bodies()), sorted(path.read_bytes() for path in self.local.iterdir()))

    def test_saving_as_editors_and_file_managers_do(self):
        for scratch in (".goutputstream-A1B2C3", ".x.eml.swp", "x.eml.part", "x.eml~", "#x.eml#"):
            with self.subTest(scratch):
                before = len(self.stored())
                content = mail("saved by " + scratch)
                self.put(scratch, content)
                self.assertEqual(len(self.stored()), before)
                os.utime(self.box / scratch, (THEN, THEN))
                os.rename(self.box / scratch, self.box / ("x%d.eml" % before))
                message = self.stored()[-1]
                self.assertEqual((message.body, message.arrival), (as_on_the_wire(content), THEN))
                self.assertEqual((self.box / ("x%d.eml" % before)).read_bytes(), message.body)

    def test_replacing_by_renaming(self):
        if self.profile == "bare":
            self.skipTest("without UIDPLUS the earlier version stays, marked as deleted")
        self.put("x.eml", mail("old"))
        ((old, _),) = self.server.messages(self.folder).items()
        content = mail("new")
        self.put(".x.new", content)
        os.rename(self.box / ".x.new", self.box / "x.eml")
        ((new, message),) = self.server.messages(self.folder).items()
        self.assertGreater(new, old)
        self.assertEqual(message.body, as_on_the_wire(content))
        self.assertEqual((self.box / "x.eml").read_bytes(), message.body)
        self.assertEqual(list(self.listed()), [new])

    def test_a_large_one(self):
        source = self.source(mail("large", 1400000, b"\r\n"))
        done = run("dd", "if=%s" % source, "of=%s" % (self.box / "x.eml"), "bs=1M")
        self.assertEqual(done.returncode, 0, done.stderr)
        (message,) = self.stored()
        self.assertEqual(harness.sha256(message.body), harness.sha256(source.read_bytes()))
        self.server.forget_commands()
        self.assertEqual(harness.sha256((self.box / "x.eml").read_bytes()), harness.sha256(message.body))
        # It was not fetched: this machine has had it all along.
        self.assertEqual(self.server.body_fetches(), [])

    def test_touch_and_then_write(self):
        run("touch", self.box / "x.eml")
        self.assertEqual(os.listdir(self.box), ["x.eml"])
        self.assertEqual(self.stored(), [])
        content = mail("after touch")
        with open(self.box / "x.eml", "ab") as file:
            file.write(content)
        self.assertEqual(self.bodies(), [as_on_the_wire(content)])

    # --- What is refused --------------------------------------------------------------------------

    def test_what_is_no_message(self):
        done = run("cp", "/etc/passwd", self.box / "passwd", env={**os.environ, "LC_ALL": "C"})
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Invalid argument", done.stderr)
        self.assertEqual(self.stored(), [])
        self.assertIn("passwd is not a message", self.made.log.read_text())
        # It can be read, and is kept when the mount ends.
        with open("/etc/passwd", "rb") as file:
            content = file.read()
        self.assertEqual((self.box / "passwd").read_bytes(), content)
        self.made.unmount()
        (kept,) = self.made.state.rglob("passwd")
        self.assertEqual(kept.read_bytes(), content)
        self.assertEqual(os.stat(kept).st_mode & 0o777, 0o600)
        self.assertIn(str(kept), self.made.log.read_text())

    def test_scratch_is_forgotten(self):
        self.put(".secret.swp", b"not to be kept")
        self.put("x.tmp", mail("scratch"))
        self.made.unmount()
        self.assertEqual(self.stored(), [])
        self.assertEqual([path for path in self.made.state.rglob("lost+found/**/*") if path.is_file()], [])

    def test_litter(self):
        for name in (".DS_Store", "._x", ".directory", ".hidden", ".Trash-1000", "desktop.ini", "Thumbs.db", ".imapfs"):
            with self.subTest(name):
                self.assert_fails(errno.EPERM, lambda name=name: self.put(name, b"x"))
        self.assert_fails(errno.EPERM, lambda: (self.made.path / "x.eml").write_bytes(b"x"))

    def test_messages_do_not_change(self):
        self.put("x.eml", mail("fixed"))
        path = self.box / "x.eml"
        before = path.read_bytes()

        def overwrite():
            fd = os.open(path, os.O_WRONLY)
            try:
                os.write(fd, b"X")
            finally:
                os.close(fd)

        eventually(lambda: self.fails_with(errno.EPERM, overwrite))
        self.assert_fails(errno.EPERM, lambda: os.truncate(path, 0))
        self.assert_fails(errno.EPERM, lambda: path.write_bytes(b"other"))
        for harmless in (
            lambda: os.utime(path, (1, 1)),
            lambda: os.chmod(path, 0o644),
            lambda: os.chown(path, os.getuid(), os.getgid()),
            lambda: os.truncate(path, len(before)),
        ):
            harmless()
        self.assertEqual(path.read_bytes(), before)
        self.assertEqual(self.bodies(), [before])

    @staticmethod
    def fails_with(number, call):
        try:
            call()
        except OSError as failed:
            return failed.errno == number
        return False

    # --- When the server does not want it ---------------------------------------------------------

    def test_the_folder_is_gone(self):
        fd = os.open(self.box / "x.eml", os.O_CREAT | os.O_WRONLY)
        os.write(fd, mail("late"))
        self.server.delete(self.folder)
        self.assert_fails(errno.ESTALE, lambda: os.close(fd))

    def test_the_server_is_away(self):
        os.listdir(self.box)
        fd = os.open(self.box / "x.eml", os.O_CREAT | os.O_WRONLY)
        content = mail("patient")
        self.server.kill()
        # Not before: the process that kills the server has the file open for a moment, and closes it.
        os.write(fd, content)
        with self.assertRaises(OSError) as failed:
            os.close(fd)
        self.assertIn(failed.exception.errno, (errno.ENETUNREACH, errno.ETIMEDOUT))
        # Who has written it hears the error at every close, a reader does not.
        done = run("cat", self.box / "x.eml")
        self.assertEqual((done.returncode, done.stdout.encode()), (0, content))
        self.server.start()

        def sent():
            fd = os.open(self.box / "x.eml", os.O_RDONLY)
            return not self.fails_with(errno.ENETUNREACH, lambda: os.fsync(fd)) and os.close(fd) is None

        eventually(sent, 30, "the server to be reached")
        self.assertEqual(self.bodies(), [as_on_the_wire(content)])


class Limits(harness.Case):
    """Dovecot with a quota, a largest message, and rights."""

    @classmethod
    def fill(cls):
        path = cls.server.directory / "dovecot.conf"
        limits = "quota_rule = *:storage=300K\n  quota_max_mail_size = 100K"
        path.write_text(path.read_text().replace("quota_rule = *:storage=0", limits))
        cls.server.doveadm("reload")
        eventually(cls.is_back, 10, "the server with its limits")
        cls.server.create("Closed")
        cls.server.doveadm("acl", "set", "-u", cls.server.user, "Closed", "owner", "lookup", "read")

    @classmethod
    def is_back(cls):
        try:
            with cls.server.client() as client:
                return client.noop()[0] == "OK"
        except (imaplib.IMAP4.error, OSError):
            return False

    def setUp(self):
        super().setUp()
        self.made = self.mount()

    def copy(self, source, target):
        return run("cp", source, target, env={**os.environ, "LC_ALL": "C"})

    def test_too_large_and_too_much(self):
        source = self.place / "a.eml"
        source.write_bytes(mail("large", 10000))
        done = self.copy(source, self.made.path / "INBOX/large.eml")
        self.assertNotEqual(done.returncode, 0)
        source.write_bytes(mail("fits", 4000))
        said = ""
        for number in range(4):
            done = self.copy(source, self.made.path / "INBOX" / ("%d.eml-x" % number))
            said += done.stderr
        self.assertIn("Disk quota exceeded", said)
        self.assertIn(len(self.server.messages("INBOX")), (2, 3))

    def test_a_folder_that_takes_nothing(self):
        source = self.place / "a.eml"
        source.write_bytes(mail("closed"))
        done = self.copy(source, self.made.path / "Closed/a.eml")
        self.assertIn("Permission denied", done.stderr)
        self.assertEqual(len(self.server.messages("Closed")), 0)


if __name__ == "__main__":
    program, profile = sys.argv[1:3]
    del sys.argv[1:3]
    Append.server_type = {"dovecot": harness.Dovecot, "cyrus": harness.Cyrus}[program]
    Append.profile = profile
    if (program, profile) != ("dovecot", "full"):
        del Limits
    harness.main(require_server={"dovecot": harness.require_dovecot, "cyrus": harness.require_cyrus}[program])
