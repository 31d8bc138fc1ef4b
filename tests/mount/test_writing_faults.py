#!/usr/bin/env python3
"""The model of test_writing_model.py on a bad day: connections end before, within and after the commands that change
something, the server refuses them or says goodbye, and the program is killed; in every way to delete. No message is
lost that nobody removed, none is there twice, and what other clients have marked as deleted stays.

usage: test_writing_faults.py dovecot|cyrus PROFILE [unittest's arguments]

IMAPFS_MODEL_OPS says how many operations for each way to delete (default: 100, or 30 where flags are asked for every
half a minute only), IMAPFS_SEED which.
"""
import errno
import math
import os
import random
import signal

import harness
import test_writing_model
from changing import barrier, trash_of
from harness import eventually, is_running, unmount_lazily
from interfering import InterferingRelay
from model import SEED
from rivals import MARKED, Contents

LIKELIHOOD = 0.15  # of a command to be interfered with
PATIENCE = 60  # seconds


class WritingFaults(test_writing_model.WritingModel):
    policy = "expunge"

    def setUp(self):
        if "IMAPFS_MODEL_OPS" not in os.environ:
            self.operations = 30 if self.server.profile == "bare" else 100
        self.relay = InterferingRelay(self.server.port, random.Random(SEED + 2))
        self.addCleanup(self.relay.close)
        super().setUp()
        self.has_uidplus = self.server.profile != "bare"
        self.cache = self.mount_made.cache
        # A new file that is refused tells so when this process closes it, moves it, or reads it again; and what has
        # to wait for an earlier change may wait in vain.
        self.mount_writer.expected += (errno.EPERM, errno.ETIMEDOUT)
        self.addCleanup(lambda: print(dict(self.relay.done), flush=True))

    def mount_account(self, **keywords):
        source = "imap://%s@localhost:%d" % (self.server.user, self.relay.port)
        options = ("--poll-interval", self.poll_interval, "--delete", self.policy)
        return self.mount(*options, source=source, tls="none", timeout="5s", **keywords)

    def kill(self):
        """And another mount takes over what the journal has."""
        os.kill(self.mount_made.pid, signal.SIGKILL)
        pid, self.mount_made.pid = self.mount_made.pid, None
        eventually(lambda: not is_running(pid), 10, "the end of the killed program")
        unmount_lazily(self.mount_made.path)
        self.relay.done["kill"] += 1
        self.mount_made = self.mount_account(cache=self.cache)
        self.root = self.mount_writer.root = self.mount_made.path

    # Everybody's operations are interfered with, and then nothing until the mount is through.

    def in_turns(self, operations):
        self.begin_interfering()
        super().in_turns(operations)

    def at_the_same_time(self, operations):
        self.begin_interfering()
        super().at_the_same_time(operations)

    def begin_interfering(self):
        self.refused_before = self.relay.done["refuse"]
        self.relay.likelihood = LIKELIHOOD

    def wait_until_equal(self, reference, with_flags):
        self.calm_down()
        super().wait_until_equal(reference, with_flags)

    def calm_down(self):
        self.relay.likelihood = 0

    def wait_for_server(self):
        if self.random.random() < 0.3:
            self.kill()
        self.calm_down()
        eventually(self.is_through, PATIENCE, "the server to have all")
        # New files that were refused stay, and are tried again for somebody who waits.
        for place, _, names in os.walk(self.root):
            for name in names:
                path = os.path.join(place, name)
                try:
                    if name.startswith("written") and self.uid_of(path) == 0:
                        barrier(path)
                except OSError as error:
                    # The folder is another one of that name by now.
                    self.assertIn(error.errno, (errno.ENOENT, errno.ESTALE))

    def is_through(self):
        try:
            barrier(self.root)
        except OSError:
            pass  # refused, or out of reach for a moment
        status = self.told()
        return status["online"] and status["changes"]["pending"] == 0

    def check(self, before, changes, touched):
        """What was refused is where it was: of a change that was accepted nothing more is certain than that."""
        after = Contents(self.server)
        gone = {number for number, kinds in touched.items() if "expunge" in kinds}
        trash = trash_of(self.server)
        written = {change.number for change in changes if change.kind == "write"}
        for change in changes:
            for_good = self.policy == "expunge" or (self.policy, change.folder) == ("trash", trash)
            # What is removed before it was sent never is.
            if change.kind == "remove" and (for_good or change.number in written):
                gone.add(change.number)
        appended = {number for number, kinds in touched.items() if "append" in kinds}
        for number in set(before.places) | set(after.places) | written | appended:
            was_there = bool(before.places.get(number)) or number in appended or number in written
            fewest = 1 if was_there and number not in gone and not self.is_kept(number) else 0
            about = self.about(number, before, changes, touched)
            self.assertGreaterEqual(len(after.places[number]), fewest, about)
            # One whose program heard that it could not be stored may be there all the same.
            most = self.most(number, before, touched) + self.doubled(number, changes)
            self.assertLessEqual(len(self.counted(after, number)), most, about)

    def counted(self, contents, number):
        """Without UIDPLUS what the mount moves stays where it was, marked as deleted, and it is hidden there."""
        places = contents.places.get(number, ())
        return [place for place in places if self.has_uidplus or MARKED not in place[1]]

    def most(self, number, before, touched):
        if self.has_uidplus:
            return super().most(number, before, touched)
        if "flag" in touched.get(number, ()):
            return math.inf  # one that the mount had left behind may be there again: its mark has gone
        return max(1, len(self.counted(before, number))) + ("move" in touched.get(number, ()))

    def doubled(self, number, changes):
        """Without MOVE a copy that is there stays, when the server then refuses to mark the original."""
        moves = sum(1 for change in changes if (change.kind, change.number) == ("move", number))
        return 0 if self.has_uidplus else min(moves, self.relay.done["refuse"] - self.refused_before)

    # What the mount has marked as deleted it hides, also when the server would not expunge it.

    def _difference(self, path, folder, names, with_flags):
        folder.messages = {uid: found for uid, found in folder.messages.items() if MARKED not in found[1]}
        names = [name for name in names if MARKED not in self.flags_of(os.path.join(self.root, path, name))]
        return super()._difference(path, folder, names, with_flags)

    @staticmethod
    def flags_of(file):
        return os.getxattr(file, "user.imap.flags").decode().split()


class WritingFaultsMark(WritingFaults):
    policy = "mark"


class WritingFaultsTrash(WritingFaults):
    policy = "trash"

    def setUp(self):
        if trash_of(self.server) is None:
            self.skipTest("this server has no mailbox for deleted messages")
        super().setUp()


if __name__ == "__main__":
    harness.main_on_server()
