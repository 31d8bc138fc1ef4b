#!/usr/bin/env python3
"""Connections are cut, reset and stalled anywhere: the mount ends with what the server has.

IMAPFS_CUTS says how often each test does so (default 12), which is six ways every IMAPFS_CUT_STEP octets
(default 120).
"""
import itertools
import os

import harness
from harness import Direction, Fault, FaultyRelay, eventually, quoted

CUTS = int(os.environ.get("IMAPFS_CUTS", "12"))
STEP = int(os.environ.get("IMAPFS_CUT_STEP", "120"))
TIMEOUT = 2  # seconds, the mount's: what a stall costs
SOON = 30  # seconds, some of which a connection may not be tried again for


class Cut(harness.Case):
    @classmethod
    def fill(cls):
        cls.server.seed_sample("INBOX", 10)

    def setUp(self):
        super().setUp()
        self.relay = FaultyRelay(self.server.port)
        self.addCleanup(self.relay.close)
        self.source = "imap://%s@localhost:%d" % (self.server.user, self.relay.port)

    def mount_through(self, **keywords):
        return self.mount(source=self.source, tls="none", timeout="%ds" % TIMEOUT, **keywords)

    def change(self, number):
        """A message comes, one goes, one is read."""
        with self.server.client() as client:
            client.append("INBOX", "()", None, b"Subject: number %d\r\n\r\nbody %d\r\n" % (number, number))
            client.select("INBOX")
            uids = client.uid("SEARCH", "ALL")[1][0].decode().split()
            client.uid("STORE", uids[0], "+FLAGS.SILENT", r"(\Deleted)")
            client.uid("STORE", uids[3], "+FLAGS.SILENT", r"(\Seen)")
            client.expunge()

    def truth(self):
        with self.server.client() as client:
            client.select(quoted("INBOX"), readonly=True)
            found = {}
            for line in client.uid("FETCH", "1:*", "(UID FLAGS RFC822.SIZE)")[1]:
                words = line.decode().replace("(", " ").replace(")", " ").split()
                uid, size = (int(words[words.index(name) + 1]) for name in ("UID", "RFC822.SIZE"))
                found[uid] = (size, "\\Seen" in words)
            return found

    @staticmethod
    def shown(mount):
        found = {}
        for uid, path in mount.files("INBOX").items():
            try:
                flags = os.getxattr(path, "user.imap.flags").decode().split()
                found[uid] = (os.stat(path).st_size, "\\Seen" in flags)
            except OSError:
                pass  # it goes while it is looked at
        return found

    def assert_in_step(self, mount, what):
        expected = self.truth()

        def in_step():
            try:
                return self.shown(mount) == expected
            except OSError:
                return False

        eventually(in_step, SOON, "the mount to be what the server is after " + what)
        eventually(lambda: self.reads(mount, max(expected)), SOON, "the last message after " + what)

    @staticmethod
    def reads(mount, uid):
        try:
            return mount.file("INBOX", uid).read_bytes().startswith(b"Subject: number ")
        except OSError:
            return False

    @staticmethod
    def faults():
        """CUTS times what to do, where, and behind how many octets."""
        every = ((*kind, octet) for octet in itertools.count(0, STEP) for kind in itertools.product(Fault, Direction))
        return itertools.islice(every, CUTS)

    def test_while_it_is_mounted(self):
        mount = self.mount_through()
        self.shown(mount)
        struck = 0
        for number, (fault, where, octet) in enumerate(self.faults()):
            what = "%s of %s at octet %d" % (fault.value, where.name, octet)
            with self.subTest(what):
                self.relay.arm(fault, where, octet)
                self.change(number)
                eventually(lambda: self.shown_or_struck(mount), SOON, what)
                self.assert_in_step(mount, what)
                struck += self.relay.struck.is_set()
                self.relay.disarm()
        print("%d of %d faults struck" % (struck, CUTS))
        self.assertGreater(struck, CUTS / 2)

    def shown_or_struck(self, mount):
        """Looks at the mount as a user does; whether that was enough."""
        try:
            return self.shown(mount) == self.truth() or self.relay.struck.is_set()
        except OSError:
            return self.relay.struck.is_set()

    def test_while_it_is_being_mounted(self):
        first = self.mount_through()
        self.shown(first)
        first.unmount()
        struck = 0
        for number, (fault, where, octet) in enumerate(self.faults()):
            what = "%s of %s at octet %d" % (fault.value, where.name, octet)
            with self.subTest(what):
                self.change(number)
                self.relay.arm(fault, where, octet)
                mount = self.mount_through(cache=first.cache)
                struck += self.relay.struck.is_set()
                self.assert_in_step(mount, what)
                self.relay.disarm()
                mount.unmount()
        print("%d of %d faults struck" % (struck, CUTS))
        self.assertGreater(struck, CUTS / 3)


if __name__ == "__main__":
    harness.main()
