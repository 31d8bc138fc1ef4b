#!/usr/bin/env python3
"""What another client does shows by itself: the server tells, and nobody polls or compares.

usage: test_push.py dovecot|cyrus PROFILE [unittest's arguments]

Prints how long it takes, beside what a client sees that only sits in IDLE: servers hold their news back
for a while. IMAPFS_PUSH_CHANGES says how many changes (default: 9).
"""
import ctypes
import os
import re
import select
import struct
import time

import harness
from harness import eventually, quoted
from latency import Latencies, distribution

CHANGES = int(os.environ.get("IMAPFS_PUSH_CHANGES", "9"))
SOON = 20  # seconds: "within seconds", on a busy machine
UNHEARD = 4  # seconds: a listing that nobody keeps up to date is old after two
CONNECTIONS = 3  # of a mount
IN_DELETE_SELF = 0x400


class Inotify:
    """Waits for the end of a file."""

    def __init__(self, path):
        libc = ctypes.CDLL(None, use_errno=True)
        self._file = libc.inotify_init1(os.O_NONBLOCK)
        assert libc.inotify_add_watch(self._file, os.fsencode(path), IN_DELETE_SELF) >= 0, ctypes.get_errno()

    def close(self):
        os.close(self._file)

    def event(self, seconds):
        """What it was told first, or nothing."""
        if not select.select([self._file], [], [], seconds)[0]:
            return None
        return struct.unpack_from("iI", os.read(self._file, 4096))[1]


class Push(harness.Case):
    @classmethod
    def fill(cls):
        cls.server.seed_sample("INBOX", 12)
        cls.server.seed_sample("Other", 5)
        cls.has_notify = cls.server_type is harness.Dovecot and cls.server.profile == "full"

    def setUp(self):
        super().setUp()
        self.writer = self.server.client()
        self.addCleanup(self.writer.logout)
        self.made = self.mount("--poll-interval", "0")

    def listened(self, mailbox):
        """Lists a mailbox, and waits until a connection of the mount listens to it."""
        self.made.listing(mailbox)
        eventually(lambda: self.is_idle_in(mailbox), SOON, "the mount to listen to " + mailbox)

    def is_idle_in(self, mailbox):
        """Whether the last command of a connection is IDLE and this mailbox is open there."""
        opened, last = {}, {}
        for number, command in re.findall(r"\[(\d)\] C: [A-Z]+\d+ (.*)", self.made.traced()):
            match = re.match(r'EXAMINE "?([^"(]*[^"( ])', command)
            opened[number] = match[1] if match else opened.get(number)
            last[number] = command
        return any(opened[number] == mailbox and last[number] == "IDLE" for number in last)

    def looks(self, since):
        """The commands with which the mount looked for changes since that much of the trace."""
        return re.findall(r"\] C: (\S+ (?:EXAMINE|SELECT|STATUS|NOOP|UID SEARCH).*)", self.made.traced()[since:])

    def append(self, mailbox="INBOX"):
        """Returns when it began, and the new UID."""
        begun = time.monotonic()
        status, answer = self.writer.append(mailbox, None, None, b"Subject: pushed\r\n\r\ntext\r\n")
        assert status == "OK", answer
        return begun, int(re.search(rb"APPENDUID \d+ (\d+)", answer[0])[1])

    def waited(self, condition, begun, what):
        eventually(condition, SOON, what)
        return time.monotonic() - begun

    def test_the_inbox_follows_without_being_compared(self):
        self.listened("INBOX")
        since = len(self.made.traced())
        latencies = Latencies(self.server, [self.made], SOON)
        latencies.measure(CHANGES)
        print("")
        latencies.report()
        # Each connection that hears of a new message has the mailbox compared, and nothing else does.
        self.assertLessEqual(len(self.looks(since)), CONNECTIONS * CHANGES)

    def test_whoever_lists_what_is_listened_to_asks_the_server_nothing(self):
        self.listened("INBOX")
        since, end = len(self.made.traced()), time.monotonic() + UNHEARD
        while time.monotonic() < end:
            self.made.files("INBOX")
        self.assertEqual(self.looks(since), [])

    def test_whoever_watches_a_message_is_told_when_it_is_deleted(self):
        # A watch of the directory hears nothing: Linux tells of unlink(2) there, and nobody calls it.
        self.listened("INBOX")
        watcher = Inotify(self.made.files("INBOX")[3])
        self.addCleanup(watcher.close)
        self.server.expunge("INBOX", 3)
        self.assertEqual(watcher.event(SOON), IN_DELETE_SELF)

    def test_a_name_that_was_not_there_does_not_hide_a_new_message(self):
        self.listened("INBOX")
        _, uid = self.append()
        eventually(lambda: uid in self.made.files("INBOX"), SOON, "the message before")
        following = self.made.file("INBOX", uid + 1)
        self.assertFalse(following.exists())
        since = len(self.made.traced())
        self.assertEqual(self.append()[1], uid + 1)
        eventually(following.exists, SOON, "the new message")
        self.assertLessEqual(len(self.looks(since)), CONNECTIONS)

    def test_a_folder_that_is_not_open_follows_where_all_are_watched(self):
        if not self.has_notify:
            self.skipTest("the server has no NOTIFY")
        self.made.listing("Other")
        self.listened("INBOX")
        seen = []
        for _ in range(max(1, CHANGES // 3)):
            begun, uid = self.append("Other")
            # By its number alone: nobody enters the directory.
            seen.append(self.waited(self.made.file("Other", uid).exists, begun, "the message"))
        print("append to another folder, by NOTIFY: " + distribution(seen), flush=True)

    def test_a_new_folder_appears_where_all_are_watched(self):
        if not self.has_notify:
            self.skipTest("the server has no NOTIFY")
        self.listened("INBOX")
        seen = []
        for number in range(max(1, CHANGES // 3)):
            name, since = "Folder%d" % number, len(self.made.traced())
            begun = time.monotonic()
            self.writer.create(quoted(name))
            seen.append(self.waited(lambda: name in self.made.listing(), begun, "the folder"))
            first = next(line for line in self.made.traced()[since:].splitlines() if " LIST " in line)
            self.assertIn("S: * LIST", first)
        print("new folder, by NOTIFY: " + distribution(seen), flush=True)


if __name__ == "__main__":
    harness.main_on_server()
