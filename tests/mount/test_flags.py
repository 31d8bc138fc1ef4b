#!/usr/bin/env python3
"""Flags are an attribute of the file: set as a whole or one by one, and shown to other clients.

usage: test_flags.py dovecot|cyrus PROFILE [unittest's arguments]
"""
import errno
import os
import time

import harness
from changing import ChangesCase, barrier
from harness import PROGRAM, eventually, run

NAME = "user.imap.flags"
AT_ONCE = 1  # second in which another client has to see a change
SLACK = 2  # seconds, on a busy machine


class Flags(ChangesCase):
    def setUp(self):
        super().setUp()
        self.name = self._testMethodName[len("test_") :].replace("_", " ")
        self.uids = self.make(self.name)
        self.server.change(self.name, ("STORE", str(self.uids[0]), "+FLAGS.SILENT", r"(\Answered Old)"))

    def flags(self, path):
        return frozenset(os.getxattr(path, NAME).decode().split())

    def assert_flags(self, mount, uid, *expected):
        """In the mount at once, and on the server behind a barrier."""
        path = mount.file(self.name, uid)
        self.assertEqual(self.flags(path), frozenset(expected))
        barrier(path.parent)
        self.assertEqual(self.server.flags(self.name)[uid], frozenset(expected))
        self.assertEqual(self.flags(path), frozenset(expected))

    def test_all_at_once(self):
        mount = self.mount()
        path = mount.file(self.name, self.uids[0])
        self.assertEqual(self.flags(path), {r"\Answered", "Old"})
        self.do("setfattr", "-n", NAME, "-v", r"\\Seen \\Flagged Project7", path)
        self.assert_flags(mount, self.uids[0], r"\Seen", r"\Flagged", "Project7")
        said = run("getfattr", "-d", "-m", "^user.imap.", path).stdout
        self.assertRegex(said, r"user\.imap\.flags=.*Seen")

    def test_none(self):
        mount = self.mount()
        os.setxattr(mount.file(self.name, self.uids[0]), NAME, b"")
        self.assert_flags(mount, self.uids[0])

    def test_removing_the_attribute_removes_the_flags(self):
        mount = self.mount()
        path = mount.file(self.name, self.uids[0])
        try:
            os.removexattr(path, NAME)
        except OSError as error:
            self.assertIn(error.errno, (errno.EPERM, errno.ENOTSUP))
            self.assert_flags(mount, self.uids[0], r"\Answered", "Old")
        else:
            self.assert_flags(mount, self.uids[0])

    def test_relative_to_what_is_there(self):
        mount = self.mount()
        path = mount.file(self.name, self.uids[0])
        os.setxattr(path, NAME, rb"+\Seen +New")
        self.assert_flags(mount, self.uids[0], r"\Answered", r"\Seen", "Old", "New")
        os.setxattr(path, NAME, rb"-\Answered -Old +\Flagged")
        self.assert_flags(mount, self.uids[0], r"\Seen", r"\Flagged", "New")
        # What another client has added meanwhile stays.
        self.server.change(self.name, ("STORE", str(self.uids[0]), "+FLAGS.SILENT", "(Theirs)"))
        os.setxattr(path, NAME, b"+Ours")
        barrier(path.parent)
        self.assertEqual(self.server.flags(self.name)[self.uids[0]], {r"\Seen", r"\Flagged", "New", "Theirs", "Ours"})

    def test_changes_in_a_row(self):
        mount = self.mount()
        path = mount.file(self.name, self.uids[1])
        for number in range(20):
            os.setxattr(path, NAME, rb"+\Seen" if number % 2 == 0 else rb"-\Seen")
        os.setxattr(path, NAME, rb"+\Flagged")
        self.assert_flags(mount, self.uids[1], r"\Flagged")

    def test_what_is_no_flag_is_refused(self):
        mount = self.mount()
        path = mount.file(self.name, self.uids[0])
        for value in (rb"\Nonsense", rb"\Recent", b"two(parts", b"{5}", b'"quoted"', b"per%cent", b"st*r", b"br]acket",
                      b"\\Seen\r\nA1 LOGOUT", b"K\xc3\xa4se", b"+", b"-", b"nul\0", rb"+\Seen Project7", b"\x01"):  # fmt: skip
            with self.subTest(value), self.assertRaises(OSError) as failure:
                os.setxattr(path, NAME, value)
            self.assertEqual(failure.exception.errno, errno.EINVAL, value)
        self.assert_flags(mount, self.uids[0], r"\Answered", "Old")

    def test_other_attributes_are_not_kept(self):
        mount = self.mount()
        path = mount.file(self.name, self.uids[0])
        for name in ("user.note", "user.imap.uid", "user.mime_type"):
            with self.subTest(name), self.assertRaises(OSError) as failure:
                os.setxattr(path, name, b"1")
            self.assertIn(failure.exception.errno, (errno.EPERM, errno.ENOTSUP))

    def test_the_command(self):
        mount = self.mount()
        paths = [mount.file(self.name, uid) for uid in self.uids[:3]]
        done = run(PROGRAM, "flag", *paths, "+seen", "-answered", "+Project7")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        barrier(mount.path / self.name)
        flags = self.server.flags(self.name)
        self.assertEqual(flags[self.uids[0]], {r"\Seen", "Old", "Project7"})
        self.assertEqual([flags[uid] for uid in self.uids[1:3]], [{r"\Seen", "Project7"}] * 2)
        for arguments in (["flag", paths[0]], ["flag", "+seen"]):
            self.assertEqual(run(PROGRAM, *arguments).returncode, 2, arguments)
        self.assertEqual(run(PROGRAM, "flag", mount.path / self.name / "none.eml", "+seen").returncode, 1)

    def test_another_client_sees_it_soon(self):
        mount = self.mount()
        path = mount.file(self.name, self.uids[2])
        path.stat()
        begun = time.monotonic()
        os.setxattr(path, NAME, rb"+\Flagged")
        eventually(lambda: r"\Flagged" in self.server.flags(self.name)[self.uids[2]], AT_ONCE + SLACK, "the flag")
        print("shown to another client after %.2f s" % (time.monotonic() - begun))

    def test_reading_and_moving_change_no_flags(self):
        mount = self.mount()
        for path in mount.files(self.name).values():
            path.read_bytes()
        barrier(mount.path)
        self.assertEqual(self.server.flags(self.name)[self.uids[1]], frozenset())
        self.assertEqual(self.server.flags(self.name)[self.uids[0]], {r"\Answered", "Old"})

    def test_taking_away_anothers_mark_as_deleted_is_the_users_will(self):
        mount = self.mount()
        marked = min(self.foreign[self.name])
        self.foreign[self.name].pop(marked)
        os.setxattr(mount.file(self.name, marked), NAME, rb"-\Deleted")
        self.assert_flags(mount, marked)


if __name__ == "__main__":
    harness.main_on_server()
