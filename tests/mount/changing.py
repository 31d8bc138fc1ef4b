"""What the tests share that change mail through a mount: mailboxes in which another client has marked
messages as deleted, which must outlive everything, and what is on the server afterwards.
"""
import ctypes
import errno
import json
import os
import re

import harness
from harness import PROGRAM, run

MARKED = r"\Deleted"
FOREIGN = 3  # messages in every mailbox that another client has marked
SOON = 20  # seconds: "within seconds", on a busy machine
SLOW = 90  # seconds: for flags, where the server keeps no mod-sequences
# Every command that takes what others have marked, too. CLOSE does so only in a mailbox that was selected.
PLAIN_EXPUNGE = re.compile(r"C: \S+ EXPUNGE\s*$", re.MULTILINE)

AT_FDCWD = -100
RENAME_NOREPLACE, RENAME_EXCHANGE = 1, 2


def text_of(name, number):
    return b"From: Ann <ann@example.org>\nSubject: %s %d\n\ntext of %s %d\n" % ((name.encode(), number) * 2)


def barrier(path):
    """Waits until all changes have reached the server, or of a new file that one, or raises what became of them."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def renameat2(old, new, flags):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(AT_FDCWD, os.fsencode(old), AT_FDCWD, os.fsencode(new), flags) != 0:
        raise OSError(ctypes.get_errno(), "renameat2")


def commands(trace, word):
    """The commands in a trace that begin with this word, or with UID and this word."""
    return re.findall(r"C: (\S+ (?:UID )?(?:%s)\b.*)" % word, trace)


class Stored:
    """A message on the server: its octets, and its flags."""

    def __init__(self, body, flags):
        self.body, self.flags = body, flags


def make(server, name, count):
    """A mailbox with messages, and some more that another client has marked.

    Returns the UIDs of the former, and the octets of the latter by UID.
    """
    known = server.messages(name) if name in server.mailboxes() else {}
    server.seed_messages(name, [text_of(name, number) for number in range(count + FOREIGN)])
    messages = {uid: message.body for uid, message in server.messages(name).items() if uid not in known}
    uids = sorted(messages)
    assert len(uids) == count + FOREIGN, uids
    # One of them first, one last, and one in the middle of those that are changed.
    marked = {uids[0], uids[len(uids) // 2], uids[-1]}
    server.change(name, ("STORE", ",".join(map(str, sorted(marked))), "+FLAGS.SILENT", "(%s)" % MARKED))
    return [uid for uid in uids if uid not in marked], {uid: messages[uid] for uid in marked}


def trash_of(server):
    """The mailbox that the server marks as the trash, or nothing."""
    return next((name for name in server.mailboxes() if name.rsplit("/", 1)[-1] == "Trash"), None)


class ChangesCase(harness.Case):
    """Each test has mailboxes of its own: `make`. In INBOX and in the trash another client has marked messages, too."""

    @classmethod
    def fill(cls):
        common = [name for name in ("INBOX", trash_of(cls.server)) if name]
        cls.foreign_anywhere = {name: make(cls.server, name, 1)[1] for name in common}

    def setUp(self):
        super().setUp()
        self.foreign = dict(self.foreign_anywhere)
        self.mounts_made = []
        # The first one is the last to be done, when there is no mount any more.
        self.addCleanup(self.assert_the_foreign_are_there)

    def mount(self, *options, **keywords):
        made = super().mount(*options, **keywords)
        self.mounts_made.append(made)
        return made

    def make(self, name, count=6):
        """A mailbox for this test; the UIDs of the messages that no other client has marked."""
        uids, self.foreign[name] = make(self.server, name, count)
        return uids

    def stored(self, mailbox):
        """UID -> Stored."""
        flags = self.server.flags(mailbox)
        return {uid: Stored(message.body, flags[uid]) for uid, message in self.server.messages(mailbox).items()}

    def own(self, mailbox):
        """The same without what another client has marked."""
        foreign = self.foreign.get(mailbox, {})
        return {uid: message for uid, message in self.stored(mailbox).items() if uid not in foreign}

    def bodies(self, mailbox):
        """The octets of all messages that are not another client's, in an order of their own."""
        return sorted(message.body for message in self.own(mailbox).values())

    def left_in(self, mailbox):
        """The same, without what a server without UIDPLUS can but mark."""
        return sorted(one.body for one in self.own(mailbox).values() if MARKED not in one.flags)

    def seen(self, mount, mailbox):
        """The octets that the mount shows, without another client's; nothing while messages come and go."""
        foreign = list(self.foreign[mailbox].values())
        directory = self.directory(mount, mailbox)
        try:
            found = [(directory / name).read_bytes() for name in os.listdir(directory)]
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ESTALE):
                raise
            return None
        return sorted(body for body in found if body not in foreign)

    def shown(self, mount, mailbox):
        """UIDs of what the mount lists, without what another client has marked."""
        return sorted(uid for uid in mount.files(self.folder(mailbox)) if uid not in self.foreign.get(mailbox, {}))

    def folder(self, mailbox):
        """The path of a mailbox below the mount."""
        return mailbox.replace(self.server.delimiter, "/")

    def directory(self, mount, mailbox):
        return mount.path / self.folder(mailbox)

    def has_uidplus(self):
        return self.server.profile != "bare"

    def status(self, mount):
        done = run(PROGRAM, "status", "--json", mount.path)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def refused_changes(self, mount):
        """What the mount tells of changes that the server did not want."""
        return self.status(mount)["changes"]["refused"]

    def waiting_changes(self, mount):
        """How many changes have not reached the server yet."""
        return self.status(mount)["changes"]["pending"]

    def outcome(self, command, *arguments):
        """Runs a tool in a C locale; its exit code and what it said."""
        done = run(command, *arguments, env={**os.environ, "LC_ALL": "C"})
        return done.returncode, done.stderr

    def do(self, command, *arguments):
        """Runs a tool, which succeeds and says nothing of errors."""
        self.assertEqual(self.outcome(command, *arguments), (0, ""), command)

    def assert_the_foreign_are_there(self):
        messages, flags = self.server.messages_of(self.foreign), self.server.flags_of(self.foreign)
        for mailbox, marked in self.foreign.items():
            for uid, body in marked.items():
                self.assertIn(uid, messages[mailbox], "another client's message in %s was expunged" % mailbox)
                self.assertEqual((messages[mailbox][uid].body, MARKED in flags[mailbox][uid]), (body, True), mailbox)
        for mount in self.mounts_made:
            self.assertNotRegex(mount.traced(), PLAIN_EXPUNGE)
