#!/usr/bin/env python3
"""Many changes at once take few commands: rm and mv of many messages far from their server.

IMAPFS_MESSAGES says how many (default 50). What it took is printed and not judged; how many commands is.
"""
import math
import os
import time

import harness
from changing import ChangesCase, barrier, commands
from harness import DistantRelay

MESSAGES = int(os.environ.get("IMAPFS_MESSAGES", "50"))
ROUND_TRIP = 0.08  # seconds
HANDFUL = 8  # commands for each hundred of messages, or fewer
CHANGES = "STORE|EXPUNGE|COPY|MOVE|SELECT|SEARCH"


class Batches(ChangesCase):
    def setUp(self):
        super().setUp()
        relay = DistantRelay(self.server.tls_port, ROUND_TRIP)
        self.addCleanup(relay.close)
        name = self._testMethodName[len("test_") :]
        self.many, self.target = "Many for " + name, "Target of " + name
        uids = self.make(self.many, MESSAGES)
        self.server.create(self.target)
        self.mounted = self.mount(source="imaps://%s@localhost:%d" % (self.server.user, relay.port), timeout="60s")
        self.paths = [path for uid, path in self.mounted.files(self.many).items() if uid in uids]

    def measure(self, *command):
        """Runs a tool and waits for the server; the commands that it took."""
        already = len(self.mounted.traced())
        begun = time.monotonic()
        self.do(*command)
        returned = time.monotonic()
        barrier(self.mounted.path / self.many)
        ended = time.monotonic()
        taken = commands(self.mounted.traced()[already:], CHANGES)
        print(
            "%s of %d: %.2f s until it returned, %.2f s until the server had done it; %d commands"
            % (command[0], MESSAGES, returned - begun, ended - begun, len(taken)),
            flush=True,
        )
        self.assertLessEqual(len(taken), HANDFUL * math.ceil(MESSAGES / 100), taken)

    def test_rm(self):
        self.measure("rm", *self.paths)
        self.assertEqual(self.own(self.many), {})

    def test_mv(self):
        bodies = self.bodies(self.many)
        self.measure("mv", "-t", self.mounted.path / self.target, *self.paths)
        self.assertEqual(self.own(self.many), {})
        self.assertEqual(self.bodies(self.target), bodies)

    def test_flags(self):
        self.measure("setfattr", "-n", "user.imap.flags", "-v", r"+\\Seen", *self.paths)
        self.assertEqual({one.flags for one in self.own(self.many).values()}, {frozenset({r"\Seen"})})


if __name__ == "__main__":
    harness.main()
