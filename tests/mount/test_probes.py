#!/usr/bin/env python3
"""What desktops and tools ask of every file system is answered without asking the server."""
import errno
import json
import os
import time

import harness
from harness import eventually

PROBES = (
    ".Trash", ".Trash-1000", ".hidden", ".directory", "autorun.inf", ".xdg-volume-info", ".git", ".hg", ".svn",
    ".DS_Store", ".ignore", ".gitignore", ".rgignore", "desktop.ini", ".editorconfig", "Thumbs.db", ".nomedia",
)  # fmt: skip
ATTRIBUTES = (
    "security.selinux", "security.capability", "security.ima", "system.posix_acl_access", "system.posix_acl_default",
)  # fmt: skip


class Probes(harness.Case):
    @classmethod
    def fill(cls):
        cls.server.seed_sample("INBOX", 20)

    @staticmethod
    def asked(server):
        """Commands that a client sends because somebody asked it, rather than by itself."""
        return [line for line in server.commands() if line.split()[1:2] not in ([b"IDLE"], [b"NOOP"]) and line != b"DONE"]

    @staticmethod
    def is_quiet(mount):
        connections = json.loads((mount.path / ".imapfs/status").read_text())["connections"]
        return all(one["activity"] not in ("connecting", "running") for one in connections)

    def probe(self, mount, path):
        for folder in ("", "INBOX"):
            for name in PROBES:
                self.assertFalse(os.path.lexists(mount.path / folder / name), name)
        for target in (mount.path, mount.path / "INBOX", path):
            for name in ATTRIBUTES:
                with self.assertRaises(OSError) as refused:
                    os.getxattr(target, name)
                self.assertIn(refused.exception.errno, (errno.ENODATA, errno.EOPNOTSUPP), name)
            os.listxattr(target)
            os.stat(target)
            os.statvfs(target)

    def test_probes_send_nothing(self):
        mount = self.mount()
        path = mount.files("INBOX")[1]
        eventually(lambda: self.is_quiet(mount), 20, "all connections to be logged in")
        before = len(self.asked(self.server))
        self.probe(mount, path)
        self.assertEqual(self.asked(self.server)[before:], [])

    def test_probes_are_answered_while_the_server_is_frozen(self):
        mount = self.mount(timeout="20s")
        path = mount.files("INBOX")[1]
        self.server.freeze()
        begun = time.monotonic()
        self.probe(mount, path)
        self.assertLess(time.monotonic() - begun, 5)


if __name__ == "__main__":
    harness.main()
