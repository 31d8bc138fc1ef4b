#!/usr/bin/env python3
"""A server that lets a user have three connections: a mount that would like more does with these."""
import subprocess

import harness
from harness import sha256

MAILBOXES = ["Big %d" % number for number in range(6)]


class FewConnections(harness.Case):
    profile = "quirky"

    @classmethod
    def fill(cls):
        lines = b"".join(b"%07d: one of the many lines of a large message\r\n" % number for number in range(200_000))
        cls.big = {name: b"Subject: %s\r\n\r\n" % name.encode() + lines for name in MAILBOXES}
        for name, message in cls.big.items():
            cls.server.seed_messages(name, [message])

    def test_a_refused_connection_harms_nobody(self):
        mount = self.mount("--connections", "6", timeout="30s")
        # All at once, each in a folder of its own, so that every connection would have something to do.
        readers = {
            name: subprocess.Popen(["sha256sum", "-b", mount.file(name, 1)], stdout=subprocess.PIPE, text=True)
            for name in MAILBOXES
        }
        for name, reader in readers.items():
            self.addCleanup(reader.wait)
            self.addCleanup(reader.kill)
            self.assertEqual(reader.communicate(timeout=120)[0].split()[0], sha256(self.big[name]), name)
        trace, log = mount.trace.read_text(), mount.log.read_text()
        self.assertIn("Maximum number of connections", trace)
        self.assertEqual(trace.count("Maximum number of connections"), 1, "it asked again for what was refused")
        self.assertNotIn("offline", log)


if __name__ == "__main__":
    harness.main()
