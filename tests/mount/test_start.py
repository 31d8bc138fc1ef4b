#!/usr/bin/env python3
"""`imapfs mount` succeeds with a mount that answers, or fails with one line that says why."""
import os
import pathlib
import signal
import socket
import subprocess

import harness
from harness import PROGRAM, Dovecot, eventually, run


class Refusals(harness.Case):
    @classmethod
    def fill(cls):
        cls.server.seed_sample("INBOX", 5)

    def test_wrong_password(self):
        mount = self.prepare()
        mount.password_file.write_text("not-the-password\n")
        line = self.refused(mount)
        self.assertRegex(line.lower(), "password|authenticat|login|credential")
        self.assertNotIn("not-the-password", line)

    def test_unknown_host(self):
        self.refused(self.prepare(source="imaps://alice@no-such-host.invalid/"), "no-such-host.invalid")

    def test_nobody_listens(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        line = self.refused(self.prepare(source="imaps://alice@127.0.0.1:%d/" % port), "127.0.0.1")
        self.assertIn("refused", line.lower())

    def test_untrusted_authority(self):
        other = pathlib.Path(self.place, "other")
        run(harness.TESTS / "servers/certificates", other, "good")
        self.refused(self.prepare("--ca-file", other / "ca.pem"), "certificate")

    def test_certificates_that_are_no_good(self):
        for kind, words in (("expired", "expired"), ("wronghost", "localhost"), ("selfsigned", "self")):
            server = Dovecot(pathlib.Path(self.place, kind))
            self.addCleanup(server.kill)
            server.kill()
            server.start(cert=kind)
            for scheme, port, options in (
                ("imaps", server.tls_port, ()),
                ("imap", server.port, ("--tls", "starttls")),
            ):
                source = "%s://%s@localhost:%d" % (scheme, server.user, port)
                with self.subTest(kind=kind, scheme=scheme):
                    mount = self.prepare("--ca-file", server.ca_file, *options, source=source)
                    self.refused(mount, "certificate", words)
            server.kill()

    def test_a_port_that_speaks_something_else(self):
        self.refused(self.prepare(source="imaps://alice@localhost:%d" % self.server.port))

    def test_authority_that_is_no_file(self):
        self.refused(self.prepare("--ca-file", "/no/such/file.pem"), "/no/such/file.pem")

    def test_no_mount_point(self):
        mount = self.prepare()
        mount.path.rmdir()
        self.refused(mount, str(mount.path))

    def test_a_file_for_a_mount_point(self):
        mount = self.prepare()
        mount.path.rmdir()
        mount.path.write_text("")
        self.refused(mount, str(mount.path), "directory")

    def test_a_mount_point_that_is_not_empty(self):
        mount = self.prepare()
        (mount.path / "something").write_text("")
        self.refused(mount, str(mount.path), "empty")
        self.assertEqual(os.listdir(mount.path), ["something"])

    def test_a_second_mount_of_the_account(self):
        first = self.mount()
        second = self.prepare(cache=first.cache)
        self.refused(second, "process %d" % first.pid, "the mount on %s" % first.path, "--cache-dir")
        # With a cache of its own it works, and the first one goes on.
        for mount in (first, self.mount()):
            mount.listing()

    def test_the_cache_command_beside_a_mount(self):
        mount = self.mount()

        def cache(action, *options):
            return run(PROGRAM, "cache", action, "--cache-dir", mount.cache, *options)

        info = cache("info")
        self.assertEqual((info.returncode, info.stderr), (0, ""))
        self.assertIn("process %d" % mount.pid, info.stdout)
        for refused in (cache("verify"), cache("clear", "--all"), cache("clear", mount.source)):
            self.assertEqual(refused.returncode, 1)
            self.assertIn("process %d" % mount.pid, refused.stdout)
        mount.listing()
        mount.unmount()
        verified = cache("verify", mount.source)
        self.assertEqual((verified.returncode, verified.stdout.splitlines()[1]), (0, "  clean"))
        self.assertEqual(cache("clear", mount.source).returncode, 0)
        gone = cache("info")
        self.assertEqual((gone.returncode, gone.stdout), (1, ""))
        self.assertIn("there is no cache", gone.stderr)

    def test_mounted_already(self):
        first = self.mount()
        second = self.prepare()
        second.path = first.path
        done = run(*second.command())
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertEqual(len(first.files("INBOX")), 5)

    def test_a_stale_mount(self):
        mount = self.mount()
        os.kill(mount.pid, signal.SIGKILL)
        pid = mount.pid
        eventually(lambda: not harness.is_running(pid), what="the end of the program")
        with self.assertRaises(OSError):
            mount.listing()
        done = run(*mount.command())
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn(str(mount.path), done.stderr)
        # The line says what to do, and that helps.
        self.assertIn("umount", done.stderr)
        self.assertEqual(run(PROGRAM, "umount", mount.path).returncode, 0)
        mount.start()
        self.assertEqual(len(mount.files("INBOX")), 5)

    def test_plain_text_only_on_this_machine(self):
        source = "imap://alice@mail.example.org"
        self.refused(self.prepare("--tls", "none", source=source), "--allow-plaintext", code=2)

    def test_a_mailbox_that_is_not_there(self):
        self.refused(self.prepare(mailbox="/No/Such"), "No/Such")

    def test_misuse(self):
        mount = self.prepare()
        for arguments in (
            (),
            ("mount",),
            ("mount", "imaps://alice@localhost"),
            ("mount", "http://alice@localhost", mount.path),
            ("mount", "--no-such-option", "imaps://alice@localhost", mount.path),
            ("mount", "-o", "no-such-option", "imaps://alice@localhost", mount.path),
            ("mount", "--tls", "maybe", "imaps://alice@localhost", mount.path),
            ("mount", "--timeout", "soon", "imaps://alice@localhost", mount.path),
            ("mount", "imaps://alice:secret-in-url@localhost", mount.path),
            ("umount",),
            ("no-such-command",),
        ):
            done = run(PROGRAM, *arguments)
            self.assertEqual(done.returncode, 2, (arguments, done.stderr))
            self.assertNotEqual(done.stderr, "", arguments)
            self.assertNotIn("secret-in-url", done.stderr)
            self.assertNotIn("terminate", done.stderr)

    def test_help_and_version(self):
        for arguments in (("--version",), ("help",), ("help", "mount"), ("mount", "--help")):
            done = run(PROGRAM, *arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ""), arguments)
            self.assertIn("imapfs", done.stdout)


class Starting(harness.Case):
    @classmethod
    def fill(cls):
        cls.server.seed_sample("INBOX", 5)
        cls.server.seed_sample("Archive/2019/Winter", 7, seed=2)
        cls.server.seed_sample("Archive/2019", 3, seed=3)

    def test_it_answers_as_soon_as_the_command_returns(self):
        mount = self.mount()
        self.assertEqual(len(mount.files("INBOX")), 5)

    def test_starttls(self):
        source = "imap://%s@localhost:%d" % (self.server.user, self.server.port)
        mount = self.mount("--tls", "starttls", source=source)
        self.assert_same_messages(mount, "INBOX")
        sent = [line for line in mount.traced().splitlines() if "C: " in line]
        first_login = next(n for n, line in enumerate(sent) if "LOGIN" in line or "AUTHENTICATE" in line)
        self.assertTrue(any("STARTTLS" in line for line in sent[:first_login]), sent[: first_login + 1])

    def test_plain_text_on_the_loopback(self):
        for host in ("localhost", "127.0.0.1"):
            source = "imap://%s@%s:%d" % (self.server.user, host, self.server.port)
            mount = self.mount("--tls", "none", source=source)
            self.assertEqual(len(mount.files("INBOX")), 5)
            self.assertNotIn("STARTTLS\n", "".join(line for line in mount.traced().splitlines(True) if "C: " in line))

    def test_an_address_as_host(self):
        mount = self.mount(source="imaps://%s@127.0.0.1:%d" % (self.server.user, self.server.tls_port))
        self.assertEqual(len(mount.files("INBOX")), 5)

    def test_one_mailbox_of_the_account(self):
        mount = self.mount(mailbox="/Archive/2019")
        self.assertEqual(len(mount.files("")), 3)
        self.assertEqual(len(mount.files("Winter")), 7)
        self.assertEqual([name for name in mount.listing() if not name.endswith(".eml")], ["Winter"])
        mount = self.mount(mailbox="/Archive/2019/Winter")
        self.assertEqual(len(mount.files("")), 7)

    def test_options_as_mount_8_gives_them(self):
        mount = self.prepare()
        mount.options = [
            "-o",
            "ro,nosuid,nodev,noexec,cache-dir=%s,ca-file=%s" % (mount.cache, self.server.ca_file),
            "-o",
            "password-file=%s,timeout=4s,names=uid,trace=%s" % (mount.password_file, mount.trace),
        ]
        mount.start()
        self.assertEqual(mount.listing("INBOX"), ["1.eml", "2.eml", "3.eml", "4.eml", "5.eml"])
        self.assertIn("C: ", mount.traced())
        self.assertNotEqual(os.listdir(mount.cache), [])

    def test_options_after_the_arguments(self):
        # mount.fuse3 and mount(8) call helpers as SOURCE MOUNTPOINT -o OPTIONS.
        mount = self.prepare()
        options = "rw,cache-dir=%s,ca-file=%s,password-file=%s" % (mount.cache, self.server.ca_file, mount.password_file)
        mount.command = lambda: [PROGRAM, "mount", mount.source, str(mount.path), "-o", options]
        mount.start()
        self.assertEqual(len(mount.files("INBOX")), 5)

    def test_both_ways_to_unmount(self):
        self.mount().unmount()
        mount = self.mount()
        self.assertEqual(run("fusermount3", "-u", mount.path).returncode, 0)
        pid = mount.pid
        eventually(lambda: not harness.is_running(pid), 15, "the end of the program")

    def test_unmounting_what_is_not_mounted(self):
        done = run(PROGRAM, "umount", self.place)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_the_foreground_program_unmounts_when_told_to_end(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            mount = self.prepare("--foreground")
            harness.at_end.callback(mount.destroy)
            program = subprocess.Popen(mount.command(), stdin=subprocess.DEVNULL)
            self.addCleanup(program.wait)
            self.addCleanup(program.kill)
            mount.pid = program.pid
            eventually(lambda: harness.is_mounted(mount.path), harness.MOUNT_LIMIT, "the mount")
            self.assertEqual(len(mount.files("INBOX")), 5)
            program.send_signal(number)
            self.assertEqual(program.wait(15), 0)
            mount.pid = None
            self.assertFalse(harness.is_mounted(mount.path))

    def test_the_program_in_the_background_unmounts_when_told_to_end(self):
        mount = self.mount()
        pid = mount.pid
        os.kill(pid, signal.SIGTERM)
        eventually(lambda: not harness.is_running(pid), 15, "the end of the program")
        self.assertFalse(harness.is_mounted(mount.path))

    def test_the_background_program_holds_nothing_of_its_caller(self):
        mount = self.mount()
        for number in (0, 1, 2):
            self.assertEqual(os.readlink("/proc/%d/fd/%d" % (mount.pid, number)), "/dev/null")
        self.assertEqual(os.readlink("/proc/%d/cwd" % mount.pid), "/")
        self.assertNotEqual(os.getsid(mount.pid), os.getsid(0))


if __name__ == "__main__":
    harness.main()
