#!/usr/bin/env python3
"""Without its server a mount serves what it has at its usual speed, and recovers by itself."""
import contextlib
import errno
import os
import re
import signal
import time

import harness
from harness import LosingRelay, eventually, quoted, run, sha256

TIMEOUT = 30  # seconds, the mount's: far more than anything that waits for nobody may take
SHORT_TIMEOUT = 4  # where it has to pass
AT_ONCE = 2  # seconds in which a hundred things that wait for nobody must be done on a busy machine
START = 5  # seconds for which a start with a cache waits for a server that is silent
FOLDERS = ["Folder %02d" % number for number in range(50)]
MESSAGES = 20
ABSENT = 100


class Offline(harness.Case):
    @classmethod
    def fill(cls):
        cls.server.seed_sample("INBOX", MESSAGES)
        cls.server.seed_messages("Absent", [b"Subject: %d\r\n\r\nnever read\r\n" % number for number in range(ABSENT)])
        with cls.server.client() as client:
            for name in FOLDERS:
                client.create(quoted(name))
        cls.truth = cls.server.messages("INBOX")
        cls.names = sorted(cls.server.mailboxes())

    def warm(self, timeout=TIMEOUT, **keywords):
        """A mount that has listed every folder and read INBOX, but nothing else."""
        mount = self.mount(timeout="%gs" % timeout, **keywords)
        self.assertEqual(mount.listing(), self.names)
        for name in self.names:
            mount.listing(name)
        self.assert_same_messages(mount, "INBOX", self.truth)
        return mount

    def relay(self):
        relay = LosingRelay(self.server.tls_port)
        self.addCleanup(relay.close)
        return relay

    def through(self, relay):
        return "imaps://%s@localhost:%d" % (self.server.user, relay.port)

    @contextlib.contextmanager
    def within(self, seconds):
        begun = time.monotonic()
        yield
        self.assertLess(time.monotonic() - begun, seconds)

    def assert_serves_what_is_cached(self, mount, limit=AT_ONCE):
        with self.within(limit):
            self.assertEqual(mount.listing(), self.names)
            long = run("ls", "-l", mount.path / "INBOX")
            self.assertEqual((long.returncode, len(long.stdout.splitlines())), (0, 1 + MESSAGES), long.stderr)
            found = run("find", mount.path, "-type", "f").stdout.splitlines()
            self.assertEqual(len(found), MESSAGES + ABSENT)
            for uid, path in mount.files("INBOX").items():
                self.assertEqual(sha256(path.read_bytes()), sha256(self.truth[uid].body))
                self.assertEqual(os.getxattr(path, "user.imap.uid"), b"%d" % uid)
            self.assertFalse((mount.path / "INBOX" / "no such file").exists())

    def assert_reads_fail(self, mount, uids):
        for uid in uids:
            with self.assertRaises(OSError) as failure:
                mount.file("Absent", uid).read_bytes()
            self.assertEqual(failure.exception.errno, errno.ENETUNREACH, "UID %d" % uid)

    def assert_hears_of_new_mail(self, mount):
        """Somebody tells the mount at once: it looks at INBOX before anybody asks for it."""
        # The log of the server holds but deflated octets of the connection that does this.
        with self.server.client() as client:
            uid = int(re.search(rb"UIDNEXT (\d+)", client.status("INBOX", "(UIDNEXT)")[1][0])[1])
        self.server.append("INBOX", b"Subject: pushed\n\nwhile nobody looks\n")
        eventually(lambda: "FETCH (UID %d FLAGS" % uid in mount.traced(), 10, "the new message to be fetched unasked")
        self.server.expunge("INBOX", uid)

    def test_a_server_that_is_gone_delays_nothing(self):
        mount = self.warm()
        self.server.kill()
        self.assert_serves_what_is_cached(mount)
        with self.within(AT_ONCE):
            self.assert_reads_fail(mount, range(1, ABSENT + 1))
        self.assert_serves_what_is_cached(mount)

    def test_a_lost_network_costs_one_timeout(self):
        relay = self.relay()
        mount = self.warm(SHORT_TIMEOUT, source=self.through(relay))
        relay.lose()
        # Those who come while nobody knows yet wait a moment, together and not each.
        with self.within(3 * AT_ONCE):
            for name in FOLDERS:
                self.assertEqual(mount.listing(name), [])
        # One timeout for the answer, and one for the attempt to connect, as others may have asked before.
        with self.within(2 * SHORT_TIMEOUT + AT_ONCE):
            with self.assertRaises(OSError) as failure:
                mount.file("Absent", 1).read_bytes()
            self.assertIn(failure.exception.errno, (errno.ETIMEDOUT, errno.ENETUNREACH))
        eventually(lambda: "offline" in mount.log.read_text(), 2 * SHORT_TIMEOUT, "the loss to be noticed")
        with self.within(AT_ONCE):
            self.assert_reads_fail(mount, range(2, ABSENT + 1))
        self.assert_serves_what_is_cached(mount)
        relay.restore()
        eventually(lambda: run("cat", mount.file("Absent", 1)).returncode == 0, 30, "the network to be found again")

    def test_mounting_needs_no_server_when_there_is_a_cache(self):
        first = self.warm()
        first.unmount()
        self.server.kill()
        second = self.prepare(cache=first.cache, timeout="%ds" % TIMEOUT)
        with self.within(AT_ONCE):
            second.start()
        self.assert_one_notice(second, "refused")
        self.assert_serves_what_is_cached(second)
        with self.within(AT_ONCE):
            self.assert_reads_fail(second, range(1, ABSENT + 1))
        self.server.start()
        eventually(lambda: run("cat", second.file("Absent", 1)).returncode == 0, 30, "the server to be found")
        self.assertEqual(len(second.listing("INBOX")), MESSAGES)

    def test_mounting_waits_a_moment_for_a_network_that_is_lost(self):
        relay = self.relay()
        first = self.warm(source=self.through(relay))
        first.unmount()
        relay.lose()
        second = self.prepare(cache=first.cache, timeout="%ds" % TIMEOUT, source=self.through(relay))
        with self.within(START + AT_ONCE):
            second.start()
        self.assert_one_notice(second, "")
        # The attempt goes on, so nothing is known yet; a listing waits a moment for it, no more.
        self.assert_serves_what_is_cached(second, 2 * AT_ONCE)
        relay.restore()
        eventually(lambda: run("cat", second.file("Absent", 2)).returncode == 0, 30, "the network to be found again")

    def assert_one_notice(self, mount, reason):
        lines = (mount.directory / "output").read_text().splitlines()
        self.assertEqual(len(lines), 1, lines)
        self.assertIn("without the server", lines[0])
        self.assertIn(reason, lines[0].lower())

    def test_mounting_without_server_and_cache_is_refused(self):
        self.server.kill()
        with self.within(AT_ONCE):
            self.refused(self.prepare(timeout="%ds" % TIMEOUT), "localhost", "refused")

    def test_a_refused_login_is_no_lost_server(self):
        first = self.mount()
        first.listing("INBOX")
        first.unmount()
        second = self.prepare(cache=first.cache)
        second.password_file.write_text("not-the-password\n")
        self.assertRegex(self.refused(second).lower(), "password|authenticat|login|credential")

    def test_what_happened_meanwhile_appears(self):
        mount = self.warm()
        name = FOLDERS[0]
        self.assert_hears_of_new_mail(mount)
        self.server.kill()
        self.assert_reads_fail(mount, [3])
        self.server.start()
        self.server.append(name, b"Subject: meanwhile\n\nunseen so far\n")
        eventually(lambda: mount.files(name), 30, "the message that came meanwhile")
        self.assertIn(b"unseen so far", mount.file(name, 1).read_bytes())
        self.assert_same_messages(mount, "INBOX")
        self.assert_hears_of_new_mail(mount)
        self.server.expunge(name, 1)
        eventually(lambda: not mount.files(name), 10, "the message to go")

    @staticmethod
    def can_be_read(mount, mailbox, uid):
        try:
            return mount.file(mailbox, uid).read_bytes()
        except OSError:
            return b""

    def test_a_stopped_mount_finds_its_connections_dead(self):
        mount = self.warm()
        os.kill(mount.pid, signal.SIGSTOP)
        try:
            self.server.kill()
            self.server.start()
        finally:
            os.kill(mount.pid, signal.SIGCONT)
        # An attempt to connect may meet the server while it starts.
        eventually(lambda: self.can_be_read(mount, "Absent", 4), 5, "the server to be used again")
        self.assertIn(b"never read", mount.file("Absent", 4).read_bytes())
        self.assert_same_messages(mount, "INBOX")


if __name__ == "__main__":
    harness.main()
