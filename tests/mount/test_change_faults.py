#!/usr/bin/env python3
"""Messages are written, deleted and moved while connections break and the program is killed: in the end each change is
made, once, whatever became of the commands, and what another client has marked as deleted stays.

usage: test_change_faults.py dovecot|cyrus PROFILE [unittest's arguments]

IMAPFS_FAULTS says how many faults (default 12), IMAPFS_SEED which.
"""
import collections
import errno
import os
import random
import signal

import harness
from changing import MARKED, ChangesCase, barrier, text_of, trash_of
from harness import as_on_the_wire, eventually, is_running, unmount_lazily
from relay import Direction, Fault, FaultyRelay

FAULTS = int(os.environ.get("IMAPFS_FAULTS", "12"))
SEED = int(os.environ.get("IMAPFS_SEED", "0")) or random.SystemRandom().getrandbits(32)
PATIENCE = 60  # seconds
UNREACHABLE = (errno.ENETUNREACH, errno.ETIMEDOUT)


class ChangeFaults(ChangesCase):
    def setUp(self):
        super().setUp()
        print("\nIMAPFS_SEED=%d IMAPFS_FAULTS=%d" % (SEED, FAULTS), flush=True)
        self.random = random.Random(SEED)
        self.relay = FaultyRelay(self.server.tls_port, host=self.server.host)
        self.addCleanup(self.relay.close)

    def mount_again(self, policy, cache):
        source = "imaps://%s@localhost:%d" % (self.server.user, self.relay.port)
        return self.mount("--delete", policy, source=source, cache=cache, timeout="3s")

    def kill(self, mount):
        os.kill(mount.pid, signal.SIGKILL)
        pid, mount.pid = mount.pid, None
        eventually(lambda: not is_running(pid), 10, "the end of the killed program")
        unmount_lazily(mount.path)

    def all_done(self, mount):
        try:
            barrier(mount.path)
        except OSError as error:
            if error.errno not in UNREACHABLE:
                raise
            return False
        return self.waiting_changes(mount) == 0

    def change_under_faults(self, policy):
        here, there = "Here " + policy, "There " + policy
        uids = self.make(here, 4 * FAULTS)
        self.make(there, 0)
        before = {uid: message.body for uid, message in self.own(here).items()}
        cache = self.place / ("cache " + policy)
        mount = self.mount_again(policy, cache)
        mount.files(here)
        gone, moved = [], []
        order = self.random.sample(uids, len(uids))
        for number in range(FAULTS):
            with self.subTest(policy=policy, fault=number, seed=SEED):
                files = mount.files(here)
                self.relay.arm(
                    self.random.choice((Fault.CUT, Fault.RESET)),
                    self.random.choice(list(Direction)),
                    self.random.randrange(1, 1500),
                )
                # One of each stays, so that there is something that nobody may touch.
                for _ in range(self.random.randrange(1, 3)):
                    gone.append(order.pop())
                    os.unlink(files[gone[-1]])
                for _ in range(self.random.randrange(0, 2)):
                    moved.append(order.pop())
                    os.rename(files[moved[-1]], mount.path / there / ("moved %d.eml" % moved[-1]))
                self.assertEqual(sorted(mount.files(here).keys() & before.keys()), sorted(order))
                if self.random.random() < 0.5:
                    # Perhaps before anything was sent, perhaps in the middle of it.
                    for _ in range(self.random.randrange(2_000_000)):
                        pass
                    self.kill(mount)
                    self.relay.disarm()
                    mount = self.mount_again(policy, cache)
                    self.assertEqual(sorted(mount.files(here).keys() & before.keys()), sorted(order))
                elif self.random.random() < 0.5:
                    self.relay.reset_all()
        self.relay.disarm()
        eventually(lambda: self.all_done(mount), PATIENCE, "all changes to be made")
        self.assertEqual(self.refused_changes(mount), [])
        left = {uid: message for uid, message in self.own(here).items() if uid in order}
        self.assertEqual({uid: message.body for uid, message in left.items()}, {uid: before[uid] for uid in order})
        self.assertEqual([uid for uid, message in left.items() if MARKED in message.flags], [])
        # Where they cannot be expunged they stay, marked and hidden.
        hidden = {uid: message for uid, message in self.own(here).items() if uid not in order}
        if self.has_uidplus() and policy != "mark":
            self.assertEqual(hidden, {})
        self.assertEqual([uid for uid, message in hidden.items() if MARKED not in message.flags], [])
        bodies = collections.Counter(message.body for message in self.own(there).values())
        self.assertEqual(bodies, collections.Counter(before[uid] for uid in moved))
        for uid in moved:
            self.assertEqual((mount.path / there / ("moved %d.eml" % uid)).read_bytes(), before[uid])
        if policy == "trash":
            trashed = collections.Counter(message.body for message in self.own(trash_of(self.server)).values())
            self.assertEqual(trashed & collections.Counter(before.values()), collections.Counter(before[uid] for uid in gone))
        mount.unmount()

    def write(self, path, content):
        """Whether the program that writes it hears that it is safe."""
        try:
            with open(path, "wb") as file:
                file.write(content)
        except OSError as error:
            self.assertIn(error.errno, (*UNREACHABLE, errno.EIO))
            return False
        return True

    def test_new_files(self):
        here, cache = "Here new", self.place / "cache new"
        self.make(here, 0)
        mount = self.mount_again("expunge", cache)
        os.listdir(mount.path / here)
        taken, doubtful = {}, {}
        for number in range(FAULTS):
            # Now and then before those that nobody waits for, mostly in the middle of them.
            self.relay.arm(
                self.random.choice((Fault.CUT, Fault.RESET)),
                self.random.choice(list(Direction)),
                self.random.randrange(1, 6000),
            )
            for more in range(self.random.randrange(2, 12)):
                name = "%d-%d.eml" % (number, more)
                # Now and then the same message twice.
                content = as_on_the_wire(text_of("new", 100 * number + more // 2))
                (taken if self.write(mount.path / here / name, content) else doubtful)[name] = content
            if self.random.random() < 0.5:
                self.kill(mount)
                self.relay.disarm()
                mount = self.mount_again("expunge", cache)
                self.assertEqual(taken.keys() - set(os.listdir(mount.path / here)), set())
            elif self.random.random() < 0.5:
                self.relay.reset_all()
        self.relay.disarm()
        eventually(lambda: self.all_done(mount), PATIENCE, "all messages to be stored")
        eventually(lambda: self.status(mount)["online"], PATIENCE, "the server to be reached again")
        self.assertEqual(self.refused_changes(mount), [])
        stored = collections.Counter(message.body for message in self.own(here).values())
        fewest = collections.Counter(taken.values())
        self.assertEqual(fewest - stored, {}, "lost")
        self.assertEqual(stored - fewest - collections.Counter(doubtful.values()), {}, "there too often")
        for name, content in taken.items():
            self.assertEqual((mount.path / here / name).read_bytes(), content)
        mount.unmount()

    def test_expunge(self):
        self.change_under_faults("expunge")

    def test_mark(self):
        self.change_under_faults("mark")

    def test_trash(self):
        if trash_of(self.server) is None:
            self.skipTest("this server has no mailbox for deleted messages")
        self.change_under_faults("trash")


if __name__ == "__main__":
    harness.main_on_server()
