#!/usr/bin/env python3
"""Many readers at once: what one of them fetches, all of them get."""
import subprocess

import harness
from harness import sha256

READERS = 64


class Parallel(harness.Case):
    @classmethod
    def fill(cls):
        lines = b"".join(b"%07d: one of the many lines of a message of twenty megabytes\r\n" % n for n in range(320_000))
        cls.big = b"Subject: twenty megabytes\r\n\r\n" + lines
        assert len(cls.big) > 20_000_000
        cls.server.seed_messages("INBOX", [cls.big, b"Subject: small\r\n\r\nsmall\r\n"])
        cls.server.seed_sample("Sample", 200)

    def sums_of(self, paths):
        readers = [
            subprocess.Popen(["sha256sum", "-b", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for path in paths
        ]
        for reader in readers:
            self.addCleanup(reader.wait)
            self.addCleanup(reader.kill)
        return [reader.communicate(timeout=120)[0].lstrip("\\").split()[0] for reader in readers]

    def test_readers_of_one_cold_message_share_one_fetch(self):
        mount = self.mount(timeout="30s")
        path = mount.files("INBOX")[1]
        self.server.forget_commands()
        self.assertEqual(self.sums_of([path] * READERS), [sha256(self.big)] * READERS)
        self.assertEqual(len(self.server.body_fetches()), 1, self.server.body_fetches())

    def test_readers_of_many_messages(self):
        mount = self.mount(timeout="30s")
        truth = self.server.messages("Sample")
        files = mount.files("Sample")
        uids = sorted(files)[:READERS]
        self.assertEqual(self.sums_of([files[uid] for uid in uids]), [sha256(truth[uid].body) for uid in uids])

    def test_a_listing_does_not_wait_for_a_big_fetch(self):
        mount = self.mount(timeout="30s")
        path = mount.files("INBOX")[1]
        reader = subprocess.Popen(["cat", path], stdout=subprocess.DEVNULL)
        self.addCleanup(reader.wait)
        self.addCleanup(reader.kill)
        self.assertEqual(len(mount.files("Sample")), 200)
        self.assertEqual(reader.wait(60), 0)

    def test_two_listers_of_one_cold_folder(self):
        mount = self.mount()
        listers = [
            subprocess.Popen(["ls", "-1", mount.path / "Sample"], stdout=subprocess.PIPE, text=True) for _ in range(8)
        ]
        listings = {lister.communicate(timeout=60)[0] for lister in listers}
        self.assertEqual(len(listings), 1)
        self.assertEqual(len(listings.pop().splitlines()), 200)


if __name__ == "__main__":
    harness.main()
