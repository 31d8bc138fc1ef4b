#!/usr/bin/env python3
"""Folders and files bear the names that the mail has, escaped where a file system needs it."""
import os
import re
import unicodedata
import urllib.parse
from base64 import b64encode

import harness

PLAIN = (
    "R&D", "*", "star*", 'say "hi"', "it's", "Grüße aus Köln", "日本 📬", "x" * 200, "ü" * 40,
    "back\\slash", "trailing ", "~home", "-dash", "$(x)", "`y`", ";z", "|p", "#news", "{3}", "cur", "new",
    "cafe\u0301", "INBOX2",
)  # fmt: skip
ESCAPED = ("50%", "%2F", "%%")
NESTED = ("parent/child", "only/paths/above/leaf", "R&D/Grüße/📬", "INBOX/within")


class Folders:
    """For both profiles. Each mailbox holds one message that says where it is."""

    @classmethod
    def fill(cls):
        # Mailbox: the levels of its name, as they are before anything is escaped.
        cls.names = {name: (name,) for name in PLAIN + ESCAPED + cls.OWN}
        for name in NESTED:
            if cls.profile == "full" or not name.startswith("INBOX/"):
                cls.names[name.replace("/", cls.server.delimiter)] = tuple(name.split("/"))
        with cls.server.client() as client:
            for number, mailbox in enumerate(cls.names):
                where = harness.quoted(cls.server.full_name(mailbox))
                status, answer = client.create(where)
                assert status == "OK", (mailbox, answer)
                content = b"Subject: here\r\n\r\nmailbox number %d.\r\n" % number
                assert client.append(where, None, None, content)[0] == "OK", mailbox

    @staticmethod
    def find(mount, levels):
        """The folder that the levels lead to, however their names are escaped."""
        at = mount.path
        for level in levels:
            found = [name for name in os.listdir(at) if urllib.parse.unquote(name) == level]
            assert len(found) == 1, "%r is %r in %s" % (level, found, at)
            at = at / found[0]
        return at

    def test_every_mailbox_lists_and_opens(self):
        mount = self.mount()
        for number, levels in enumerate(self.names.values()):
            with self.subTest(levels):
                (file,) = [entry for entry in os.scandir(self.find(mount, levels)) if entry.is_file()]
                with open(file.path, "rb") as content:
                    self.assertIn(b"mailbox number %d." % number, content.read())

    def test_harmless_names_stay_as_they_are(self):
        listing = self.mount().listing()
        for name in PLAIN:
            self.assertIn(name, listing)
        self.assertIn("INBOX", listing)

    def test_the_prefix_and_the_delimiter_do_not_show(self):
        mount = self.mount()
        self.assertEqual(mount.listing().count("INBOX"), 1)
        self.assertFalse([name for name in mount.listing() if name.startswith("INBOX.")])
        self.assertEqual(mount.listing("only"), ["paths"])
        self.assertEqual(mount.listing("only/paths"), ["above"])

    def test_walking_finds_each_message_once(self):
        mount = self.mount()
        found = []
        for folder, _, files in os.walk(mount.path):
            found += [os.path.join(folder, file) for file in files]
        self.assertEqual(len(found), len(self.names))
        done = harness.run("ls", "-R", mount.path)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_escaped_names_are_different_names(self):
        names = self.mount().listing()
        self.assertEqual(len(names), len(set(names)))
        for name in names:
            self.assertNotIn("/", name)
            self.assertNotIn(name, (".", "..", ""))
            self.assertFalse(name.endswith(".eml"), name)


class FoldersOnFull(Folders, harness.Case):
    profile = "full"
    OWN = ("a.b", "message.1.eml", ".", "..", "...", "two.levels.deep")


class FoldersOnBare(Folders, harness.Case):
    profile = "bare"
    OWN = ("a/b", "/", "slash/at/the/end/")


class Files(harness.Case):
    MESSAGES = (
        (b"From: Alice Weber <alice@example.org>\nSubject: Quarterly figures\n", "Alice Weber - Quarterly figures"),
        (b"From: =?utf-8?Q?J=C3=B6rg?= <j@example.net>\nSubject: =?utf-8?B?w5xidW5n?=\n", "Jörg - Übung"),
        (b"From: someone@example.org\nSubject: plain\n", None),
        (b"Subject: a/b ../c\n", None),
        (b"Subject: =?utf-8?B?%s?=\n" % b64encode("tab\there \u202e back \0 nul".encode()), None),
        (b"Subject: " + b"long " * 400 + b"\n", None),
        (b"Subject: =?utf-8?B?%s?=\n" % b64encode(("長" * 300).encode()), None),
        (b"X-Nothing: else\n", None),
        (b"", None),
    )

    @classmethod
    def fill(cls):
        date = b"Date: Sat, 21 Jan 2017 12:00:00 +0000\n"
        cls.server.seed_messages("INBOX", [date + headers + b"\ntext\n" for headers, _ in cls.MESSAGES])
        cls.server.seed_sample("Sample", 430)

    def test_the_name_tells_date_sender_and_subject(self):
        files = self.mount().files("INBOX")
        for uid, (_, name) in enumerate(self.MESSAGES, 1):
            if name:
                self.assertEqual(files[uid].name, "2017-01-21 %s.%d.eml" % (name, uid))
            self.assertTrue(files[uid].name.startswith("2017-01-21 "), files[uid].name)

    def test_every_name_is_safe_to_show_and_to_store(self):
        mount = self.mount()
        for mailbox in ("INBOX", "Sample"):
            for uid, path in mount.files(mailbox).items():
                self.assertLessEqual(len(os.fsencode(path.name)), 255)
                # Control and format characters (bidirectional marks are such), unpaired surrogates.
                unsafe = [c for c in path.name if unicodedata.category(c) in ("Cc", "Cf", "Cs")]
                self.assertEqual(unsafe, [], path.name)
                self.assertTrue(path.name.endswith(".%d.eml" % uid), path.name)

    def test_the_number_alone_always_resolves(self):
        mount = self.mount()
        for uid, path in mount.files("Sample").items():
            self.assertEqual(os.stat(mount.file("Sample", uid)).st_ino, os.stat(path).st_ino)
        self.assertEqual(mount.file("INBOX", 1).read_bytes(), mount.files("INBOX")[1].read_bytes())
        for nobody in ("431.eml", "0.eml", "01.eml", "-1.eml", "4294967296.eml", "1.EML", "nonsense.eml"):
            self.assertFalse((mount.path / "Sample" / nobody).exists(), nobody)

    def test_a_cold_mount_resolves_a_number_without_listing(self):
        mount = self.mount()
        self.assertIn(b"text", mount.file("INBOX", 2).read_bytes())

    def test_names_can_be_plain_numbers(self):
        mount = self.mount("--names", "uid")
        self.assertEqual(mount.listing("INBOX"), sorted("%d.eml" % uid for uid in range(1, len(self.MESSAGES) + 1)))
        for name in mount.listing("Sample"):
            self.assertTrue(re.fullmatch(r"\d+\.eml", name), name)

    def test_newest_first(self):
        names = [entry.name for entry in os.scandir(self.mount("--names", "uid").path / "Sample")]
        self.assertEqual(names, ["%d.eml" % uid for uid in range(430, 0, -1)])


if __name__ == "__main__":
    harness.main()
