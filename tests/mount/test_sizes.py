#!/usr/bin/env python3
"""A server may announce a wrong size: the reader gets every byte of the message, and no more."""
import os
import pathlib
import subprocess
import tempfile

import harness
from harness import eventually, run, sha256

ERRORS = (1000, 1, -1, -300, -10_000_000, 5_000_000)


class WrongSizes(harness.Case):
    """Through a relay that adds to RFC822.SIZE what Dovecot says."""

    profile = "bare"

    @classmethod
    def fill(cls):
        cls.server.seed_sample("INBOX", 24)
        cls.truth = cls.server.messages("INBOX")

    def source_with(self, error):
        relay = harness.RelayWithWrongSizes(self.server.port, error)
        self.addCleanup(relay.close)
        return "imap://%s@127.0.0.1:%d" % (self.server.user, relay.port)

    def mount_with(self, error):
        return self.mount("--tls", "none", source=self.source_with(error))

    def test_the_reader_gets_all_bytes(self):
        for error in ERRORS:
            mount = self.mount_with(error)
            files = mount.files("INBOX")
            for uid, message in self.truth.items():
                path = files[uid]
                with self.subTest(error=error, uid=uid):
                    # A different tool comes first for each message; afterwards all of them agree.
                    tools = [self.cat, self.cp, self.dd]
                    for tool in tools[uid % 3 :] + tools[: uid % 3]:
                        self.assertEqual(sha256(tool(path)), sha256(message.body), tool.__name__)
                    self.assertEqual(os.stat(path).st_size, len(message.body))
                    self.assertEqual(run("wc", "-c", path).stdout.split()[0], str(len(message.body)))
            mount.unmount()

    @staticmethod
    def cat(path):
        return subprocess.run(["cat", path], stdout=subprocess.PIPE, timeout=60, check=True).stdout

    def cp(self, path):
        copy = self.place / "copy"
        self.assertEqual(run("cp", path, copy).returncode, 0)
        content = copy.read_bytes()
        copy.unlink()
        return content

    @staticmethod
    def dd(path):
        command = ["dd", "if=%s" % path, "bs=777", "status=none"]
        return subprocess.run(command, stdout=subprocess.PIPE, timeout=60, check=True).stdout

    def test_the_corrected_size_is_kept(self):
        source = self.source_with(999)
        first = self.mount("--tls", "none", source=source)
        for path in first.files("INBOX").values():
            path.read_bytes()
        first.unmount()
        second = self.mount("--tls", "none", source=source, cache=first.cache)
        for uid, path in second.files("INBOX").items():
            self.assertEqual(os.stat(path).st_size, self.truth[uid].size)


class BrokenOff(harness.Case):
    def test_a_message_that_breaks_off_is_fetched_again(self):
        content = b"Subject: breaks off\r\n\r\n" + b"all of it, please\r\n" * 100
        with tempfile.TemporaryDirectory() as scratch:
            for number in range(3):
                pathlib.Path(scratch, "%d.eml" % number).write_bytes(content)
            # Dovecot then announces a literal that is too large, closes the connection inside it, and
            # repairs the message under another UID.
            self.server.seed("Lying", scratch, lie=400)
        mount = self.mount()
        whole = sha256(content)

        def all_are_whole():
            found = mount.files("Lying")
            for path in found.values():
                try:
                    # Never less than the whole message: an error, or all of it.
                    self.assertEqual(sha256(path.read_bytes()), whole)
                except OSError:
                    return False
                self.assertEqual(os.stat(path).st_size, len(content))
            return len(found) == 3

        eventually(all_are_whole, what="the repaired messages")


if __name__ == "__main__":
    harness.main()
