#!/usr/bin/env python3
"""A message is copied from one place of the mount to another by the server, where the tool lets the kernel do it.

usage: test_copy.py dovecot|cyrus PROFILE [unittest's arguments]
"""
import errno
import os

import harness
from changing import ChangesCase, barrier, commands


class Copy(ChangesCase):
    def setUp(self):
        super().setUp()
        name = self._testMethodName[len("test_") :].replace("_", " ")
        self.source, self.target = "From " + name, "To " + name
        self.uids = self.make(self.source)
        self.make(self.target, 2)
        self.before = {name: self.bodies(name) for name in (self.source, self.target)}
        self.mounted = self.mount()
        self.path = self.mounted.files(self.source)[self.uids[0]]
        self.body = self.path.read_bytes()
        self.there = self.mounted.path / self.target / "copied.eml"
        self.server.forget_commands()

    def assert_copied(self, *bodies):
        """They are in the target, once, and the source is as it was."""
        barrier(self.mounted.path)
        self.assertEqual(self.bodies(self.source), self.before[self.source])
        self.assertEqual(self.bodies(self.target), sorted(self.before[self.target] + list(bodies)))

    def copy_by_kernel(self, source, target):
        """Copies as cp does, but only in this way; returns how many octets that were."""
        with open(source, "rb") as reading:
            size = os.fstat(reading.fileno()).st_size
            writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            copied = 0
            try:
                while copied < size:
                    step = os.copy_file_range(reading.fileno(), writing, size - copied)
                    self.assertGreater(step, 0)
                    copied += step
            finally:
                os.close(writing)
        return copied

    def test_what_the_kernel_copies_the_server_copies(self):
        self.assertEqual(self.copy_by_kernel(self.path, self.there), len(self.body))
        self.assertEqual(self.there.read_bytes(), self.body)
        self.assert_copied(self.body)
        self.assertEqual(self.there.read_bytes(), self.body)
        self.assertEqual(len(commands(self.mounted.traced(), "COPY")), 1)
        self.assertEqual(commands(self.mounted.traced(), "APPEND"), [])
        self.assertEqual(self.server.body_fetches(), [])

    def test_cp(self):
        self.do("cp", self.path, self.mounted.path / self.target)
        self.assert_copied(self.body)
        self.assertEqual((self.there.parent / self.path.name).read_bytes(), self.body)
        self.assertEqual(self.path.read_bytes(), self.body)

    def test_cp_of_all(self):
        paths = [path for uid, path in self.mounted.files(self.source).items() if uid in self.uids]
        bodies = [path.read_bytes() for path in paths]
        self.do("cp", "-p", "-t", self.mounted.path / self.target, *paths)
        self.assert_copied(*bodies)

    def test_cp_within_a_mailbox(self):
        self.do("cp", self.path, self.path.with_name("second one.eml"))
        barrier(self.mounted.path)
        self.assertEqual(self.bodies(self.source), sorted(self.before[self.source] + [self.body]))

    def test_the_copy_has_the_date_and_is_another_message(self):
        self.copy_by_kernel(self.path, self.there)
        barrier(self.mounted.path)
        known = self.foreign[self.target]
        copies = [one for uid, one in self.server.messages(self.target).items() if one.body == self.body and uid not in known]
        self.assertEqual([one.arrival for one in copies], [self.server.messages(self.source)[self.uids[0]].arrival])
        os.setxattr(self.there, "user.imap.flags", rb"+\Flagged")
        os.unlink(self.path)
        barrier(self.mounted.path)
        flagged = [one for one in self.own(self.target).values() if r"\Flagged" in one.flags]
        self.assertEqual([one.body for one in flagged], [self.body])
        self.assertEqual(self.there.read_bytes(), self.body)

    def test_ln_makes_a_copy_or_says_no(self):
        try:
            os.link(self.path, self.there)
        except OSError as error:
            self.assertEqual(error.errno, errno.EPERM)
            self.assert_copied()
        else:
            self.assertEqual(self.there.read_bytes(), self.body)
            self.assert_copied(self.body)
            self.assertEqual(commands(self.mounted.traced(), "APPEND"), [])

    def test_what_the_target_does_not_take_stays_a_file_until_it_is_removed(self):
        if self.server_type is not harness.Dovecot or self.server.profile != "full":
            self.skipTest("only Dovecot's full profile has access rights here")
        # Before the mount logs in: Dovecot keeps the rights that a session has seen for a while.
        self.mounted.unmount()
        self.server.doveadm("acl", "set", "-u", self.server.user, self.target, "owner", "lookup", "read")
        self.mounted.start()
        code, said = self.outcome("cp", self.path, self.there)
        self.assertEqual(code, 1)
        self.assertRegex(said, "Permission denied|Operation not permitted|Read-only file system")
        self.assertIn(self.there.name, os.listdir(self.there.parent))
        self.assertEqual(self.there.read_bytes(), self.body)
        self.do("rm", self.there)
        self.assertFalse(self.there.exists())
        self.assertEqual(commands(self.mounted.traced(), "APPEND"), [])
        self.assert_copied()


if __name__ == "__main__":
    harness.main_on_server()
