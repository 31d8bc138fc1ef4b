#!/usr/bin/env python3
"""A message that is moved is in one place, with its octets, flags and inode number, and under the name that it was
given; the server moves it, and nobody fetches it again.

usage: test_move.py dovecot|cyrus PROFILE [unittest's arguments]
"""
import errno
import os

import harness
from changing import MARKED, RENAME_EXCHANGE, RENAME_NOREPLACE, SOON, ChangesCase, barrier, commands, renameat2
from harness import eventually

MANY = 60
FLAGS = frozenset((r"\Flagged", "Project7"))


class Move(ChangesCase):
    def setUp(self):
        super().setUp()
        # The mailboxes of each test have names of their own; all begin at UID 1, so that names meet.
        name = self._testMethodName[len("test_") :].replace("_", " ")
        self.source, self.target = "From " + name, "To " + name
        self.uids = self.make(self.source)
        self.make(self.target, 4)
        self.server.change(
            self.source, ("STORE", str(self.uids[0]), "+FLAGS.SILENT", "(%s)" % " ".join(sorted(FLAGS)))
        )
        self.before = {name: self.own(name) for name in (self.source, self.target)}

    def read(self, mount):
        """Reads all messages of both, so that they are in the cache, and forgets that it was done."""
        for name in (self.source, self.target):
            for path in mount.files(name).values():
                path.read_bytes()
        self.server.forget_commands()

    def body(self, uid):
        return self.before[self.source][uid].body

    def expected(self, *moved):
        """The octets in source and target once these messages have moved."""
        there = [self.body(uid) for uid in moved]
        here = [one.body for uid, one in self.before[self.source].items() if uid not in moved]
        return sorted(here), sorted([one.body for one in self.before[self.target].values()] + there)

    def assert_moved(self, mount, *uids):
        """On the server and in the mount everything is where it should be, once."""
        here, there = self.expected(*uids)
        self.assertEqual((self.left_in(self.source), self.left_in(self.target)), (here, there))
        self.assertEqual((self.seen(mount, self.source), self.seen(mount, self.target)), (here, there))

    def numbers(self, mount, mailbox):
        with os.scandir(mount.path / mailbox) as entries:
            return [entry.inode() for entry in entries]

    # --- Where it is ------------------------------------------------------------------------------

    def test_to_another_mailbox(self):
        uid = self.uids[0]
        mount = self.mount()
        self.read(mount)
        path = mount.files(self.source)[uid]
        there = mount.path / self.target / path.name
        number = path.stat().st_ino
        self.do("mv", path, mount.path / self.target)
        # At once, whatever the server has heard of it.
        self.assertFalse(path.exists())
        self.assertEqual((there.read_bytes(), there.stat().st_ino), (self.body(uid), number))
        barrier(mount.path / self.target)
        self.assert_moved(mount, uid)
        moved = next(one for one in self.own(self.target).values() if one.body == self.body(uid))
        self.assertEqual(moved.flags, FLAGS)
        self.assertEqual(there.stat().st_ino, number)
        self.assertEqual(self.numbers(mount, self.target).count(number), 1)
        self.assertNotIn(number, self.numbers(mount, self.source))
        self.assertEqual(frozenset(os.getxattr(there, "user.imap.flags").decode().split()), FLAGS)
        self.assertEqual(self.server.body_fetches(), [])

    def test_the_name_that_was_given_lasts(self):
        uid = self.uids[1]
        first = self.mount()
        self.read(first)
        there = os.path.join(self.target, "called by me.eml")
        os.rename(first.file(self.source, uid), first.path / there)
        self.assertEqual((first.path / there).read_bytes(), self.body(uid))
        barrier(first.path / self.target)
        self.assertEqual((first.path / there).read_bytes(), self.body(uid))
        first.unmount()
        self.server.forget_commands()
        second = self.mount(cache=first.cache)
        self.assertEqual((second.path / there).read_bytes(), self.body(uid))
        self.assert_moved(second, uid)
        self.assertEqual(self.server.body_fetches(), [])

    def test_many(self):
        source = "Many to move"
        uids = self.make(source, MANY)
        bodies = self.bodies(source)
        mount = self.mount()
        paths = mount.files(source)
        for uid in uids:
            paths[uid].read_bytes()
        self.read(mount)
        self.do("mv", "-t", mount.path / self.target, *[paths[uid] for uid in uids])
        expected = sorted(bodies + [one.body for one in self.before[self.target].values()])
        self.assertEqual(self.shown(mount, source), [])
        self.assertEqual(self.seen(mount, self.target), expected)
        barrier(mount.path / source)
        self.assertEqual(self.left_in(source), [])
        self.assertEqual(self.left_in(self.target), expected)
        self.assertEqual(self.seen(mount, self.target), expected)
        self.assertEqual(self.server.body_fetches(), [])

    def test_within_its_mailbox_only_the_name_changes(self):
        uid = self.uids[2]
        mount = self.mount()
        self.read(mount)
        path = mount.files(self.source)[uid]
        number = path.stat().st_ino
        renamed = path.with_name("another name.eml")
        self.do("mv", path, renamed)
        self.assertEqual((renamed.read_bytes(), renamed.stat().st_ino), (self.body(uid), number))
        barrier(mount.path / self.source)
        self.assertEqual(self.own(self.source)[uid].body, self.body(uid))
        self.assertEqual(renamed.stat().st_ino, number)
        self.assertEqual(mount.file(self.source, uid).read_bytes(), self.body(uid))
        self.assertEqual(self.numbers(mount, self.source).count(number), 1)
        for word in ("MOVE", "COPY", "STORE", "EXPUNGE"):
            self.assertEqual(commands(mount.traced(), word), [])

    def test_there_and_back(self):
        uid = self.uids[0]
        for waits in (False, True):
            mount = self.mount()
            with self.subTest(waits=waits):
                here, there = mount.path / self.source / "wanderer.eml", mount.path / self.target / "wanderer.eml"
                path = next(path for path in mount.files(self.source).values() if path.read_bytes() == self.body(uid))
                os.rename(path, there)
                if waits:
                    barrier(mount.path / self.target)
                os.rename(there, here)
                barrier(mount.path / self.source)
                self.assertFalse(there.exists())
                self.assertEqual(here.read_bytes(), self.body(uid))
                self.assert_moved(mount)
            mount.unmount()

    def test_an_open_file_is_read_on(self):
        uid = self.uids[0]
        mount = self.mount()
        path = mount.file(self.source, uid)
        with open(path, "rb", buffering=0) as file:
            self.assertEqual(file.read(10), self.body(uid)[:10])
            os.rename(path, mount.path / self.target / "read on.eml")
            barrier(mount.path / self.target)
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            self.assertEqual(file.read(), self.body(uid)[10:])

    def test_what_was_never_read_can_be_read_behind_the_move(self):
        uid = self.uids[3]
        mount = self.mount()
        there = mount.path / self.target / "not read yet.eml"
        os.rename(mount.file(self.source, uid), there)
        self.assertEqual(there.read_bytes(), self.body(uid))
        barrier(mount.path / self.target)
        self.assertEqual(there.read_bytes(), self.body(uid))

    def test_a_move_and_a_removal_behind_it(self):
        uid = self.uids[0]
        mount = self.mount()
        there = mount.path / self.target / "short-lived.eml"
        os.rename(mount.file(self.source, uid), there)
        os.unlink(there)
        self.assertFalse(there.exists())
        barrier(mount.path)
        here, target = self.expected(uid)
        target.remove(self.body(uid))
        self.assertEqual((self.left_in(self.source), self.left_in(self.target)), (here, target))

    # --- Names that are taken ---------------------------------------------------------------------

    def test_another_message_is_replaced(self):
        uid, old = self.uids[0], sorted(self.before[self.target])[0]
        mount = self.mount()
        self.read(mount)
        taken = mount.files(self.target)[old]
        os.rename(mount.file(self.source, uid), taken)
        self.assertEqual(taken.read_bytes(), self.body(uid))
        barrier(mount.path / self.target)
        here, there = self.expected(uid)
        there.remove(self.before[self.target][old].body)
        self.assertEqual((self.left_in(self.source), self.left_in(self.target)), (here, there))
        self.assertEqual(taken.read_bytes(), self.body(uid))
        self.assertEqual(self.seen(mount, self.target), there)

    def test_mv_n_replaces_nothing(self):
        mount = self.mount()
        taken = mount.files(self.target)[sorted(self.before[self.target])[0]]
        # What mv makes of it differs between versions.
        self.outcome("mv", "-n", mount.file(self.source, self.uids[0]), taken)
        barrier(mount.path)
        self.assert_moved(mount)

    def test_the_flags_of_renameat2(self):
        mount = self.mount()
        path, taken = mount.file(self.source, self.uids[0]), mount.file(self.target, sorted(self.before[self.target])[0])
        for flags, expected in ((RENAME_NOREPLACE, errno.EEXIST), (RENAME_EXCHANGE, errno.EINVAL)):
            with self.assertRaises(OSError) as failure:
                renameat2(path, taken, flags)
            self.assertEqual(failure.exception.errno, expected)
        barrier(mount.path)
        self.assert_moved(mount)
        renameat2(path, mount.path / self.target / "free.eml", RENAME_NOREPLACE)
        barrier(mount.path)
        self.assert_moved(mount, self.uids[0])

    # --- Other clients ----------------------------------------------------------------------------

    def assert_everywhere_once(self, uid, names):
        """The message is in exactly one of the mailboxes."""
        bodies = [body for name in names for body in self.left_in(name)]
        self.assertEqual(bodies.count(self.body(uid)), 1)

    def test_a_message_that_another_client_has_moved_first(self):
        elsewhere = "Elsewhere"
        self.make(elsewhere, 1)
        uid = self.uids[0]
        mount = self.mount()
        path = mount.files(self.source)[uid]
        gone = ("COPY", str(uid), '"%s"' % self.server.full_name(elsewhere)), ("STORE", str(uid), "+FLAGS", "(%s)" % MARKED)
        self.server.change(self.source, *gone, ("EXPUNGE", str(uid)))
        # Either it is known by now, or it turns out later.
        self.assertIn(self.outcome("mv", path, mount.path / self.target)[0], (0, 1))
        self.try_barrier(mount.path / self.target)
        self.assert_everywhere_once(uid, (self.source, self.target, elsewhere))
        eventually(lambda: self.seen(mount, self.target) == self.left_in(self.target), SOON, "the target as it is")
        eventually(lambda: self.seen(mount, self.source) == self.left_in(self.source), SOON, "the source as it is")

    def test_a_message_that_another_client_has_deleted_first(self):
        uid = self.uids[0]
        mount = self.mount()
        path = mount.files(self.source)[uid]
        self.server.change(self.source, ("STORE", str(uid), "+FLAGS", "(%s)" % MARKED), ("EXPUNGE", str(uid)))
        self.assertIn(self.outcome("mv", path, mount.path / self.target)[0], (0, 1))
        self.try_barrier(mount.path / self.target)
        here, there = self.expected()
        here.remove(self.body(uid))
        self.assertEqual((self.left_in(self.source), self.left_in(self.target)), (here, there))
        eventually(lambda: self.seen(mount, self.target) == there, SOON, "the target as it is")

    @staticmethod
    def try_barrier(directory):
        try:
            barrier(directory)
        except OSError as error:
            # There was nothing to move any more.
            assert error.errno in (errno.ENOENT, errno.ESTALE), error

    def test_a_target_that_takes_nothing(self):
        if self.server_type is not harness.Dovecot or self.server.profile != "full":
            self.skipTest("only Dovecot's full profile has access rights here")
        # Before the mount logs in: Dovecot keeps the rights that a session has seen for a while.
        self.server.doveadm("acl", "set", "-u", self.server.user, self.target, "owner", "lookup", "read")
        mount = self.mount()
        self.read(mount)
        path = mount.files(self.source)[self.uids[0]]
        with self.assertRaises(OSError) as failure:
            os.rename(path, mount.path / self.target / "unwanted.eml")
            barrier(mount.path / self.target)
        self.assertIn(failure.exception.errno, (errno.EACCES, errno.EPERM, errno.EROFS))
        eventually(path.exists, SOON, "the message to come back")
        self.assert_moved(mount)
        unwanted = mount.path / self.target / "unwanted.eml"
        eventually(lambda: not unwanted.exists(), SOON, "the message to go from where it is not wanted")


if __name__ == "__main__":
    harness.main_on_server()
