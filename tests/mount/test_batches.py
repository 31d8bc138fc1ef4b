#!/usr/bin/env python3
"""Many changes at once take few commands: rm, mv and cp of many messages far from their server.

IMAPFS_MESSAGES says how many (default 50). What it took is printed and not judged; how many commands is.
"""
import math
import os
import re
import time

import harness
from changing import ChangesCase, barrier, commands, text_of
from harness import DistantRelay, as_on_the_wire

MESSAGES = int(os.environ.get("IMAPFS_MESSAGES", "50"))
ROUND_TRIP = 0.08  # seconds
HANDFUL = 8  # commands for each hundred of messages, or fewer
CHANGES = "STORE|EXPUNGE|COPY|MOVE|SELECT|SEARCH"


class Batches(ChangesCase):
    def setUp(self):
        super().setUp()
        relay = self.relay = DistantRelay(self.server.tls_port, ROUND_TRIP)
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

    def test_cp(self):
        """Only the first of many new files are waited for: the others follow each other without waiting."""
        outside = self.place / "outside"
        outside.mkdir()
        texts = [as_on_the_wire(text_of("new", number)) for number in range(MESSAGES)]
        for number, text in enumerate(texts):
            (outside / ("%04d.eml" % number)).write_bytes(text)
        target = self.mounted.path / self.target
        os.listdir(target)
        already = len(self.mounted.traced())
        self.relay.forget()
        begun = time.monotonic()
        self.do("cp", "-t", target, *sorted(outside.iterdir()))
        returned = time.monotonic()
        barrier(target)
        ended = time.monotonic()
        trace = self.mounted.traced()[already:]
        round_trips = max(self.relay.round_trips.values())
        print(
            "cp of %d: %.2f s until it returned, %.2f s until the server had them, %.1f times as fast as one round trip"
            " each; %d commands, %d round trips of one connection"
            % (
                MESSAGES,
                returned - begun,
                ended - begun,
                MESSAGES * ROUND_TRIP / (ended - begun),
                len(re.findall("C: ", trace)),
                round_trips,
            ),
            flush=True,
        )
        self.assertEqual(self.bodies(self.target), sorted(texts))
        self.assertEqual(len(commands(trace, "APPEND")), MESSAGES)
        # What is looked at by itself: the first one, to see that the server keeps what it is sent.
        looked_at = re.findall(r"C: \S+ UID FETCH \d+ \(.*", trace)
        self.assertLessEqual(len(looked_at) + len(commands(trace, "SELECT")), HANDFUL * math.ceil(MESSAGES / 100))
        # The relay takes every answer that the client goes on after for one, also in the middle of what it sends.
        self.assertLessEqual(round_trips, MESSAGES // 2 + 2 * HANDFUL)

    def test_flags(self):
        self.measure("setfattr", "-n", "user.imap.flags", "-v", r"+\\Seen", *self.paths)
        self.assertEqual({one.flags for one in self.own(self.many).values()}, {frozenset({r"\Seen"})})


if __name__ == "__main__":
    harness.main()
