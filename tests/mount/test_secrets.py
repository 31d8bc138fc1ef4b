#!/usr/bin/env python3
"""Where the password comes from, and that neither it nor anybody's mail shows up elsewhere."""
import os
import pathlib
import signal
from base64 import b64encode
from urllib.parse import quote

import harness
from harness import eventually, run

SUBJECT = "canary-subject-2277"
BODY = "canary-body-2277"
SENDER = "canary-sender-2277@example.org"


class Passwords(harness.Case):
    @classmethod
    def fill(cls):
        cls.server.seed_sample("INBOX", 3)

    def file_with(self, text, mode=0o600):
        path = self.place / "a password"
        path.write_text(text)
        path.chmod(mode)
        return path

    def test_from_a_command(self):
        path = self.file_with(self.server.password + "\n")
        mount = self.mount("--password-command", "cat '%s'" % path)
        self.assertEqual(len(mount.files("INBOX")), 3)

    def test_from_a_command_that_fails(self):
        self.refused(self.prepare("--password-command", "exit 3"), "password")

    def test_from_a_file_with_or_without_line_end(self):
        for end in ("", "\n"):
            mount = self.mount("--password-file", self.file_with(self.server.password + end))
            self.assertEqual(len(mount.files("INBOX")), 3)

    def test_not_from_a_file_that_others_can_read(self):
        for mode in (0o640, 0o604, 0o660):
            path = self.file_with(self.server.password, mode)
            self.refused(self.prepare("--password-file", path), str(path))

    def test_not_from_a_file_that_is_missing(self):
        self.refused(self.prepare("--password-file", "/no/such/file"), "/no/such/file")

    def test_not_without_a_terminal(self):
        mount = self.prepare()
        at = mount.options.index("--password-file")
        del mount.options[at : at + 2]
        # A session of its own has no terminal to ask at.
        done = run(*mount.command(), timeout=harness.MOUNT_LIMIT, start_new_session=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn("password", done.stderr.lower())

    def test_asked_for_at_the_terminal(self):
        mount = self.prepare()
        at = mount.options.index("--password-file")
        del mount.options[at : at + 2]
        before = harness.children()
        pid, terminal = os.forkpty()
        if pid == 0:
            try:
                os.execv(harness.PROGRAM, mount.command())
            finally:
                os._exit(127)
        screen = b""
        try:
            while b"assword" not in screen:
                screen += os.read(terminal, 4096)
            os.write(terminal, self.server.password.encode() + b"\n")
            while True:
                try:
                    more = os.read(terminal, 4096)
                except OSError:  # nobody has it open any more
                    break
                if not more:
                    break
                screen += more
        finally:
            os.close(terminal)
        _, status = os.waitpid(pid, 0)
        mount.pid = next(iter(harness.children() - before - {pid}), None)
        self.assertEqual(os.waitstatus_to_exitcode(status), 0, screen)
        self.assertIn(self.server.user.encode(), screen)
        self.assertNotIn(self.server.password.encode(), screen)
        self.assertEqual(len(mount.files("INBOX")), 3)

    def test_ctrl_c_at_the_prompt(self):
        mount = self.prepare()
        at = mount.options.index("--password-file")
        del mount.options[at : at + 2]
        pid, terminal = os.forkpty()
        if pid == 0:
            try:
                os.execv(harness.PROGRAM, mount.command())
            finally:
                os._exit(127)
        screen = b""
        while b"assword" not in screen:
            screen += os.read(terminal, 4096)
        os.write(terminal, b"\x03")
        ended = []

        def has_ended():
            ended[:] = os.waitpid(pid, os.WNOHANG)
            return ended[0] == pid

        eventually(has_ended, 10, "the end of the program")
        os.close(terminal)
        self.assertIn(os.waitstatus_to_exitcode(ended[1]), (1, 130, -signal.SIGINT))
        self.assertFalse(harness.is_mounted(mount.path))

    def test_unusual_characters_in_user_and_password(self):
        server = self.server
        source = "imaps://%s@localhost:%d" % (quote(server.weird_user, safe=""), server.tls_port)
        mount = self.mount("--password-file", self.file_with(server.weird_password + "\n"), source=source)
        self.assertIn("INBOX", mount.listing())


class Discretion(harness.Case):
    @classmethod
    def fill(cls):
        headers = "From: %s\nSubject: %s\n" % (SENDER, SUBJECT)
        cls.server.seed_messages("INBOX", [("%s\n%s\n" % (headers, BODY)).encode()] * 3)
        cls.server.seed_messages("Empty subject", [b"From: %s\n\n%s" % (SENDER.encode(), BODY.encode())])

    def test_trace_and_log_hold_no_secret_and_no_mail(self):
        plain = b64encode(("\0%s\0%s" % (self.server.user, self.server.password)).encode()).decode()
        token = self.server.token("oauth")
        secrets = [self.server.password, plain, token, b64encode(token.encode()).decode(), b64encode(self.server.password.encode()).decode()]
        mail = [SUBJECT, BODY, SENDER]
        for scheme, port, options in (
            ("imaps", self.server.tls_port, ()),
            ("imap", self.server.port, ("--tls", "starttls")),
            ("imap", self.server.port, ("--tls", "none")),
        ):
            source = "%s://%s@localhost:%d" % (scheme, self.server.user, port)
            if options:  # else by SCRAM, the strongest
                options += ("--auth", "PLAIN")
            mount = self.mount("--log-level", "trace", *options, source=source)
            found = run("grep", "-r", "-l", BODY, mount.path).stdout.splitlines()
            self.assertEqual(len(found), 4)
            self.assertTrue(any(SUBJECT in path for path in found))
            mount.unmount()
            trace = mount.traced()
            self.assertRegex(trace, r"C: \S+ (UID )?FETCH")
            self.assertRegex(trace, r"S: \* ")
            self.assertRegex(trace, r"\{\d+ octets\}")
            for canary in secrets + mail:
                self.assertNotIn(canary, trace)
            log = mount.log.read_text(errors="replace") if mount.log.exists() else ""
            for canary in secrets + [BODY]:
                self.assertNotIn(canary, log)
            for path in (mount.trace, mount.log):
                if path.exists():
                    self.assertEqual(path.stat().st_mode & 0o077, 0, path)

    def test_the_cache_is_private(self):
        mount = self.mount()
        run("grep", "-r", "nothing", mount.path)
        self.assertEqual(mount.cache.stat().st_mode & 0o077, 0)
        for folder, folders, files in os.walk(mount.cache):
            for name in folders + files:
                self.assertEqual(os.lstat(os.path.join(folder, name)).st_mode & 0o077, 0, name)
            for name in files:
                self.assertNotIn(self.server.password.encode(), pathlib.Path(folder, name).read_bytes())

    def test_other_users_cannot_look_into_the_process(self):
        mount = self.mount("--password-command", "cat '%s'" % (self.place / "1/password"))
        for name in ("cmdline", "environ"):
            content = pathlib.Path("/proc", str(mount.pid), name).read_bytes()
            self.assertNotIn(self.server.password.encode(), content)


if __name__ == "__main__":
    harness.main()
