#!/usr/bin/env python3
"""What a mount tells of itself: `.imapfs/status` for every program that reads files, and `imapfs status`."""
import json
import os
import shutil
import signal
import time

import harness
from harness import PROGRAM, eventually, run

MESSAGES = 25


class Status(harness.Case):
    @classmethod
    def fill(cls):
        cls.server.seed_sample("INBOX", MESSAGES)

    def status(self, mount):
        return json.loads((mount.path / ".imapfs/status").read_text())

    def printed(self, *arguments, code=0):
        done = run(PROGRAM, "status", *arguments, timeout=20)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout

    def test_while_online(self):
        mount = self.mount()
        paths = mount.files("INBOX")
        for path in paths.values():
            path.read_bytes()
        status = eventually(
            lambda: (lambda now: now["cache"]["bodies"] == MESSAGES and now)(self.status(mount)), what="all in the cache"
        )
        self.assertTrue(status["online"])
        self.assertLessEqual(abs(status["since"] - time.time()), 60)
        self.assertEqual(status["process"], mount.pid)
        self.assertEqual(status["mountpoint"], str(mount.path))
        inbox = next(mailbox for mailbox in status["mailboxes"] if mailbox["folder"] == "INBOX")
        self.assertEqual(inbox["messages"], MESSAGES)
        self.assertEqual(inbox["sync"], "qresync")
        self.assertEqual(status["bodies"]["fetched_messages"], MESSAGES)
        self.assertEqual(status["bodies"]["fetched_bytes"], sum(path.stat().st_size for path in paths.values()))
        self.assertEqual(status["cache"]["messages"], MESSAGES)
        self.assertGreater(status["cache"]["limit_bytes"], 0)
        self.assertNotIn(self.server.password, json.dumps(status))
        eventually(
            lambda: any(one["activity"] == "listening" for one in self.status(mount)["connections"]), what="a connection in IDLE"
        )

    def test_every_program_gets_all_of_it_each_time_anew(self):
        mount = self.mount()
        path = mount.path / ".imapfs/status"
        before = json.loads(run("cat", path).stdout)
        self.assertEqual(before["mailboxes"], [])
        mount.listing("INBOX")
        self.assertEqual(len(json.loads(run("cat", path).stdout)["mailboxes"]), 1)
        self.assertEqual(path.stat().st_ino, path.stat().st_ino)
        copy = mount.directory / "copy"
        for command in (["cp", path, copy], ["cp", "--sparse=always", path, copy], ["dd", "if=%s" % path, "of=%s" % copy]):
            done = run(*command)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("INBOX", copy.read_text())
            json.loads(copy.read_text())
            copy.unlink()
        shutil.copy2(path, copy)
        json.loads(copy.read_text())
        # Who has it open reads on in what was true then.
        with open(path, "rb", buffering=0) as file:
            beginning = file.read(10)
            mount.file("INBOX", 1).read_bytes()
            for _ in range(5):
                self.status(mount)
            whole = beginning + b"".join(iter(lambda: file.read(4096), b""))
            self.assertEqual(len(whole), os.fstat(file.fileno()).st_size)
        self.assertEqual(json.loads(whole)["bodies"]["reads"], 0)
        self.assertEqual(self.status(mount)["bodies"]["reads"], 1)

    def test_it_is_not_walked_into(self):
        mount = self.mount()
        self.assertNotIn(".imapfs", mount.listing())
        self.assertNotIn(".imapfs", run("find", mount.path).stdout)
        self.assertEqual(os.listdir(mount.path / ".imapfs"), ["status"])
        self.assertIn("status", run("ls", "-la", mount.path / ".imapfs").stdout)
        self.assertFalse((mount.path / "INBOX/.imapfs").exists())

    def test_without_the_server(self):
        mount = self.mount()
        path = mount.files("INBOX")[1]
        self.assertTrue(self.status(mount)["online"])
        self.server.kill()
        stopped = time.time()
        self.assertNotEqual(run("cat", path).returncode, 0)
        status = eventually(lambda: (lambda now: not now["online"] and now)(self.status(mount)), what="being offline")
        self.assertTrue(status["reason"])
        self.assertGreaterEqual(status["since"], stopped - 2)
        self.assertTrue(any("offline" in error["text"] for error in status["errors"]), status["errors"])
        text = self.printed(mount.path)
        self.assertRegex(text, r"offline +for \d+ s: .+")
        self.assertIn("last errors", text)

    def test_the_command(self):
        self.assertIn("is not a mount point", run(PROGRAM, "status", self.place).stderr)
        mounts = [self.mount(cache=self.place / ("cache%d" % number)) for number in range(2)]
        text = self.printed(mounts[0].path)
        self.assertTrue(text.startswith("%s on %s\n" % (mounts[0].source, mounts[0].path)), text)
        self.assertRegex(text, r"online +for \d+ s\n")
        self.assertEqual(json.loads(self.printed("--json", mounts[1].path))["mountpoint"], str(mounts[1].path))
        # There may be others of this user, which need not answer: the exit code is theirs, too.
        points = [status["mountpoint"] for status in json.loads(run(PROGRAM, "status", "--json").stdout)]
        text = run(PROGRAM, "status").stdout
        for mount in mounts:
            self.assertIn(str(mount.path), points)
            self.assertIn("%s on %s\n" % (mount.source, mount.path), text)

    def test_a_mount_that_does_not_answer(self):
        mount = self.mount()
        os.kill(mount.pid, signal.SIGSTOP)
        try:
            begun = time.monotonic()
            text = self.printed(mount.path, code=1)
            self.assertIn("does not answer", text)
            self.assertLess(time.monotonic() - begun, 10)
        finally:
            os.kill(mount.pid, signal.SIGCONT)
        self.assertIn("online", self.printed(mount.path))


if __name__ == "__main__":
    harness.main()
