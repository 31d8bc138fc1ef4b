#!/usr/bin/env python3
"""The same promises on every kind of server, over TLS from the first byte on and over STARTTLS.

usage: test_every_server.py dovecot|cyrus PROFILE [unittest's arguments]

What a server cannot have (a name, a message that is none) is found out by asking it.
"""
import functools
import os
import urllib.parse

import harness
from harness import eventually, run

SOON = 20  # seconds: "within seconds", on a busy machine
ODD_WAYS = 44  # as many messages as make_mail has ways of being odd, or more
ANYWHERE = ("R&D", "Grüße aus Köln", "日本 📬", "it's")
SOMEWHERE = ("50%", "%2F", "*", "star*", 'say "hi"', "back\\slash")
WORDS = ("quillfeather", "copperkettle", "harbour", "Grüße", "=?utf-8?B?", "wordwhichisnowhere")


def over_tls_and_starttls(test):
    """Runs a test for either way to TLS, and what it leaves to clean up in between."""

    @functools.wraps(test)
    def both(self):
        for self.tls in ("implicit", "starttls"):
            with self.subTest(tls=self.tls):
                try:
                    test(self)
                finally:
                    self.doCleanups()

    return both


class EveryServer(harness.Case):
    @classmethod
    def fill(cls):
        server = cls.server
        cls.normal, cls.odd = server.delimiter.join(("Lists", "Gardening")), "Odd ones"
        own_names = ("a/b",) if server.delimiter != "/" else ("a.b",)
        cls.named = server.create_where_allowed(*ANYWHERE, *SOMEWHERE, *own_names)
        refused = server.seed_sample(cls.normal, 40)
        assert all(int(name[:6]) % 10 == 6 for name in refused), "only odd messages may be refused: %s" % refused
        server.seed_sample(cls.odd, ODD_WAYS, 2, "--odd")
        if server.profile != "quirky":
            server.seed_sample("INBOX", 10, 3)
        with server.client() as client:
            for name in cls.named:
                where = harness.quoted(server.full_name(name))
                status, answer = client.append(where, None, None, b"Subject: here\r\n\r\nin %s\r\n" % name.encode())
                assert status == "OK", (name, answer)
        cls.mailboxes = server.mailboxes()
        cls.truth = server.messages_of(name for name, selectable in cls.mailboxes.items() if selectable)

    def mount(self, *options, **keywords):
        return super().mount(*options, tls=self.tls, **keywords)

    def levels(self, mailbox):
        return tuple(mailbox.split(self.server.delimiter))

    @staticmethod
    def folders(mount):
        """The levels of a name as they were before anything was escaped -> the folder."""
        found = {}
        for place, names, _ in os.walk(mount.path):
            for name in names:
                path = os.path.join(place, name)
                found[tuple(urllib.parse.unquote(level) for level in os.path.relpath(path, mount.path).split("/"))] = path
        return found

    def assert_as_on_the_server(self, mount):
        """Every mailbox holds exactly the server's messages: numbers, sizes, dates, content."""
        folders = self.folders(mount)
        for mailbox, messages in self.truth.items():
            files = self.assert_same_messages(mount, folders[self.levels(mailbox)], messages)
            for uid, message in messages.items():
                about = os.stat(files[uid])
                self.assertEqual((about.st_size, about.st_mtime), (message.size, message.arrival), mailbox)

    def test_the_server_took_enough_to_tell_anything(self):
        self.assertLessEqual(set(ANYWHERE), set(self.named))
        self.assertGreaterEqual(len(self.truth[self.normal]), 36)
        self.assertGreaterEqual(len(self.truth[self.odd]), ODD_WAYS - 8)
        self.assertEqual(self.truth["INBOX"] == {}, self.profile == "quirky")

    @over_tls_and_starttls
    def test_the_folders_are_the_servers(self):
        expected = set()
        for mailbox in self.mailboxes:
            levels = self.levels(mailbox)
            expected |= {levels[:depth] for depth in range(1, len(levels) + 1)}
        folders = self.folders(self.mount())
        self.assertEqual(set(folders), expected)
        # One level of a name is one level of the tree, whatever it contains.
        self.assertLessEqual({self.levels(name) for name in self.named}, set(folders))

    @over_tls_and_starttls
    def test_listings_tell_numbers_sizes_and_dates(self):
        self.server.forget_commands()
        mount = self.mount()
        folders = self.folders(mount)
        for mailbox, messages in self.truth.items():
            seen = {uid: os.stat(path) for uid, path in mount.files(folders[self.levels(mailbox)]).items()}
            self.assertEqual(
                {uid: (about.st_size, about.st_mtime) for uid, about in seen.items()},
                {uid: (message.size, message.arrival) for uid, message in messages.items()},
                mailbox,
            )
        self.assertEqual(self.server.body_fetches(), [])

    @over_tls_and_starttls
    def test_every_file_equals_its_message_and_nothing_becomes_read(self):
        before = self.server.unseen(*self.truth)
        self.assertGreater(before[self.normal], 0)
        mount = self.mount()
        self.assert_as_on_the_server(mount)
        self.assertEqual(self.server.unseen(*self.truth), before)
        mount.unmount()
        self.assertEqual(self.server.unseen(*self.truth), before)

    @over_tls_and_starttls
    def test_grep_counts_what_is_in_the_messages(self):
        mount = self.mount()
        folders = self.folders(mount)
        bodies = {
            str(path): messages[uid].body
            for mailbox, messages in self.truth.items()
            for uid, path in mount.files(folders[self.levels(mailbox)]).items()
        }
        for word in WORDS:
            found = run("grep", "-r", "-c", "-a", "-F", "-Z", "-e", word, mount.path, env={**os.environ, "LC_ALL": "C"})
            self.assertEqual(
                dict(line.rsplit("\0", 1) for line in found.stdout.splitlines()),
                {path: str(sum(word.encode() in line for line in body.split(b"\n"))) for path, body in bodies.items()},
                word,
            )

    @over_tls_and_starttls
    def test_a_second_mount_fetches_no_body(self):
        first = self.mount()
        self.assert_as_on_the_server(first)
        first.unmount()
        self.assertGreater(len(self.server.body_fetches()), 0)
        self.server.forget_commands()
        second = self.mount(cache=first.cache)
        self.assert_as_on_the_server(second)
        self.assertEqual(self.server.body_fetches(), [])
        fetches = [line for line in second.traced().splitlines() if "C: " in line and " FETCH " in line]
        self.assertEqual([line for line in fetches if harness.FETCHES_BODY.search(line.encode())], [])

    def mailbox_for_this_test(self):
        """A mailbox of four messages, which is gone when the test ends."""
        name = "Made for " + self.tls
        self.server.seed_messages(name, [b"Subject: message %d\n\ntext %d\n" % (n, n) for n in range(1, 5)])
        self.addCleanup(self.server.delete, name)
        return name

    @over_tls_and_starttls
    def test_what_other_clients_do_shows_up(self):
        name = self.mailbox_for_this_test()
        mount = self.mount()
        self.assertEqual(sorted(mount.files(name)), [1, 2, 3, 4])
        self.server.append(name, b"Subject: fresh\n\njust arrived\n")
        self.server.expunge(name, 2)
        eventually(lambda: sorted(mount.files(name)) == [1, 3, 4, 5], SOON, "the change")
        self.assertIn(b"just arrived", mount.files(name)[5].read_bytes())
        self.assert_same_messages(mount, name)

    @over_tls_and_starttls
    def test_a_wrong_password(self):
        mount = self.prepare(tls=self.tls)
        mount.password_file.write_text("not the password\n")
        self.refused(mount, "refused the login")

    @over_tls_and_starttls
    def test_a_server_that_crashed_is_used_again(self):
        name = self.mailbox_for_this_test()
        mount = self.mount()
        files = mount.files(name)
        self.assertIn(b"text 1", files[1].read_bytes())
        self.server.kill()
        self.assertIn(b"text 1", files[1].read_bytes())
        self.server.start()
        self.server.append(name, b"Subject: later\n\nafter the crash\n")
        eventually(lambda: self.can_be_read(mount, name, 5), SOON, "the server to be used again")
        self.assert_same_messages(mount, name)

    @staticmethod
    def can_be_read(mount, mailbox, uid):
        try:
            return mount.files(mailbox)[uid].read_bytes()
        except (KeyError, OSError):
            return b""


if __name__ == "__main__":
    harness.main_on_server()
