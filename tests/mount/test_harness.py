#!/usr/bin/env python3
"""The fixtures themselves: whatever the mount tests rely on, shown without a mount."""
import imaplib
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import harness
from harness import as_on_the_wire, eventually


class BothProfiles:
    NAMES = ("two/levels", "R&D", "100%", "*", 'say "hi"', "Grüße", "日本 📬", "x" * 200, "back\\slash")

    @classmethod
    def fill(cls):
        cls.server.seed_sample("Sample", 120)
        cls.server.seed_messages("INBOX", [b"Subject: one\n\nfirst\n", b"Subject: two\r\n\r\nsecond\n"])

    def test_messages_arrive_as_they_are_on_disk(self):
        with tempfile.TemporaryDirectory() as scratch:
            harness.run(harness.TESTS / "mail/make_mail", 120, scratch)
            files = sorted(pathlib.Path(scratch).iterdir())
            messages = self.server.messages("Sample")
            self.assertEqual(list(messages), list(range(1, 121)))
            for path, message in zip(files, messages.values()):
                self.assertEqual(message.body, as_on_the_wire(path.read_bytes()), path.name)
                self.assertEqual(message.size, len(message.body), path.name)
                self.assertEqual(message.arrival, int(path.stat().st_mtime), path.name)

    def test_any_name_can_be_a_mailbox(self):
        for name in self.NAMES:
            self.server.create(name)
            self.server.append(name, b"Subject: here\n\n%s\n" % name.encode())
            (message,) = self.server.messages(name).values()
            self.assertIn(name.encode(), message.body)

    def test_uidvalidity_can_be_changed(self):
        self.server.doveadm(
            "mailbox", "update", "-u", self.server.user, "--uid-validity", "77", self.server.full_name("Sample")
        )
        with self.server.client() as client:
            _, answer = client.status(harness.quoted(self.server.full_name("Sample")), "(UIDVALIDITY)")
        self.assertIn(b"UIDVALIDITY 77", answer[0])
        self.assertEqual(len(self.server.messages("Sample")), 120)

    def test_fetching_reads_nothing(self):
        before = self.server.unseen("Sample", "INBOX")
        self.server.messages("Sample")
        self.assertEqual(self.server.unseen("Sample", "INBOX"), before)
        self.assertEqual(before["INBOX"], 2)

    def test_a_frozen_server_keeps_connections_and_answers_later(self):
        with self.server.client() as client:
            self.server.freeze()
            client.sock.settimeout(0.5)
            with self.assertRaises(TimeoutError):
                client.noop()
            self.server.thaw()
            with self.server.client() as again:
                self.assertEqual(again.noop()[0], "OK")

    def test_a_killed_server_comes_back_with_its_mail_and_ports(self):
        ports = self.server.port, self.server.tls_port
        self.server.kill()
        with self.assertRaises(OSError):
            self.server.client()
        self.server.start()
        self.assertEqual((self.server.port, self.server.tls_port), ports)
        self.assertEqual(len(self.server.messages("INBOX")), 2)

    def test_commands_of_others_are_counted_and_ours_are_not(self):
        before = len(self.server.commands())
        self.server.messages("INBOX")
        self.assertEqual(len(self.server.commands()), before)
        with imaplib.IMAP4("localhost", self.server.port, timeout=30) as other:
            other.login(self.server.user, self.server.password)
            other.select("INBOX", readonly=True)
            other.uid("FETCH", "1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)] RFC822.SIZE)")
            self.assertEqual(self.server.body_fetches(), [])
            other.uid("FETCH", "1", "BODY.PEEK[]<0.4>")
            # The session goes on: what it sends is in the log before it is answered.
            self.assertEqual(len(self.server.body_fetches()), 1, self.server.commands())
        self.assertGreater(len(self.server.commands()), before)

    def test_the_relay_changes_sizes_and_nothing_else(self):
        relay = harness.RelayWithWrongSizes(self.server.port, 1000)
        self.addCleanup(relay.close)
        truth = self.server.messages("Sample")
        real_port, self.server.port = self.server.port, relay.port
        try:
            seen = self.server.messages("Sample")
        finally:
            self.server.port = real_port
        for uid, message in truth.items():
            self.assertEqual(seen[uid].size, message.size + 1000)
            self.assertEqual(seen[uid].body, message.body)

    def test_capabilities_suit_the_profile(self):
        with self.server.client() as client:
            _, answer = client.capability()
        self.assertEqual(answer[0].split(), self.CAPABILITIES or answer[0].split())
        self.assertEqual(b"CONDSTORE" in answer[0], not self.CAPABILITIES)


class OnFull(BothProfiles, harness.Case):
    profile = "full"
    CAPABILITIES = None

    def test_too_large_a_size_breaks_the_first_fetch_off(self):
        with tempfile.TemporaryDirectory() as scratch:
            pathlib.Path(scratch, "1.eml").write_bytes(b"Subject: short\n\nshorter than said\n")
            self.server.seed("Lying", scratch, lie=500)
        with self.assertRaises(imaplib.IMAP4.abort):
            self.server.messages("Lying")
        (message,) = self.server.messages("Lying").values()
        self.assertEqual(message.size, len(message.body))

    def test_parents_that_hold_no_mail_are_not_selectable(self):
        self.server.create("only/a/path")
        with self.server.client() as client:
            _, answer = client.list('""', "only")
        self.assertIn(rb"\Noselect", answer[0])


class OnBare(BothProfiles, harness.Case):
    profile = "bare"
    CAPABILITIES = [b"IMAP4rev1"]
    NAMES = BothProfiles.NAMES + ("a/b",)

    def test_everything_is_below_the_prefix(self):
        self.server.create("below")
        with self.server.client() as client:
            _, answer = client.list('""', "*")
        names = [line.split(b' "." ')[1].strip(b'"') for line in answer if b' "." ' in line]
        self.assertTrue(all(name == b"INBOX" or name.startswith(b"INBOX.") for name in names), names)


class Interrupted(unittest.TestCase):
    def test_nothing_is_left_after_a_signal(self):
        # A harness of its own, ended in the middle of a test that would wait for long.
        program = """
import harness, sys, time
class Endless(harness.Case):
    def test_it(self):
        print(self.scratch, (self.server.directory / "pid").read_text(), flush=True)
        harness.eventually(lambda: False, 60)
sys.argv = ["endless"]
harness.main(needs_mount=False)
"""
        for number in (signal.SIGTERM, signal.SIGINT):
            with subprocess.Popen(
                [sys.executable, "-c", program],
                cwd=harness.TESTS / "mount",
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            ) as child:
                scratch, pid, start = child.stdout.readline().split()
                child.send_signal(number)
                self.assertNotEqual(child.wait(timeout=20), 0)
            self.assertFalse(os.path.exists(scratch))
            stat = pathlib.Path("/proc", pid, "stat")
            fields = stat.read_text().rsplit(")", 1)[1].split() if stat.exists() else ["Z"]
            self.assertTrue(fields[0] == "Z" or fields[19] != start, "the server still runs")

    def test_waiting_ends_at_the_deadline(self):
        begun = time.monotonic()
        with self.assertRaises(AssertionError):
            eventually(lambda: False, 0.2)
        self.assertLess(time.monotonic() - begun, 2)


if __name__ == "__main__":
    harness.main(needs_mount=False)
