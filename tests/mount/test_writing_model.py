#!/usr/bin/env python3
"""A mount and another client change the account at random, in turns and at the same time: no message is lost that
nobody removed, none is there twice, and what other clients have marked as deleted stays.

usage: test_writing_model.py dovecot|cyrus PROFILE [unittest's arguments]

IMAPFS_MODEL_OPS says how many operations (default: 250), IMAPFS_SEED which (default: others each time).
"""
import errno
import json
import os
import threading

import harness
from changing import PLAIN_EXPUNGE, barrier
from model import OPERATIONS, SEED, ModelCase, Reference
from rivals import TO_ALL, TO_MESSAGES, UNREAL, Contents, MountWriter, OtherClient, foretold

BETWEEN = (1, 3, 10, 30)  # operations from one quiet point to the next


class WritingModel(ModelCase):
    operations = OPERATIONS

    def uid_of(self, path):
        try:
            return int(os.getxattr(path, "user.imap.uid"))
        except OSError as error:
            # On its way to another mailbox, where it has none yet.
            if error.errno != errno.ENODATA:
                raise
            return 0

    def setUp(self):
        super().setUp()
        self.other = OtherClient(self.server, SEED)
        self.addCleanup(self.other.close)
        self.mount_writer = MountWriter(self.root, self.random)
        self.addCleanup(self.report)

    def report(self):
        """Also of a run that fails or is interrupted."""
        print({**self.other.done, **self.mount_writer.done}, flush=True)

    def test_what_nobody_removed_is_there_once(self):
        self.run_model()

    def run_model(self):
        left = self.operations
        while left > 0:
            now = min(left, self.random.choice(BETWEEN))
            left -= now
            if self.random.random() < 0.5:
                self.in_turns(now)
            else:
                self.at_the_same_time(now)
            self.calm_down()
            self.wait_until_equal(Reference(self.server), with_flags=True)
        self.assertNotRegex(self.mount_made.traced(), PLAIN_EXPUNGE)

    def calm_down(self):
        """What goes before a comparison with the server."""

    def in_turns(self, operations):
        """What the mount has accepted is done exactly, also where it had not heard yet of what the other did."""
        self.other.change(operations, TO_ALL)
        if self.random.random() < 0.5:
            self.wait_until_equal(Reference(self.server), with_flags=True)
        before = Contents(self.server)
        changes = self.mount_writer.change(operations)
        self.wait_for_server()
        self.check(before, changes, {})

    def at_the_same_time(self, operations):
        before = Contents(self.server)
        failures = []

        def change():
            try:
                self.other.change(operations, TO_MESSAGES)
            except Exception as failure:  # pylint: disable=broad-except # the test has to see it
                failures.append(failure)

        rival = threading.Thread(target=change)
        rival.start()
        try:
            changes = self.mount_writer.change(operations)
        finally:
            rival.join()
        self.assertEqual(failures, [])
        self.wait_for_server()
        self.check(before, changes, self.other.touched)

    def wait_for_server(self):
        try:
            barrier(self.root)
        except OSError as error:
            # Something that was to be changed had gone, or the other client took the mark off a message that was
            # just being expunged.
            self.assertIn(error.errno, (*UNREAL, errno.EPERM))

    def check(self, before, changes, touched):
        after = Contents(self.server)
        for number, places in foretold(before, changes, lambda number: number not in touched).items():
            if not after.places[number] and self.is_kept(number):
                continue
            self.assertEqual(sorted(after.places[number]), sorted(places), self.about(number, before, changes, touched))
        removed = {change.number for change in changes if change.kind == "remove"}
        removed |= {number for number, kinds in touched.items() if "expunge" in kinds}
        written = {change.number for change in changes if change.kind == "write"}
        for number in set(before.places) | set(after.places) | set(touched) | written:
            was_there = bool(before.places.get(number)) or "append" in touched.get(number, ()) or number in written
            fewest = 1 if was_there and number not in removed and not self.is_kept(number) else 0
            most = self.most(number, before, touched) if was_there else 0
            self.assertIn(len(after.places[number]), range(fewest, most + 1), self.about(number, before, changes, touched))

    def is_kept(self, number):
        """Whether a new file is on this machine: it was refused, because its folder was deleted or made anew, say."""
        name = "written %d.eml" % number
        refused = self.told()["changes"]["refused"]
        if any(refusal["name"] == name for refusal in refused):
            return True
        return any(True for place in self.mount_made.state.glob("*/lost+found") for _ in place.rglob(name))

    def told(self):
        return json.loads((self.root / ".imapfs/status").read_text())

    @staticmethod
    def most(number, before, touched):
        """Servers let two sessions move a message at the same time, and then there are two (Dovecot)."""
        now = 2 if "move" in touched.get(number, ()) else 1
        return max(now, len(before.places.get(number, ())))

    @staticmethod
    def about(number, before, changes, touched):
        made = [change for change in changes if change.number == number]
        return "message %d, before %s; mount: %s; other client: %s" % (
            number,
            before.places.get(number),
            made,
            touched.get(number),
        )


if __name__ == "__main__":
    harness.main_on_server()
