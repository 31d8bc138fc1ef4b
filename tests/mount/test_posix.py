#!/usr/bin/env python3
"""What a call answers, as POSIX and Linux have it, or as is promised for what mail cannot do.

Each row of the tables is one call and the errno that it fails with, several where a system may choose.
"""
import errno
import os
import stat

import harness
from changing import RENAME_EXCHANGE, RENAME_NOREPLACE, ChangesCase, barrier, commands, renameat2

LONGEST, TOO_LONG = "n" * 255, "n" * 256
REFUSED = (errno.EPERM, errno.EACCES)
NO_NAME = (errno.EINVAL, errno.EPERM)
# Every command that changes something at the server.
CHANGES = "STORE|EXPUNGE|COPY|MOVE|APPEND|REPLACE|CREATE|DELETE|RENAME|SUBSCRIBE|UNSUBSCRIBE"


def opened(path, flags, mode=0o600):
    os.close(os.open(path, flags, mode))


def written(path, flags):
    """Opens a file and writes to it: a kernel that is let opens it without asking, and asks when something happens."""
    file = os.open(path, flags)
    try:
        os.write(file, b"x")
    finally:
        os.close(file)


class Posix(ChangesCase):
    def setUp(self):
        super().setUp()
        name = self._testMethodName[len("test_") :].replace("_", " ")
        self.full, self.empty = name, "Empty " + name
        self.uids = self.make(self.full)
        self.server.create(self.empty)
        self.server.create(self.server.delimiter.join((self.empty, "Child")))
        self.server.create("Leaf " + name)
        self.mounted = self.mount()
        root = self.mounted.path
        self.root, self.folder, self.parent, self.leaf = root, root / name, root / self.empty, root / ("Leaf " + name)
        paths = self.mounted.files(name)
        self.message, self.other = paths[self.uids[0]], paths[self.uids[1]]
        self.missing, self.through = self.folder / "missing.eml", self.message / "below.eml"

    def tree(self):
        found = {}
        for place, folders, files in os.walk(self.root):
            for entry in folders + files:
                path = os.path.join(place, entry)
                about = os.lstat(path)
                found[path] = (about.st_mode, about.st_ino, about.st_size, about.st_mtime)
        return found

    def assert_refused(self, rows):
        """Every call fails as its row says, and afterwards all is as before, here and on the server."""
        before, stored = self.tree(), {uid: (one.body, one.flags) for uid, one in self.stored(self.full).items()}
        for what, expected, call in rows:
            with self.subTest(what):
                with self.assertRaises(OSError) as failure:
                    call()
                allowed = expected if isinstance(expected, tuple) else (expected,)
                got = errno.errorcode[failure.exception.errno]
                self.assertIn(got, [errno.errorcode[one] for one in allowed], what)
        self.assertEqual(self.tree(), before)
        barrier(self.root)
        self.assertEqual({uid: (one.body, one.flags) for uid, one in self.stored(self.full).items()}, stored)
        self.assertEqual(commands(self.mounted.traced(), CHANGES), [])

    # --- What fails -------------------------------------------------------------------------------

    def test_unlink(self):
        self.assert_refused((
            ("nothing there", errno.ENOENT, lambda: os.unlink(self.missing)),
            ("a folder", errno.EISDIR, lambda: os.unlink(self.folder)),
            ("below a message", errno.ENOTDIR, lambda: os.unlink(self.through)),
            ("below nothing", errno.ENOENT, lambda: os.unlink(self.root / "no" / "such.eml")),
            ("the longest name", errno.ENOENT, lambda: os.unlink(self.folder / LONGEST)),
            ("a longer name", errno.ENAMETOOLONG, lambda: os.unlink(self.folder / TOO_LONG)),
            ("a slash behind it", errno.ENOTDIR, lambda: os.unlink(str(self.message) + "/")),
            ("the mount's own file", REFUSED, lambda: os.unlink(self.root / ".imapfs/status")),
        ))  # fmt: skip

    def test_rmdir(self):
        self.assert_refused((
            ("nothing there", errno.ENOENT, lambda: os.rmdir(self.root / "Missing")),
            ("a message", errno.ENOTDIR, lambda: os.rmdir(self.message)),
            ("with messages", errno.ENOTEMPTY, lambda: os.rmdir(self.folder)),
            ("with folders", errno.ENOTEMPTY, lambda: os.rmdir(self.parent)),
            ("below a message", errno.ENOTDIR, lambda: os.rmdir(self.through)),
            (".", errno.EINVAL, lambda: os.rmdir(str(self.leaf) + "/.")),
            ("..", errno.ENOTEMPTY, lambda: os.rmdir(str(self.parent / "Child") + "/..")),
            ("the mount", errno.EBUSY, lambda: os.rmdir(self.root)),
            ("INBOX", (errno.ENOTEMPTY, errno.EBUSY, *REFUSED), lambda: os.rmdir(self.root / "INBOX")),
            ("a longer name", errno.ENAMETOOLONG, lambda: os.rmdir(self.root / TOO_LONG)),
            ("the mount's own folder", (errno.ENOTEMPTY, *REFUSED), lambda: os.rmdir(self.root / ".imapfs")),
        ))  # fmt: skip

    def test_mkdir(self):
        self.assert_refused((
            ("a folder of this name", errno.EEXIST, lambda: os.mkdir(self.folder)),
            ("a message of this name", errno.EEXIST, lambda: os.mkdir(self.message)),
            ("the mount", errno.EEXIST, lambda: os.mkdir(self.root)),
            ("INBOX", errno.EEXIST, lambda: os.mkdir(self.root / "INBOX")),
            (".", errno.EEXIST, lambda: os.mkdir(str(self.folder) + "/.")),
            ("below nothing", errno.ENOENT, lambda: os.mkdir(self.root / "Missing" / "New")),
            ("below a message", errno.ENOTDIR, lambda: os.mkdir(self.through)),
            ("a longer name", errno.ENAMETOOLONG, lambda: os.mkdir(self.root / TOO_LONG)),
            ("what a desktop makes", NO_NAME, lambda: os.mkdir(self.root / ".Trash-1000")),
            ("the mount's own name", (errno.EEXIST, *NO_NAME), lambda: os.mkdir(self.root / ".imapfs")),
            ("in the mount's own folder", NO_NAME, lambda: os.mkdir(self.root / ".imapfs" / "New")),
            ("a name that looks like a message's", NO_NAME, lambda: os.mkdir(self.folder / "17.eml")),
        ))  # fmt: skip

    def test_rename_of_a_message(self):
        self.assert_refused((
            ("nothing there", errno.ENOENT, lambda: os.rename(self.missing, self.folder / "new.eml")),
            ("to a folder that is not there", errno.ENOENT, lambda: os.rename(self.message, self.root / "No" / "new.eml")),
            ("onto a folder", errno.EISDIR, lambda: os.rename(self.message, self.leaf)),
            ("below a message", errno.ENOTDIR, lambda: os.rename(self.message, self.other / "new.eml")),
            ("from below a message", errno.ENOTDIR, lambda: os.rename(self.through, self.folder / "new.eml")),
            ("to a longer name", errno.ENAMETOOLONG, lambda: os.rename(self.message, self.folder / TOO_LONG)),
            ("from a longer name", errno.ENAMETOOLONG, lambda: os.rename(self.folder / TOO_LONG, self.message)),
            ("to where no mail is", NO_NAME + (errno.EACCES,), lambda: os.rename(self.message, self.root / "new.eml")),
            ("to a hidden name", NO_NAME, lambda: os.rename(self.message, self.folder / ".hidden")),
            ("onto the mount's own file", REFUSED, lambda: os.rename(self.message, self.root / ".imapfs/status")),
            ("of the mount's own file", REFUSED, lambda: os.rename(self.root / ".imapfs/status", self.folder / "new.eml")),
            ("out of the mount", errno.EXDEV, lambda: os.rename(self.message, self.place / "new.eml")),
            ("onto another, unless it is there", errno.EEXIST, lambda: renameat2(self.message, self.other, RENAME_NOREPLACE)),
            ("exchanging two", errno.EINVAL, lambda: renameat2(self.message, self.other, RENAME_EXCHANGE)),
        ))  # fmt: skip

    def test_rename_of_a_folder(self):
        self.assert_refused((
            ("nothing there", errno.ENOENT, lambda: os.rename(self.root / "Missing", self.root / "New")),
            ("into itself", errno.EINVAL, lambda: os.rename(self.parent, self.parent / "New")),
            ("into its child", errno.EINVAL, lambda: os.rename(self.parent, self.parent / "Child" / "New")),
            ("onto its parent", errno.ENOTEMPTY, lambda: os.rename(self.parent / "Child", self.parent)),
            ("onto a message", errno.ENOTDIR, lambda: os.rename(self.leaf, self.message)),
            ("onto one with messages", errno.ENOTEMPTY, lambda: os.rename(self.leaf, self.folder)),
            ("onto one with folders", errno.ENOTEMPTY, lambda: os.rename(self.leaf, self.parent)),
            ("to below nothing", errno.ENOENT, lambda: os.rename(self.leaf, self.root / "Missing" / "New")),
            ("INBOX", (errno.EBUSY, *REFUSED), lambda: os.rename(self.root / "INBOX", self.root / "Old inbox")),
            ("the mount", (errno.EBUSY, errno.EXDEV), lambda: os.rename(self.root, self.root.with_name("moved"))),
            (".", (errno.EBUSY, errno.EINVAL), lambda: os.rename(str(self.leaf) + "/.", self.root / "New")),
            ("to a hidden name", NO_NAME, lambda: os.rename(self.leaf, self.root / ".Trash-1000")),
            ("to a longer name", errno.ENAMETOOLONG, lambda: os.rename(self.leaf, self.root / TOO_LONG)),
            ("exchanging two", errno.EINVAL, lambda: renameat2(self.leaf, self.folder, RENAME_EXCHANGE)),
        ))  # fmt: skip

    def test_open(self):
        self.assert_refused((
            ("nothing there", errno.ENOENT, lambda: opened(self.missing, os.O_RDONLY)),
            ("to write into a message", errno.EPERM, lambda: written(self.message, os.O_WRONLY)),
            ("to read and write", errno.EPERM, lambda: written(self.message, os.O_RDWR)),
            ("to append to it", errno.EPERM, lambda: written(self.message, os.O_WRONLY | os.O_APPEND)),
            ("to begin it anew", errno.EPERM, lambda: opened(self.message, os.O_WRONLY | os.O_TRUNC)),
            ("to begin it anew and read", errno.EPERM, lambda: opened(self.message, os.O_RDONLY | os.O_TRUNC)),
            ("to make what is there", errno.EEXIST, lambda: opened(self.message, os.O_WRONLY | os.O_CREAT | os.O_EXCL)),
            ("to make what is a folder", errno.EISDIR, lambda: opened(self.leaf, os.O_WRONLY | os.O_CREAT)),
            ("to write into a folder", errno.EISDIR, lambda: opened(self.folder, os.O_WRONLY)),
            ("a message as a folder", errno.ENOTDIR, lambda: opened(self.message, os.O_RDONLY | os.O_DIRECTORY)),
            ("below a message", errno.ENOTDIR, lambda: opened(self.through, os.O_RDONLY)),
            ("to make below nothing", errno.ENOENT, lambda: opened(self.root / "No/new.eml", os.O_WRONLY | os.O_CREAT)),
            ("a longer name", errno.ENAMETOOLONG, lambda: opened(self.folder / TOO_LONG, os.O_RDONLY)),
            ("to make a longer name", errno.ENAMETOOLONG, lambda: opened(self.folder / TOO_LONG, os.O_WRONLY | os.O_CREAT)),
            ("to write into the mount's own file", REFUSED, lambda: written(self.root / ".imapfs/status", os.O_WRONLY)),
            ("a folder as a file", errno.EISDIR, lambda: self.folder.read_bytes()),
            ("a message as a folder's list", errno.ENOTDIR, lambda: os.listdir(self.message)),
        ))  # fmt: skip

    def test_what_mail_has_not(self):
        new = self.folder / "new.eml"
        self.assert_refused((
            ("symlink", errno.EPERM, lambda: os.symlink("/etc/hostname", new)),
            ("mkfifo", errno.EPERM, lambda: os.mkfifo(new)),
            ("mknod of a socket", errno.EPERM, lambda: os.mknod(new, stat.S_IFSOCK | 0o600)),
            ("link to a folder", errno.EPERM, lambda: os.link(self.leaf, self.root / "New")),
            ("link to what is there", errno.EEXIST, lambda: os.link(self.message, self.other)),
            ("link to nothing", errno.ENOENT, lambda: os.link(self.missing, new)),
            ("symlink onto what is there", errno.EEXIST, lambda: os.symlink("x", self.message)),
            ("readlink", errno.EINVAL, lambda: os.readlink(self.message)),
            ("truncate", errno.EPERM, lambda: os.truncate(self.message, 0)),
            ("make longer", errno.EPERM, lambda: os.truncate(self.message, self.message.stat().st_size + 1)),
            ("truncate a folder", errno.EISDIR, lambda: os.truncate(self.folder, 0)),
            ("truncate nothing", errno.ENOENT, lambda: os.truncate(self.missing, 0)),
            ("attributes that are not kept", (errno.EPERM, errno.ENOTSUP), lambda: os.setxattr(self.message, "user.x", b"1")),
            ("an attribute that is not there", errno.ENODATA, lambda: os.getxattr(self.message, "user.x")),
        ))  # fmt: skip

    # --- What works -------------------------------------------------------------------------------

    def test_what_tools_do_by_the_way(self):
        """It succeeds and changes nothing."""
        before = self.message.stat()
        for what, call in (
            ("utimes", lambda: os.utime(self.message, (1, 1))),
            ("utimes now", lambda: os.utime(self.message)),
            ("chmod as it is", lambda: os.chmod(self.message, stat.S_IMODE(before.st_mode))),
            ("chmod", lambda: os.chmod(self.message, 0o644)),
            ("chown as it is", lambda: os.chown(self.message, before.st_uid, before.st_gid)),
            ("chown to another, as cp -p does", lambda: os.chown(self.message, 12345, -1)),
            ("chown of nothing", lambda: os.chown(self.message, -1, -1)),
            ("utimes of a folder", lambda: os.utime(self.folder, (1, 1))),
            ("chmod of a folder", lambda: os.chmod(self.folder, 0o755)),
        ):
            with self.subTest(what):
                call()
        barrier(self.folder)
        after = self.message.stat()
        for field in ("st_mode", "st_ino", "st_uid", "st_gid", "st_size", "st_mtime"):
            self.assertEqual(getattr(after, field), getattr(before, field), field)
        self.assertEqual(commands(self.mounted.traced(), CHANGES), [])

    def test_unlink_and_rename(self):
        about = self.message.stat()
        os.rename(self.message, self.message)
        renamed = self.folder / (LONGEST[:251] + ".eml")
        os.rename(self.message, renamed)
        self.assertEqual(renamed.stat().st_ino, about.st_ino)
        with self.assertRaises(FileNotFoundError):
            os.stat(self.message)
        os.rename(renamed, self.other)
        self.assertEqual(self.other.stat().st_ino, about.st_ino)
        with self.assertRaises(FileNotFoundError):
            os.stat(renamed)
        os.unlink(self.other)
        for path in (self.message, renamed, self.other):
            self.assertFalse(path.exists())
        barrier(self.folder)
        self.assertEqual(sorted(self.own(self.full)), self.uids[2:])

    def test_mkdir_and_rmdir(self):
        new = self.root / "New one"
        os.mkdir(new)
        self.assertTrue(stat.S_ISDIR(os.stat(new).st_mode))
        self.assertEqual(os.listdir(new), [])
        os.mkdir(new / "Below")
        self.assertEqual(os.listdir(new), ["Below"])
        os.rename(new / "Below", self.root / "Beside")
        self.assertEqual(os.listdir(new), [])
        os.rmdir(new)
        os.rmdir(self.root / "Beside")
        self.assertFalse(new.exists())
        self.assertEqual({"New one", "Beside"} & self.server.mailboxes().keys(), set())


if __name__ == "__main__":
    harness.main()
