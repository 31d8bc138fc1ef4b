#!/usr/bin/env python3
"""Folders are made, renamed and removed with the ordinary tools, and the server has them.

usage: test_folders.py dovecot|cyrus PROFILE [unittest's arguments]

Each test works below a folder of its own. What the server has is asked by another client.
"""
import errno
import os
import pathlib
import sys

import harness
from harness import eventually, run

EASY = ("Grüße aus Köln", "R&D", "two words", "日本 📬", "it's", "x" * 200, "-dash", "$(x)")
# As a directory -> as a mailbox; not every server takes every one.
ODD = {"50%25": "50%", "star*": "star*", 'say "hi"': 'say "hi"', "back\\slash": "back\\slash", "#news": "#news"}
ENGLISH = {**os.environ, "LC_ALL": "C"}


class Folders(harness.Case):
    @classmethod
    def fill(cls):
        # A server without NAMESPACE shows by its folders where they are.
        cls.server.create("Beside")

    def setUp(self):
        super().setUp()
        self.top = "Test %s" % self._testMethodName
        self.mounted = self.mount("--poll-interval", "1s")
        self.root = self.mounted.path / self.top
        self.succeeds("mkdir", self.root)

    def succeeds(self, *command):
        done = run(*command, env=ENGLISH)
        self.assertEqual((done.returncode, done.stderr), (0, ""), command)
        return done.stdout

    def fails(self, text, *command):
        done = run(*command, env=ENGLISH)
        self.assertNotEqual(done.returncode, 0, command)
        self.assertIn(text, done.stderr, command)

    def refused(self, number, call, *arguments):
        with self.assertRaises(OSError) as refused:
            call(*arguments)
        self.assertEqual(refused.exception.errno, number, arguments)

    def wire(self, path):
        """The mailbox, as the harness names it, for a path below the test's folder."""
        return "/".join((self.top, path)).rstrip("/").replace("/", self.server.delimiter)

    def at_server(self):
        """The paths of the mailboxes below the test's folder."""
        prefix = self.wire("") + self.server.delimiter
        return {
            name[len(prefix) :].replace(self.server.delimiter, "/"): selectable
            for name, selectable in self.server.mailboxes().items()
            if name.startswith(prefix)
        }

    def subscriptions(self):
        with self.server.client() as client:
            _, answer = client.lsub('""', "*")
        return b"\n".join(line for line in answer if isinstance(line, bytes))

    def seed(self, path, *texts):
        self.server.seed_messages(self.wire(path), [b"Subject: %s\n\ntext %s\n" % (text, text) for text in texts])

    def inodes(self, path):
        return {
            os.path.relpath(os.path.join(folder, name), path): os.lstat(os.path.join(folder, name)).st_ino
            for folder, folders, files in os.walk(path)
            for name in folders + files
        }

    # mkdir

    def test_mkdir(self):
        self.succeeds("mkdir", "-p", self.root / "a/b/c", self.root / "a/d")
        self.assertEqual(set(self.at_server()), {"a", "a/b", "a/b/c", "a/d"})
        found = self.succeeds("find", self.root, "-type", "d", "-printf", "%P\n")
        self.assertEqual(set(found.split()), {"a", "a/b", "a/b/c", "a/d"})
        self.assertEqual(os.listdir(self.root / "a/b/c"), [])
        self.fails("File exists", "mkdir", self.root / "a")
        self.succeeds("mkdir", "-p", self.root / "a/b")
        self.assertIn(harness.modified_utf7(self.wire("a/b/c")).encode(), self.subscriptions())

    def test_names(self):
        for name in EASY:
            with self.subTest(name):
                os.mkdir(self.root / name)
                self.assertTrue(self.at_server()[name])
                self.assertIn(name, os.listdir(self.root))
                os.mkdir(self.root / name / "inner")
                self.assertTrue(self.at_server()[name + "/inner"])
                os.rename(self.root / name, self.root / ("new " + name))
                self.assertNotIn(name, self.at_server())
                self.assertTrue(self.at_server()["new " + name + "/inner"])
                os.rmdir(self.root / ("new " + name) / "inner")
                os.rmdir(self.root / ("new " + name))
                self.assertEqual(self.at_server(), {})

    def test_names_that_some_servers_take(self):
        for entry, name in ODD.items():
            with self.subTest(entry):
                try:
                    os.mkdir(self.root / entry)
                except OSError:
                    self.assertNotIn(name, self.at_server())
                else:
                    self.assertIn(name, self.at_server())
                    self.assertIn(entry, os.listdir(self.root))
                    os.rmdir(self.root / entry)

    def test_names_that_no_folder_can_have(self):
        before = self.at_server()
        if self.server.delimiter != "/":
            self.refused(errno.EINVAL, os.mkdir, self.root / ("a%sb" % self.server.delimiter))
        self.refused(errno.EINVAL, os.mkdir, self.root / "a%2Fb" if self.server.delimiter == "/" else self.root / "50%")
        self.refused(errno.EINVAL, os.mkdir, self.root / "12.eml")
        self.refused(errno.EINVAL, os.mkdir, self.root / "line\nbreak")
        for name in (".Trash-1000", ".Trash", ".git", ".headers", ".imapfs"):
            self.refused(errno.EPERM, os.mkdir, self.root / name)
            at_root = errno.EEXIST if name == ".imapfs" else errno.EPERM
            self.refused(at_root, os.mkdir, self.mounted.path / name)
        self.refused(errno.ENAMETOOLONG, os.mkdir, self.root / ("x" * 256))
        self.refused(errno.EEXIST, os.mkdir, self.mounted.path / "INBOX")
        self.assertEqual(self.at_server(), before)

    def test_a_name_is_composed(self):
        os.mkdir(self.root / "Gru\u0308n")
        self.assertIn("Grün", self.at_server())
        self.assertIn("Grün", os.listdir(self.root))
        self.succeeds("mkdir", "-p", self.root / "Gru\u0308n/inner")
        self.assertEqual(set(self.at_server()), {"Grün", "Grün/inner"})

    # rmdir

    def test_rmdir(self):
        os.makedirs(self.root / "a/b")
        self.seed("full", b"one")
        eventually(lambda: "full" in os.listdir(self.root), 20, "the folder")
        self.fails("not empty", "rmdir", self.root / "a")
        self.fails("not empty", "rmdir", self.root / "full")
        self.refused(errno.EPERM, os.rmdir, self.mounted.path / "INBOX")
        self.succeeds("rmdir", self.root / "a/b")
        self.succeeds("rmdir", self.root / "a")
        self.assertEqual(set(self.at_server()), {"full"})
        self.assertEqual(len(self.server.messages(self.wire("full"))), 1)
        self.fails("No such file", "rmdir", self.root / "a")

    def test_what_arrived_just_now_is_not_deleted(self):
        os.mkdir(self.root / "a")
        self.assertEqual(os.listdir(self.root / "a"), [])
        self.server.append(self.wire("a"), b"Subject: late\n\nlate\n")
        self.refused(errno.ENOTEMPTY, os.rmdir, self.root / "a")
        self.assertEqual(len(self.server.messages(self.wire("a"))), 1)

    def test_empty_trees_are_removed_by_rm(self):
        os.makedirs(self.root / "a/b/c")
        os.makedirs(self.root / "a/d/e")
        self.server.create(self.wire("z/y/x"))  # its parents may be no mailboxes
        eventually(lambda: "z" in os.listdir(self.root), 20, "the folder")
        self.succeeds("rm", "-r", self.root / "a", self.root / "z")
        self.assertEqual(os.listdir(self.root), [])
        self.assertEqual(self.at_server(), {})

    # mv

    def test_a_folder_moves_with_all_that_is_in_it(self):
        self.seed("a", b"one", b"two")
        self.seed("a/b", b"three")
        os.mkdir(self.root / "place")
        eventually((self.root / "a/b").exists, 20, "the folder")
        self.assertEqual(self.succeeds("grep", "-rch", "text", self.root / "a").split(), ["1"] * 3)
        before = self.inodes(self.root / "a")
        own = os.stat(self.root / "a").st_ino
        self.server.forget_commands()
        self.succeeds("mv", self.root / "a", self.root / "place/new name")
        moved = self.root / "place/new name"
        self.assertEqual(set(self.at_server()), {"place", "place/new name", "place/new name/b"})
        self.assertEqual(os.listdir(self.root), ["place"])
        self.assertEqual(os.stat(moved).st_ino, own)
        self.assertEqual(self.inodes(moved), before)
        self.assertEqual(self.succeeds("grep", "-rch", "text", moved).split(), ["1"] * 3)
        self.assertEqual(self.server.body_fetches(), [])
        self.assertEqual(len(self.server.messages(self.wire("place/new name"))), 2)
        # The same after another mount.
        cache = self.mounted.cache
        self.mounted.unmount()
        again = self.mount(cache=cache)
        self.assertEqual(self.inodes(again.path / self.top / "place/new name"), before)

    def test_subscriptions_follow(self):
        os.makedirs(self.root / "a/b")
        os.rename(self.root / "a", self.root / "c")
        subscribed = self.subscriptions()
        self.assertIn(harness.modified_utf7(self.wire("c/b")).encode(), subscribed)
        self.assertNotIn(harness.modified_utf7(self.wire("a/b")).encode(), subscribed)

    def test_the_flags_of_mv(self):
        self.seed("full", b"one")
        os.makedirs(self.root / "up/x")
        os.mkdir(self.root / "a")
        os.mkdir(self.root / "empty")
        eventually(lambda: "full" in os.listdir(self.root), 20, "the folder")
        run("mv", "-n", "-T", self.root / "a", self.root / "empty")
        self.assertIn("a", self.at_server())
        self.fails("not empty", "mv", "-T", self.root / "a", self.root / "full")
        self.fails("not empty", "mv", "-T", self.root / "a", self.root / "up")
        self.succeeds("mv", "-T", self.root / "full", self.root / "empty")
        self.assertEqual(set(self.at_server()), {"a", "empty", "up", "up/x"})
        self.assertEqual(len(self.server.messages(self.wire("empty"))), 1)
        self.succeeds("mv", self.root / "a", self.root / "up")
        self.assertEqual(set(self.at_server()), {"empty", "up", "up/x", "up/a"})

    def test_renamings_that_cannot_be(self):
        os.makedirs(self.root / "a/b")
        self.refused(errno.EINVAL, os.rename, self.root / "a", self.root / "a/b/c")
        self.refused(errno.EPERM, os.rename, self.mounted.path / "INBOX", self.root / "inbox")
        self.refused(errno.EPERM, os.rename, self.root / "a", self.root / ".a")
        self.refused(errno.EINVAL, os.rename, self.root / "a", self.root / "a.eml")
        self.assertEqual(set(self.at_server()), {"a", "a/b"})

    def test_a_folder_that_somebody_is_in(self):
        self.seed("a/b", b"one")
        eventually((self.root / "a/b").exists, 20, "the folder")
        (file,) = self.mounted.files(pathlib.Path(self.top, "a/b")).values()
        at = os.open(self.root / "a/b", os.O_RDONLY | os.O_DIRECTORY)
        self.addCleanup(os.close, at)
        with open(file, "rb") as content:
            os.rename(self.root / "a", self.root / "z")
            self.assertIn(b"text one", content.read())
        self.assertEqual(os.listdir(at), [file.name])
        # The kernel still knows where it is.
        self.assertEqual(os.readlink("/proc/self/fd/%d" % at), str(self.root / "z/b"))
        # And what comes is seen there.
        self.server.append(self.wire("z/b"), b"Subject: two\n\ntext two\n")
        eventually(lambda: len(os.listdir(at)) == 2, 20, "the new message")
        self.assertIn(b"text two", self.mounted.files(pathlib.Path(self.top, "z/b"))[2].read_bytes())

    def test_a_name_that_is_used_again(self):
        self.seed("a", b"one")
        eventually(lambda: "a" in os.listdir(self.root), 20, "the folder")
        (file,) = self.mounted.files(pathlib.Path(self.top, "a")).values()
        self.assertIn(b"text one", file.read_bytes())
        os.rename(self.root / "a", self.root / "b")
        os.mkdir(self.root / "a")
        self.assertEqual(os.listdir(self.root / "a"), [])
        self.server.append(self.wire("a"), b"Subject: two\n\ntext two\n")
        files = eventually(lambda: self.mounted.files(pathlib.Path(self.top, "a")), 20, "the message")
        self.assertIn(b"text two", files[1].read_bytes())
        self.assertIn(b"text one", self.mounted.files(pathlib.Path(self.top, "b"))[1].read_bytes())

    def test_nobody_waits_for_a_server_that_is_gone(self):
        os.mkdir(self.root / "a")
        self.server.kill()
        self.addCleanup(lambda: self.server.is_down and self.server.start())
        for call, *arguments in (
            (os.mkdir, self.root / "b"),
            (os.rename, self.root / "a", self.root / "b"),
            (os.rmdir, self.root / "a"),
        ):
            self.refused(errno.ENETUNREACH, call, *arguments)
        self.server.start()
        self.assertEqual(set(self.at_server()), {"a"})

        def succeeds():
            try:
                os.rename(self.root / "a", self.root / "b")
            except OSError:
                return False
            return True

        eventually(succeeds, 20, "the server to be used again")
        self.assertEqual(set(self.at_server()), {"b"})


if __name__ == "__main__":
    program, profile = sys.argv[1:3]
    del sys.argv[1:3]
    Folders.server_type = {"dovecot": harness.Dovecot, "cyrus": harness.Cyrus}[program]
    Folders.profile = profile
    harness.main(require_server={"dovecot": harness.require_dovecot, "cyrus": harness.require_cyrus}[program])
