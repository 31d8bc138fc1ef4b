#!/usr/bin/env python3
"""A read-only mount refuses every change, and shows attributes that stay."""
import errno
import os
import stat

import harness
from harness import run


class ReadOnly(harness.Case):
    @classmethod
    def fill(cls):
        cls.server.seed_sample("INBOX", 30)
        cls.server.seed_sample("Lists/Choir", 30, seed=2)

    def test_every_change_is_refused(self):
        mount = self.mount("--read-only")
        inbox, lists = mount.path / "INBOX", mount.path / "Lists"
        one, two = list(mount.files("INBOX").values())[:2]
        changes = {
            "touch": lambda: os.utime(one),
            "create": lambda: os.open(inbox / "new.eml", os.O_CREAT | os.O_WRONLY),
            "create beside folders": lambda: os.open(mount.path / "new.eml", os.O_CREAT | os.O_WRONLY),
            "open for writing": lambda: os.open(one, os.O_WRONLY),
            "open for appending": lambda: os.open(one, os.O_RDWR | os.O_APPEND),
            "truncate": lambda: os.truncate(one, 0),
            "remove": lambda: os.unlink(one),
            "remove by number": lambda: os.unlink(mount.file("INBOX", 1)),
            "rename": lambda: os.rename(one, inbox / "other.eml"),
            "move over another": lambda: os.rename(one, two),
            "move to a folder": lambda: os.rename(one, lists / "Choir" / one.name),
            "mkdir": lambda: os.mkdir(mount.path / "New"),
            "mkdir within": lambda: os.mkdir(lists / "New"),
            "rmdir": lambda: os.rmdir(lists / "Choir"),
            "rename a folder": lambda: os.rename(lists, mount.path / "Lists2"),
            "chmod": lambda: os.chmod(one, 0o600),
            "chmod of a folder": lambda: os.chmod(inbox, 0o700),
            "chown": lambda: os.chown(one, os.getuid(), os.getgid()),
            "link": lambda: os.link(one, inbox / "linked.eml"),
            "symlink": lambda: os.symlink("/etc/passwd", inbox / "symbolic"),
            "mkfifo": lambda: os.mkfifo(inbox / "fifo"),
            "set an attribute": lambda: os.setxattr(one, "user.note", b"x"),
            "set flags": lambda: os.setxattr(one, "user.imap.flags", b"\\Seen"),
            "remove an attribute": lambda: os.removexattr(one, "user.note"),
        }
        before = run("ls", "-l", "-R", mount.path).stdout
        for name, change in changes.items():
            with self.subTest(name), self.assertRaises(OSError) as refused:
                change()
            self.assertEqual(refused.exception.errno, errno.EROFS, name)
        self.assertEqual(run("ls", "-l", "-R", mount.path).stdout, before)

    def test_the_tools_say_so(self):
        mount = self.mount("--read-only")
        file = mount.files("INBOX")[1]
        for command in (
            ("touch", file),
            ("touch", mount.path / "INBOX/x"),
            ("mkdir", mount.path / "x"),
            ("rm", "-f", file),
            ("rm", "-r", "-f", mount.path / "Lists"),
            ("mv", file, mount.path / "Lists/Choir"),
            ("cp", "/etc/hostname", mount.path / "INBOX"),
            ("chmod", "u+w", file),
            ("ln", file, mount.path / "INBOX/x"),
            ("truncate", "-s", "0", file),
            ("setfattr", "-n", "user.x", "-v", "1", file),
        ):
            done = run(*command, env={**os.environ, "LC_ALL": "C"})
            self.assertNotEqual(done.returncode, 0, command)
            self.assertIn("Read-only file system", done.stderr, command)

    def test_modes_owner_and_times(self):
        mount = self.mount("--read-only")
        for folder in ("", "INBOX", "Lists", "Lists/Choir"):
            status = os.stat(mount.path / folder)
            self.assertEqual(stat.S_IMODE(status.st_mode), 0o500, folder)
            self.assertTrue(stat.S_ISDIR(status.st_mode))
            self.assertEqual((status.st_uid, status.st_gid), (os.getuid(), os.getgid()))
        for mailbox in ("INBOX", "Lists/Choir"):
            messages = self.server.messages(mailbox)
            for uid, path in mount.files(mailbox).items():
                status = os.stat(path)
                self.assertEqual(stat.S_IMODE(status.st_mode), 0o400)
                self.assertTrue(stat.S_ISREG(status.st_mode))
                self.assertEqual((status.st_uid, status.st_gid), (os.getuid(), os.getgid()))
                self.assertEqual(int(status.st_mtime), messages[uid].arrival)
                self.assertEqual(status.st_size, len(messages[uid].body))

    def test_inode_numbers_last(self):
        def numbers(mount):
            return {
                os.path.relpath(os.path.join(folder, name), mount.path): os.lstat(os.path.join(folder, name)).st_ino
                for folder, folders, files in os.walk(mount.path)
                for name in folders + files
            }

        first = self.mount("--read-only")
        before = numbers(first)
        self.assertEqual(len(set(before.values())), len(before))
        first.unmount()
        self.assertEqual(numbers(self.mount("--read-only", cache=first.cache)), before)

    def test_the_mount_is_what_it_says(self):
        mount = self.mount("--read-only")
        with open("/proc/self/mounts", encoding="utf-8") as mounts:
            (line,) = [line for line in mounts if line.split()[1] == str(mount.path)]
        _, _, kind, options, *_ = line.split()
        self.assertEqual(kind, "fuse.imapfs")
        for option in ("ro", "nosuid", "nodev"):
            self.assertIn(option, options.split(","))
        self.assertNotIn(self.server.password, line)

    def test_without_the_option_modes_are_those_of_what_can_be_changed(self):
        mount = self.mount()
        self.assertEqual(stat.S_IMODE(os.stat(mount.path / "INBOX").st_mode), 0o700)
        self.assertEqual(stat.S_IMODE(os.stat(mount.files("INBOX")[1]).st_mode), 0o600)
        with open("/proc/self/mounts", encoding="utf-8") as mounts:
            (line,) = [line for line in mounts if line.split()[1] == str(mount.path)]
        self.assertIn("rw", line.split()[3].split(","))

    def test_the_file_system_has_figures(self):
        figures = os.statvfs(self.mount("--read-only").path)
        self.assertGreaterEqual(figures.f_namemax, 255)
        self.assertGreater(figures.f_bsize, 0)


if __name__ == "__main__":
    harness.main()
