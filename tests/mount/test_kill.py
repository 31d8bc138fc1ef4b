#!/usr/bin/env python3
"""The program is killed at any moment while it fetches and synchronises: nothing of it is noticed later.

IMAPFS_KILLS says how often (default 8), IMAPFS_SEED which moments.
"""
import os
import pathlib
import random
import signal
import subprocess

import harness
from harness import PROGRAM, eventually, is_running, run, sha256, unmount_lazily

KILLS = int(os.environ.get("IMAPFS_KILLS", "8"))
SEED = int(os.environ.get("IMAPFS_SEED", "0")) or random.SystemRandom().getrandbits(32)
MAILBOXES = {"INBOX": 300, "Archive": 300}
READERS = 4
# Reads everything below a directory again and again, in an order of its own, and says each time that
# it has read a file; errors are what is expected when the mount dies.
READER = r"""
import os, random, sys
order = random.Random(int(sys.argv[2]))
while True:
    paths = [os.path.join(top, name) for top, _, names in os.walk(sys.argv[1]) for name in names]
    order.shuffle(paths)
    if not paths:
        sys.exit()
    for path in paths:
        try:
            with open(path, "rb") as file:
                file.read()
        except OSError:
            sys.exit()
        os.write(1, b".")
"""


class Kill(harness.Case):
    @classmethod
    def fill(cls):
        for seed, (mailbox, count) in enumerate(MAILBOXES.items(), 1):
            cls.server.seed_sample(mailbox, count, seed)
        lines = b"".join(b"%07d: a line of a message of four megabytes\r\n" % n for n in range(80_000))
        cls.server.append("INBOX", b"Subject: large\r\n\r\n" + lines)
        cls.truth = {mailbox: cls.server.messages(mailbox) for mailbox in MAILBOXES}
        cls.sums = {
            (mailbox, uid): sha256(message.body) for mailbox, all_of in cls.truth.items() for uid, message in all_of.items()
        }

    def readers(self, mount, order):
        ours, theirs = os.pipe()
        started = [
            subprocess.Popen(["python3", "-c", READER, mount.path, str(order.random())[2:]], stdout=theirs)
            for _ in range(READERS)
        ]
        os.close(theirs)
        return started, ours

    def kill_while_reading(self, mount, order):
        """Kills the program when so many files were read, and a part of a second later."""
        readers, progress = self.readers(mount, order)
        try:
            # Reads that are answered from the cache are fast: a few hundred are gone at once.
            wanted = order.choice((0, 1, 10, 100, 1000)) + order.randrange(50)
            while wanted > 0:
                read = len(os.read(progress, wanted))
                self.assertGreater(read, 0, "no reader is left")
                wanted -= read
            # Not behind an answer but anywhere: a busy loop of a random length, at most some ms.
            for _ in range(order.randrange(200_000)):
                pass
            os.kill(mount.pid, signal.SIGKILL)
            pid, mount.pid = mount.pid, None
            eventually(lambda: not is_running(pid), 10, "the end of the killed program")
        finally:
            unmount_lazily(mount.path)
            for reader in readers:
                reader.kill()
                reader.wait()
            os.close(progress)

    def check_some(self, mount, order):
        for mailbox, uid in order.sample(sorted(self.sums), 25):
            content = mount.file(mailbox, uid).read_bytes()
            self.assertEqual(sha256(content), self.sums[mailbox, uid], "%s UID %d" % (mailbox, uid))

    def test_a_killed_mount_leaves_a_sound_cache(self):
        print("seed %d, %d kills" % (SEED, KILLS))
        order = random.Random(SEED)
        cache = self.place / "cache"
        for round_number in range(KILLS):
            with self.subTest(round=round_number, seed=SEED):
                # Small enough that bodies are evicted all the time.
                mount = self.mount("--cache-size", "6M", cache=cache, timeout="20s")
                # The others are killed while they list the folders for the first time.
                if round_number % 4 != 0:
                    self.check_some(mount, order)
                self.kill_while_reading(mount, order)
                verified = run(PROGRAM, "cache", "verify", "--cache-dir", cache)
                self.assertEqual((verified.returncode, verified.stderr), (0, ""), verified.stdout)
                self.assertIn("clean", verified.stdout)
                self.assertNotIn("starts empty", mount.log.read_text())
                if round_number % 4 == 3:
                    cleared = run(PROGRAM, "cache", "clear", "--all", "--cache-dir", cache)
                    self.assertEqual((cleared.returncode, cleared.stderr), (0, ""), cleared.stdout)
        mount = self.mount("--cache-size", "6M", cache=cache, timeout="20s")
        for mailbox in MAILBOXES:
            self.assert_same_messages(mount, mailbox, self.truth[mailbox])


if __name__ == "__main__":
    harness.main()
