#!/usr/bin/env python3
"""Every message is a file with exactly the bytes that the server has, and reading changes nothing."""
import mmap
import os
import re
import shutil

import harness
from harness import run, sha256

MAILBOXES = {"INBOX": 40, "Lists/Gardening": 130, "Lists/Gardening/2019": 30, "Größenwahn": 20}
WORDS = (
    "quillfeather", "mothwing", "copperkettle", "harbour", "Subject:", "example.org", "the",
    "boundary", "Grüße", "=?utf-8?B?", "=E4", "wordwhichisnowhere",
)  # fmt: skip


class Content(harness.Case):
    @classmethod
    def fill(cls):
        for seed, (mailbox, count) in enumerate(MAILBOXES.items(), 1):
            cls.server.seed_sample(mailbox, count, seed)
        cls.truth = {mailbox: cls.server.messages(mailbox) for mailbox in MAILBOXES}

    def test_every_file_equals_its_message(self):
        mount = self.mount()
        for mailbox, messages in self.truth.items():
            self.assert_same_messages(mount, mailbox, messages)

    def test_on_the_profile_without_extensions_too(self):
        server = harness.Dovecot(os.path.join(self.scratch, "bare"), "bare")
        self.addCleanup(server.kill)
        for seed, (mailbox, count) in enumerate(MAILBOXES.items(), 1):
            server.seed_sample(mailbox.replace("/", "."), count, seed)
        mount = harness.Mount(server, self.place / "bare")
        self.addCleanup(mount.destroy)
        mount.start()
        for mailbox, messages in self.truth.items():
            self.assert_same_messages(mount, mailbox, messages)

    def test_grep_counts_what_is_in_the_messages(self):
        mount = self.mount()
        files = {
            str(path): self.truth[mailbox][uid].body
            for mailbox in MAILBOXES
            for uid, path in mount.files(mailbox).items()
        }
        for word in WORDS:
            found = run("grep", "-r", "-c", "-a", "-F", "-Z", "-e", word, mount.path, env={**os.environ, "LC_ALL": "C"})
            counts = dict(line.split("\0") for line in found.stdout.splitlines())
            expected = {
                path: str(sum(word.encode() in line for line in body.split(b"\n"))) for path, body in files.items()
            }
            self.assertEqual(counts, expected, word)

    def test_nothing_becomes_read(self):
        before = self.server.unseen(*MAILBOXES)
        self.assertGreater(min(before.values()), 0)
        mount = self.mount()
        run("grep", "-r", "nothing-of-this-kind", mount.path)
        run("cat", *[path for mailbox in MAILBOXES for path in mount.files(mailbox).values()])
        self.assertEqual(self.server.unseen(*MAILBOXES), before)
        mount.unmount()
        self.assertEqual(self.server.unseen(*MAILBOXES), before)

    def test_a_second_mount_fetches_no_body(self):
        first = self.mount()
        found = run("grep", "-r", "-l", "copperkettle", first.path).stdout.splitlines()
        self.assertGreater(len(found), 10)
        first.unmount()
        self.assertGreater(len(self.server.body_fetches()), 0)
        self.server.forget_commands()
        second = self.mount(cache=first.cache)
        again = run("grep", "-r", "-l", "copperkettle", second.path).stdout.splitlines()
        self.assertEqual(
            sorted(os.path.relpath(path, second.path) for path in again),
            sorted(os.path.relpath(path, first.path) for path in found),
        )
        self.assertEqual(self.server.body_fetches(), [])
        fetches = [line for line in second.traced().splitlines() if "C: " in line and " FETCH " in line]
        self.assertFalse([line for line in fetches if harness.FETCHES_BODY.search(line.encode())])
        for mailbox, messages in self.truth.items():
            self.assert_same_messages(second, mailbox, messages)

    def test_listing_fetches_no_body(self):
        self.server.forget_commands()
        mount = self.mount()
        listed = run("ls", "-l", "-R", mount.path)
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertEqual(len(re.findall(r"\.eml$", listed.stdout, re.M)), sum(MAILBOXES.values()))
        self.assertEqual(self.server.body_fetches(), [])

    def test_the_usual_tools_agree(self):
        mount = self.mount()
        sizes = [len(message.body) for messages in self.truth.values() for message in messages.values()]
        big = run("find", mount.path, "-type", "f", "-size", "+20000c").stdout.splitlines()
        self.assertEqual(len(big), sum(size > 20000 for size in sizes))
        total = run("du", "--apparent-size", "-b", "-s", mount.path)
        self.assertEqual(total.returncode, 0, total.stderr)
        archive = self.place / "all.tar"
        packed = run("tar", "-c", "-f", archive, "-C", mount.path, ".")
        # tar complains when a file has not the size that stat told.
        self.assertEqual((packed.returncode, packed.stderr), (0, ""))
        if shutil.which("rg"):
            rg = run("rg", "-l", "-a", "--no-ignore", "--hidden", "copperkettle", mount.path).stdout.splitlines()
            expected = sum(
                b"copperkettle" in message.body for messages in self.truth.values() for message in messages.values()
            )
            self.assertEqual(len(rg), expected)

    def test_any_part_of_a_file_can_be_read(self):
        mount = self.mount()
        uid, message = max(self.truth["Lists/Gardening"].items(), key=lambda item: len(item[1].body))
        path = mount.files("Lists/Gardening")[uid]
        with open(path, "rb", buffering=0) as file:
            for offset, length in ((len(message.body) - 10, 100), (0, 1), (4095, 2), (len(message.body), 10)):
                self.assertEqual(os.pread(file.fileno(), length, offset), message.body[offset : offset + length])
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as view:
            self.assertEqual(sha256(view[:]), sha256(message.body))


if __name__ == "__main__":
    harness.main()
