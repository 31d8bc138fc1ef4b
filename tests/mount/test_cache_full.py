#!/usr/bin/env python3
"""A disk without room for the cache: everything can be read all the same, and one line says why it is slow."""
import os
import unittest

import harness
from harness import at_end, eventually, run

MESSAGES = 120
LARGE = 6


class CacheFull(harness.Case):
    @classmethod
    def fill(cls):
        cls.server.seed_sample("INBOX", MESSAGES)
        for number in range(LARGE):
            line = b"message %d of two megabytes, which do not fit all of them at once\r\n" % number
            cls.server.append("INBOX", b"Subject: large\r\n\r\n" + line * 30_000)

    def small_disk(self, mebibytes):
        disk = self.place / "disk"
        disk.mkdir()
        made = run("mount", "-t", "tmpfs", "-o", "size=%dm,mode=0700" % mebibytes, "imapfs-test", disk)
        if made.returncode != 0:
            raise unittest.SkipTest("no small disk can be made here: " + made.stderr.strip())
        at_end.callback(run, "umount", "-l", disk)
        self.addCleanup(run, "umount", "-l", disk)
        return disk

    def warnings_of(self, mount):
        return [line for line in mount.log.read_text().splitlines() if "warn" in line and "the disk with" in line]

    def read_all_twice(self, *options):
        disk = self.small_disk(8)
        mount = self.mount(*options, cache=disk / "cache", timeout="20s")
        for _ in range(2):
            self.assert_same_messages(mount, "INBOX")
        self.assertTrue(harness.is_mounted(mount.path))
        return disk, mount

    def test_the_cache_leaves_room_on_the_disk(self):
        disk, mount = self.read_all_twice("--cache-min-free", "3M")
        self.assertEqual(len(self.warnings_of(mount)), 1, self.warnings_of(mount))
        left = os.statvfs(disk)
        # Listings are stored all the same, and one transaction was under way.
        self.assertGreater(left.f_bavail * left.f_frsize, 1 << 20)

    def test_a_full_disk_fails_no_read(self):
        _, mount = self.read_all_twice("--cache-min-free", "0")
        self.assertEqual(len(self.warnings_of(mount)), 1, self.warnings_of(mount))
        mount.unmount()

    def test_a_disk_that_somebody_else_fills_fails_no_read(self):
        disk = self.small_disk(64)
        mount = self.mount("--cache-min-free", "1M", cache=disk / "cache", timeout="20s")
        # What is listed is known, and what was read makes room for what comes.
        for path in mount.files("INBOX").values():
            path.read_bytes()
        self.assertEqual(self.warnings_of(mount), [])
        with open(disk / "other", "wb", buffering=0) as other:
            try:
                while True:
                    other.write(bytes(1 << 16))
            except OSError:
                pass
        self.server.append("INBOX", b"Subject: late\r\n\r\nlate\r\n")
        eventually(lambda: len(mount.files("INBOX")) == MESSAGES + LARGE + 1)
        self.assert_same_messages(mount, "INBOX")
        self.assertEqual(len(self.warnings_of(mount)), 1, self.warnings_of(mount))


if __name__ == "__main__":
    harness.main()
