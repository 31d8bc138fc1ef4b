#!/usr/bin/env python3
"""How often a mount waits for a distant server until a mailbox that it knows is listed again.

IMAPFS_MESSAGES says how many messages the mailbox has (default 2,000).

A round trip is counted each time that the client says something behind what it heard on a connection,
on the one that did so most often, from the first octet until the directory is open; the rest of the
listing comes from the cache. The handshake of TLS is one of them and the wait for the greeting another;
that of TCP, which a relay on this machine cannot delay, is not counted.
"""
import os
import time

import harness
from harness import Direction, DistantRelay

MESSAGES = int(os.environ.get("IMAPFS_MESSAGES", "2000"))
CHANGES = 50
ROUND_TRIP = 0.08  # seconds
HANDSHAKE = 2  # of TLS, and the greeting
LOGIN = 1  # by PLAIN; SCRAM takes two more


class OlderRelay(DistantRelay):
    """Has a server without QRESYNC: words of its capabilities become ones that nobody knows."""

    def edit(self, direction, data):
        return data.replace(b" QRESYNC", b" XRESYNC") if direction is Direction.TO_CLIENT else data


class RoundTrips(harness.Case):
    """The mailbox is listed, the mount ended, and made again far from its server."""

    relay_type = DistantRelay
    tls = "implicit"
    handshake = HANDSHAKE
    unchanged = 5  # round trips of IMAP commands that a second mount and its `ls` may take
    changed = 3  # more of them, where 50 messages are new and 50 have gone

    @classmethod
    def fill(cls):
        text = b"From: person%d@example.org\r\nSubject: number %d\r\n\r\n" + b"some text\r\n" * 3
        cls.server.seed_messages("Large", [text % (n % 50, n) for n in range(1, MESSAGES + 1)])

    def setUp(self):
        super().setUp()
        self.relay = self.relay_type(self.server.tls_port if self.tls == "implicit" else self.server.port, ROUND_TRIP)
        self.addCleanup(self.relay.close)
        scheme = "imaps" if self.tls == "implicit" else "imap"
        self.source = "%s://%s@localhost:%d" % (scheme, self.server.user, self.relay.port)

    def mount_far_away(self, **keywords):
        return self.mount("--auth", "PLAIN", source=self.source, tls=self.tls, timeout="30s", **keywords)

    def listed_again(self, cache, expected):
        """Mounts, lists, and returns how many round trips of IMAP commands that took."""
        self.relay.forget()
        begun = time.monotonic()
        mount = self.mount_far_away(cache=cache)
        mounted = time.monotonic()
        with os.scandir(mount.path / "Large") as entries:
            opened = time.monotonic()
            # Later ones are not waited for: a connection asks for NOTIFY when it has nothing else to do.
            trips = max(self.relay.round_trips.values()) - self.handshake
            self.assertEqual(len(list(entries)), expected)
        told = "%s: %d round trips of commands, mount %.2f s, opendir %.2f s, the rest %.2f s"
        ended = time.monotonic()
        print(told % (type(self).__name__, trips, mounted - begun, opened - mounted, ended - opened))
        mount.unmount()
        return trips, mount

    def change(self):
        with self.server.client() as client:
            client.select(harness.quoted(self.server.full_name("Large")))
            uids = client.uid("SEARCH", "ALL")[1][0].split()
            client.uid("STORE", ",".join(uid.decode() for uid in uids[10 : 10 + CHANGES]), "+FLAGS.SILENT", r"(\Deleted)")
            client.expunge()
            for number in range(CHANGES):
                client.append(
                    harness.quoted(self.server.full_name("Large")), "()", None, b"Subject: new %d\r\n\r\nnew\r\n" % number
                )

    def test_listing_what_is_known_takes_few_round_trips(self):
        first = self.mount_far_away()
        self.assertEqual(len(first.listing("Large")), MESSAGES)
        first.unmount()
        trips, mount = self.listed_again(first.cache, MESSAGES)
        self.assertLessEqual(trips, self.unchanged, mount.traced()[-5000:])
        self.change()
        trips_changed, mount = self.listed_again(first.cache, MESSAGES)
        self.assertLessEqual(trips_changed, trips + self.changed, mount.traced()[-5000:])


class Condstore(RoundTrips):
    relay_type = OlderRelay
    tls = "none"
    handshake = 1  # the greeting is waited for before anything is said
    unchanged = 6


class Plain(RoundTrips):
    profile = "bare"
    tls = "none"
    handshake = 1
    unchanged = 7


if __name__ == "__main__":
    harness.main()
