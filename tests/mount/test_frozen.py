#!/usr/bin/env python3
"""A server that stops answering delays nothing but what only it can answer, and that not for ever."""
import os
import pathlib
import signal
import subprocess
import time

import harness
from harness import eventually, run, sha256
from relay import Direction, Fault, FaultyRelay

MIB = 1 << 20
TIMEOUT = 8  # seconds, the mount's
AT_ONCE = 5  # seconds: a cached answer comes without that timeout, on however busy a machine


class Frozen(harness.Case):
    @classmethod
    def fill(cls):
        cls.server.seed_sample("INBOX", 30)
        cls.server.seed_sample("Other", 30, seed=2)
        line = b"a line of a long message, 64 characters with its end, as usual\r\n"
        cls.big = b"Subject: big\r\n\r\n" + line * (40 * MIB // len(line))
        cls.server.seed_messages("Big", [cls.big])

    def at_once(self, *command, code=0):
        begun = time.monotonic()
        done = run(*command, timeout=30)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertLess(time.monotonic() - begun, AT_ONCE, command)
        return done

    def fails_in_time(self, *command):
        begun = time.monotonic()
        done = run(*command, timeout=60)
        self.assertNotEqual(done.returncode, 0, done.stdout[:200])
        # Twice the timeout: one wait for the answer, one for a new connection.
        self.assertLess(time.monotonic() - begun, 2 * TIMEOUT + AT_ONCE, command)
        return done

    def interrupt_a_fetch(self, relay, path):
        """Freezes the server while it sends a big message, and returns the reader."""
        relay.arm(Fault.STALL, Direction.TO_CLIENT, MIB)
        reader = subprocess.Popen(["cat", path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(reader.wait)
        self.addCleanup(reader.kill)
        self.addCleanup(reader.stderr.close)
        self.assertTrue(relay.struck.wait(30), "no part of the message was sent")
        self.server.freeze()
        return reader

    def test_frozen_in_the_middle_of_a_message(self):
        relay = FaultyRelay(self.server.tls_port)
        self.addCleanup(relay.close)
        source = "imaps://%s@localhost:%d" % (self.server.user, relay.port)
        mount = self.mount(source=source, timeout="%ds" % TIMEOUT)
        cached = mount.files("INBOX")
        contents = {uid: path.read_bytes() for uid, path in cached.items()}
        mount.listing("Big")
        begun = time.monotonic()
        reader = self.interrupt_a_fetch(relay, mount.file("Big", 1))

        self.at_once("ls", "-l", mount.path / "INBOX")
        self.at_once("ls", mount.path)
        self.at_once("stat", "-f", mount.path)
        for number, path in cached.items():
            self.assertEqual(self.at_once("sha256sum", path).stdout.split()[0].lstrip("\\"), sha256(contents[number]))

        eventually(lambda: reader.poll() is not None, 2 * TIMEOUT + AT_ONCE, "the end of the read")
        self.assertNotEqual(reader.returncode, 0)
        self.assertLess(time.monotonic() - begun, 2 * TIMEOUT + AT_ONCE)
        self.assertRegex(reader.stderr.read(), "(?i)timed out|unreachable|input/output")

        self.server.thaw()
        wanted = sha256(self.big)
        eventually(
            lambda: run("sha256sum", mount.file("Big", 1)).stdout.startswith(wanted), 60, "the message after the thaw"
        )
        self.assertEqual(sha256(mount.file("Big", 1).read_bytes()), wanted)

    def test_what_is_not_cached_fails_in_time_and_comes_later(self):
        mount = self.mount(timeout="%ds" % TIMEOUT)
        mount.listing("INBOX")
        self.server.freeze()
        self.fails_in_time("cat", mount.file("INBOX", 7))
        self.fails_in_time("ls", mount.path / "Other")
        # The server is known not to answer now: the next ones need not find that out again.
        begun = time.monotonic()
        for uid in range(8, 14):
            self.assertNotEqual(run("cat", mount.file("INBOX", uid)).returncode, 0)
        self.assertLess(time.monotonic() - begun, 4 * TIMEOUT)
        self.server.thaw()
        eventually(lambda: run("cat", mount.file("INBOX", 7)).returncode == 0, 60, "the message after the thaw")
        eventually(lambda: run("ls", mount.path / "Other").returncode == 0, 60, "the listing after the thaw")
        self.assert_same_messages(mount, "Other")

    def test_a_cached_message_is_read_without_the_kernel_having_it(self):
        first = self.mount()
        files = first.files("INBOX")
        contents = {path.name: path.read_bytes() for path in files.values()}
        first.unmount()
        mount = self.mount(cache=first.cache, timeout="%ds" % TIMEOUT)
        mount.listing("INBOX")
        self.server.freeze()
        for name, content in contents.items():
            self.assertEqual(self.at_once("cat", "--", mount.path / "INBOX" / name).returncode, 0)
            self.assertEqual(sha256((mount.path / "INBOX" / name).read_bytes()), sha256(content))

    def test_unmounting_does_not_wait(self):
        mount = self.mount(timeout="%ds" % TIMEOUT)
        mount.listing("INBOX")
        self.server.freeze()
        mount.unmount(seconds=TIMEOUT - 1)

    def test_unmounting_under_a_waiting_reader(self):
        mount = self.mount(timeout="%ds" % TIMEOUT)
        mount.listing("INBOX")
        self.server.freeze()
        reader = subprocess.Popen(["cat", mount.file("INBOX", 9)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(reader.wait)
        self.addCleanup(reader.kill)
        done = run("fusermount3", "-u", "-z", mount.path, timeout=30)
        self.assertEqual(done.returncode, 0, done.stderr)
        eventually(lambda: reader.poll() is not None, 2 * TIMEOUT + AT_ONCE, "the end of the read")
        pid = mount.pid
        eventually(lambda: not harness.is_running(pid), 30, "the end of the program")

    def test_a_waiting_reader_can_be_killed(self):
        mount = self.mount(timeout="60s")
        mount.listing("INBOX")
        self.server.freeze()
        reader = subprocess.Popen(["cat", mount.file("INBOX", 10)], stdout=subprocess.DEVNULL)
        waiting = (b"request_wait_answer", b"folio_wait", b"fuse")
        channel = pathlib.Path("/proc", str(reader.pid), "wchan")
        eventually(lambda: channel.read_bytes().startswith(waiting), 30, "the read to begin")
        reader.send_signal(signal.SIGTERM)
        eventually(lambda: reader.poll() is not None, 30, "the end of the read")
        self.assertEqual(reader.returncode, -signal.SIGTERM)

    def test_mounting_gives_up(self):
        self.server.freeze()
        mount = self.prepare(timeout="%ds" % TIMEOUT)
        begun = time.monotonic()
        self.refused(mount, "localhost")
        self.assertLess(time.monotonic() - begun, 2 * TIMEOUT + AT_ONCE)


class Reconnecting(harness.Case):
    @classmethod
    def fill(cls):
        cls.server.seed_sample("INBOX", 30)

    def test_a_server_that_comes_back_is_found_again(self):
        mount = self.mount(timeout="%ds" % TIMEOUT)
        files = mount.files("INBOX")
        first = files[1].read_bytes()
        self.server.kill()
        self.assertEqual(files[1].read_bytes(), first)
        self.assertEqual(len(mount.files("INBOX")), 30)
        begun = time.monotonic()
        self.assertNotEqual(run("cat", files[2]).returncode, 0)
        self.assertLess(time.monotonic() - begun, 2 * TIMEOUT + AT_ONCE)
        self.server.start()
        eventually(lambda: run("cat", files[2]).returncode == 0, 45, "the connection to be made again")
        self.assert_same_messages(mount, "INBOX")

    def test_a_session_that_the_server_ends_is_replaced_unnoticed(self):
        mount = self.mount()
        files = mount.files("INBOX")
        # Far apart: nobody reads ahead here, and each takes a session.
        for uid in (3, 17, 9):
            eventually(self.kick, 20, "a session to end")
            self.assertEqual(sha256(files[uid].read_bytes()), sha256(self.server.messages("INBOX")[uid].body))

    def kick(self):
        """Ends the sessions of the user; false if there was none, as while one is being replaced."""
        try:
            self.server.doveadm("kick", self.server.user)
        except AssertionError:
            return False
        return True


if __name__ == "__main__":
    harness.main()
