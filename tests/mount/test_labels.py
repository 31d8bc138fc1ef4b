#!/usr/bin/env python3
"""One message in many mailboxes is one body: fetched once, stored once, and there as long as any of them is.

On Cyrus, which tells copies by EMAILID (RFC 8474); Gmail's X-GM-MSGID goes the same way.
"""
import harness
from harness import quoted, sha256


class Labels(harness.Case):
    server_type = harness.Cyrus

    @classmethod
    def fill(cls):
        server = cls.server
        server.seed_sample("Work", 20)
        server.create_where_allowed("Copies")
        with server.client() as client:
            client.select(quoted(server.full_name("Work")))
            status, answer = client.uid("COPY", "1:*", quoted(server.full_name("Copies")))
            assert status == "OK", answer

    def test_a_copy_is_not_fetched_again(self):
        mount = self.mount()
        self.assert_same_messages(mount, "Work")
        mount.files("Copies")
        self.server.forget_commands()
        self.assert_same_messages(mount, "Copies")
        self.assertEqual(self.server.body_fetches(), [])

    def test_a_copy_outlives_the_message_that_was_read(self):
        name = "Fleeting"
        self.server.seed_messages(name, [b"Subject: on two shelves\n\nthe same text\n"])
        self.addCleanup(self.server.delete, name)
        with self.server.client() as client:
            client.select(quoted(self.server.full_name(name)))
            status, answer = client.uid("COPY", "1", quoted(self.server.full_name("Copies")))
            self.assertEqual(status, "OK", answer)
        mount = self.mount()
        content = mount.files(name)[1].read_bytes()
        copy = max(self.server.messages("Copies"))
        self.server.expunge(name, 1)
        harness.eventually(lambda: not mount.files(name), 20, "the end of the first copy")
        self.server.forget_commands()
        self.assertEqual(sha256(mount.files("Copies")[copy].read_bytes()), sha256(content))
        self.assertEqual(self.server.body_fetches(), [])


if __name__ == "__main__":
    harness.main(require_server=harness.require_cyrus)
