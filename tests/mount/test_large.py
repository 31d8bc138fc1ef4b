#!/usr/bin/env python3
"""A folder of thousands of messages lists in a few round trips, without a body."""
import os
import time

import harness
from harness import run

COUNT = 5000


class Large(harness.Case):
    @classmethod
    def fill(cls):
        text = b"From: person%d@example.org\r\nSubject: number %d\r\n\r\n" + b"some text\r\n" * 10
        cls.server.seed_messages("Large", [text % (n % 50, n) for n in range(1, COUNT + 1)])

    def test_a_cold_listing_takes_few_commands(self):
        self.server.forget_commands()
        mount = self.mount("--names", "uid", timeout="30s")
        begun = time.monotonic()
        first = None
        names = []
        with os.scandir(mount.path / "Large") as entries:
            for entry in entries:
                first = first or time.monotonic() - begun
                names.append(entry.name)
        whole = time.monotonic() - begun
        print("first entry after %.2f s, all %d after %.2f s" % (first, len(names), whole))
        self.assertEqual(names, ["%d.eml" % uid for uid in range(COUNT, 0, -1)])
        self.assertEqual(self.server.body_fetches(), [])
        fetches = [line for line in self.server.commands() if b"FETCH" in line]
        self.assertLess(len(fetches), 40, fetches)
        self.assertLess(whole, 30)

    def test_attributes_come_with_the_listing(self):
        mount = self.mount(timeout="30s")
        mount.listing("Large")
        self.server.forget_commands()
        listed = run("ls", "-l", mount.path / "Large").stdout.splitlines()
        self.assertEqual(len(listed), COUNT + 1)
        sizes = {uid: message.size for uid, message in self.server.messages("Large").items()}
        found = run("find", mount.path / "Large", "-type", "f", "-printf", "%s\n").stdout.split()
        self.assertEqual(sorted(map(int, found)), sorted(sizes.values()))
        self.assertEqual([line for line in self.server.commands() if b"FETCH" in line], [])

    def test_a_warm_listing_fetches_nothing(self):
        first = self.mount(timeout="30s")
        names = first.listing("Large")
        self.assertEqual(len(names), COUNT)
        first.unmount()
        self.server.forget_commands()
        second = self.mount(cache=first.cache, timeout="30s")
        self.assertEqual(second.listing("Large"), names)
        headers = [line for line in self.server.commands() if b"HEADER" in line or b"ENVELOPE" in line]
        self.assertEqual(headers, [])

    def test_reading_in_order_needs_fewer_commands_than_messages(self):
        mount = self.mount(timeout="30s")
        self.server.forget_commands()
        found = run("grep", "-r", "-l", "Subject: number", mount.path / "Large", timeout=120)
        self.assertEqual(len(found.stdout.splitlines()), COUNT)
        print("%d commands fetched %d bodies" % (len(self.server.body_fetches()), COUNT))


if __name__ == "__main__":
    harness.main()
