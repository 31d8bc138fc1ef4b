#!/usr/bin/env python3
"""What other clients and the server's administrator do shows up, and spoils nothing else."""
import os

import harness
from harness import eventually, quoted, run, sha256

SOON = 20  # seconds: "within seconds", on a busy machine


class Changes(harness.Case):
    @classmethod
    def fill(cls):
        cls.server.seed_sample("INBOX", 12)

    def mailbox(self, name, count=8, seed=7):
        self.server.seed_sample(name, count, seed)
        return name

    def test_new_mail_shows_up(self):
        name = self.mailbox("Arriving")
        mount = self.mount()
        self.assertEqual(len(mount.files(name)), 8)
        self.server.append(name, b"Subject: fresh\n\njust arrived\n")
        files = eventually(lambda: 9 in mount.files(name) and mount.files(name), SOON, "the new message")
        self.assertIn(b"just arrived", files[9].read_bytes())

    def test_deleted_mail_goes(self):
        name = self.mailbox("Leaving")
        mount = self.mount()
        gone = mount.files(name)[3]
        gone.read_bytes()
        self.server.doveadm("expunge", "-u", self.server.user, "mailbox", self.server.full_name(name), "uid", "3")
        eventually(lambda: 3 not in mount.files(name), SOON, "the message to go")
        self.assertEqual(sorted(mount.files(name)), [1, 2, 4, 5, 6, 7, 8])
        eventually(lambda: not gone.exists(), SOON, "its name to go")
        self.assert_same_messages(mount, name)

    def test_folders_come_and_go(self):
        name = self.mailbox("Temporary")
        mount = self.mount()
        self.assertIn(name, mount.listing())
        with self.server.client() as client:
            client.create(quoted("Brand new"))
            client.delete(quoted(name))
        eventually(lambda: "Brand new" in mount.listing() and name not in mount.listing(), SOON, "the folders")
        self.assertEqual(mount.listing("Brand new"), [])

    def test_another_uidvalidity_drops_that_mailbox_alone(self):
        changed, kept = self.mailbox("Changed", 6, 3), self.mailbox("Kept", 6, 4)
        first = self.mount()
        for name in (changed, kept):
            self.assert_same_messages(first, name)
        numbers = {name: {os.stat(path).st_ino for path in first.files(name).values()} for name in (changed, kept)}
        first.unmount()
        self.new_uidvalidity(changed)
        self.server.forget_commands()
        second = self.mount(cache=first.cache)
        for name in (changed, kept):
            self.assert_same_messages(second, name)
        self.assertEqual(self.server.mailboxes_with_body_fetches(), {changed})
        again = {name: {os.stat(path).st_ino for path in second.files(name).values()} for name in (changed, kept)}
        self.assertEqual(again[kept], numbers[kept])
        self.assertEqual(again[changed] & numbers[changed], set())

    def test_another_uidvalidity_with_other_messages_serves_the_new_ones(self):
        name = self.mailbox("Replaced", 5, 5)
        first = self.mount()
        old = {uid: sha256(path.read_bytes()) for uid, path in first.files(name).items()}
        first.unmount()
        # Deleted and made again: the same UIDs, other messages.
        with self.server.client() as client:
            client.delete(quoted(name))
        self.mailbox(name, 5, 6)
        self.new_uidvalidity(name)
        second = self.mount(cache=first.cache)
        files = self.assert_same_messages(second, name)
        self.assertEqual(sorted(files), sorted(old))
        self.assertNotEqual({uid: sha256(path.read_bytes()) for uid, path in files.items()}, old)

    def test_another_uidvalidity_while_mounted(self):
        name = self.mailbox("Live", 5, 8)
        mount = self.mount()
        before = {os.stat(path).st_ino for path in mount.files(name).values()}
        self.new_uidvalidity(name)

        def renumbered():
            paths = mount.files(name).values()
            return len(paths) == 5 and not before & {os.stat(path).st_ino for path in paths}

        eventually(renumbered, SOON, "the mailbox to be read anew")
        self.assert_same_messages(mount, name)

    def new_uidvalidity(self, mailbox):
        self.server.doveadm(
            "mailbox", "update", "-u", self.server.user, "--uid-validity", "4711", self.server.full_name(mailbox)
        )

    def test_mail_that_arrived_while_unmounted_is_there(self):
        name = self.mailbox("Offline")
        first = self.mount()
        self.assert_same_messages(first, name)
        first.unmount()
        self.server.append(name, b"Subject: later\n\nwhile nobody looked\n")
        self.server.doveadm("expunge", "-u", self.server.user, "mailbox", self.server.full_name(name), "uid", "2")
        self.server.forget_commands()
        second = self.mount(cache=first.cache)
        files = self.assert_same_messages(second, name)
        self.assertEqual(sorted(files), [1, 3, 4, 5, 6, 7, 8, 9])
        self.assertEqual(len(self.server.body_fetches()), 1, self.server.body_fetches())

    def test_an_open_file_of_a_deleted_message_never_shows_another(self):
        name = self.mailbox("Open")
        mount = self.mount()
        path = mount.files(name)[5]
        truth = self.server.messages(name)[5].body
        with open(path, "rb") as file:
            self.server.doveadm("expunge", "-u", self.server.user, "mailbox", self.server.full_name(name), "uid", "5")
            eventually(lambda: 5 not in mount.files(name), SOON, "the message to go")
            try:
                self.assertEqual(file.read(), truth)
            except OSError:
                pass  # ESTALE, where it had not been fetched
        self.assertNotEqual(run("cat", path).returncode, 0)


if __name__ == "__main__":
    harness.main()
