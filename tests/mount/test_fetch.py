#!/usr/bin/env python3
"""`imapfs fetch` takes folders along: afterwards they are read without the server."""
import json
import os
import pty
import re
import signal
import subprocess

import harness
from harness import PROGRAM, eventually, run, sha256

INBOX, WORK, OLD = 300, 40, 20
LARGE = 3


class Fetch(harness.Case):
    @classmethod
    def fill(cls):
        cls.server.seed_sample("INBOX", INBOX)
        cls.server.seed_sample("Work", WORK, seed=2)
        cls.server.seed_sample("Work/Old", OLD, seed=3)
        line = b"a line of a long message, 64 characters with its end, as usual\r\n"
        cls.server.seed_messages("Large", [b"Subject: large %d\r\n\r\n" % n + line * 10_000 for n in range(LARGE)])

    def fetch(self, *arguments, code=0):
        done = run(PROGRAM, "fetch", *arguments)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def assert_reads_nothing_from_the_server(self, *paths):
        self.server.forget_commands()
        done = run("grep", "-rc", "Subject", *paths)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.server.body_fetches(), [])
        return len(done.stdout.splitlines())

    def cached(self, path):
        return os.getxattr(path, "user.imap.cached")

    def wait_for_cache(self, mount, mailbox):
        """The cache takes the last messages a moment after they were read."""
        paths = mount.files(mailbox).values()
        eventually(lambda: all(self.cached(path) == b"1" for path in paths), what="all in the cache")

    def test_a_folder_with_all_below_it(self):
        mount = self.mount()
        self.assertEqual(self.cached(mount.files("Work")[1]), b"0")
        done = self.fetch(mount.path / "Work")
        self.assertRegex(done.stdout, r"^fetched %d messages, \d+\.\d MiB, in \d+ s\n$" % (WORK + OLD))
        self.assertEqual(done.stderr, "")
        self.wait_for_cache(mount, "Work")
        self.wait_for_cache(mount, "Work/Old")
        self.assertEqual(self.assert_reads_nothing_from_the_server(mount.path / "Work"), WORK + OLD)
        self.server.forget_commands()
        done = self.fetch(mount.path / "Work")
        self.assertIn("fetched 0 messages, 0.0 MiB, in 0 s; %d were there already\n" % (WORK + OLD), done.stdout)
        self.assertEqual(self.server.body_fetches(), [])
        self.assertEqual(self.cached(mount.files("INBOX")[1]), b"0")

    def test_everything_in_few_commands_and_then_without_a_network(self):
        mount = self.mount()
        self.server.forget_commands()
        self.fetch("--quiet", mount.path)
        # Read-ahead sees the order: one FETCH brings many.
        self.assertLess(len(self.server.body_fetches()), INBOX // 4)
        truth = self.server.messages("INBOX")
        for mailbox in ("INBOX", "Work", "Work/Old", "Large"):
            self.wait_for_cache(mount, mailbox)
        mount.unmount()
        mount.start()
        mount.listing("INBOX")
        self.server.kill()
        for uid, message in truth.items():
            self.assertEqual(sha256(mount.file("INBOX", uid).read_bytes()), sha256(message.body))

    def test_single_messages_and_what_is_none(self):
        mount = self.mount()
        path = mount.files("INBOX")[7]
        self.assertIn("fetched 1 message,", self.fetch(path).stdout)
        self.assertEqual(self.fetch("--quiet", path).stdout, "")
        self.assertIn("No such file", self.fetch(mount.path / "INBOX/none.eml", code=1).stderr)
        self.assertIn("is not in an imapfs mount", self.fetch(mount.directory, code=1).stderr)
        self.assertIn("fetch needs a PATH", self.fetch(code=2).stderr)

    def test_what_fails_is_told_and_the_next_run_goes_on(self):
        mount = self.mount()
        paths = mount.files("Work")
        self.fetch(paths[1], paths[2])
        eventually(lambda: self.cached(paths[1]) + self.cached(paths[2]) == b"11", what="the cache")
        self.server.kill()
        done = self.fetch(*paths.values(), code=1)
        # Some have come ahead of who may have read on.
        numbers = re.search(r"fetched 0 messages, .*; (\d+) were there already; (\d+) failed\n", done.stdout)
        there, failed = int(numbers[1]), int(numbers[2])
        self.assertEqual(there + failed, WORK)
        self.assertGreaterEqual(there, 2)
        self.assertIn("Network is unreachable", done.stderr)
        self.assertIn("imapfs: and %d more\n" % (failed - 20), done.stderr)
        self.server.start()
        status = mount.path / ".imapfs/status"
        eventually(lambda: json.loads(status.read_text())["online"], 30, "a new connection")
        self.fetch(mount.path / "Work")
        self.wait_for_cache(mount, "Work")

    def test_the_progress_on_a_terminal_and_ctrl_c(self):
        mount = self.mount(timeout="60s")
        mount.listing("INBOX")
        self.server.freeze()
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        fetch = subprocess.Popen(
            [PROGRAM, "fetch", mount.path / "INBOX"], stdout=subprocess.PIPE, stderr=theirs, stdin=subprocess.DEVNULL, text=True
        )
        self.addCleanup(fetch.stdout.close)
        os.close(theirs)
        shown = b""
        while b"of %d messages" % INBOX not in shown:
            shown += os.read(ours, 1000)
        fetch.send_signal(signal.SIGINT)
        said, _ = fetch.communicate(timeout=10)
        self.assertEqual(fetch.returncode, 1)
        self.assertRegex(said, r"^fetched \d+ messages.*; \d+ were left\n$")
        self.server.thaw()
        self.fetch(mount.path / "INBOX")
        self.wait_for_cache(mount, "INBOX")

    def test_a_cache_that_is_too_small(self):
        mount = self.mount("--cache-size", "1M")
        self.server.forget_commands()
        done = self.fetch(mount.path / "Large", code=1)
        self.assertIn("has room for 1.0 MiB, and this takes 1.8 MiB", done.stderr)
        self.assertEqual(self.server.body_fetches(), [])
        self.fetch("--force", mount.path / "Large")


if __name__ == "__main__":
    harness.main()
