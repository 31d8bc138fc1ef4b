"""What the tests of refusals share: mailboxes with rights and messages, and that everything is where it was."""
import contextlib
import errno
import os

import harness
import limits
from changing import SOON, ChangesCase, barrier
from harness import PROGRAM, as_on_the_wire, eventually, run
from limits import EVERYTHING, LARGEST, MORE_THAN_IS_LEFT, allow, make_room, use_up_quota

GONE = (errno.ENOENT, errno.ESTALE)


def letter(subject, octets=MORE_THAN_IS_LEFT):
    """A message of at least so many octets."""
    line = b"a line of the message, which is like the others\n"
    return b"From: Ann <ann@example.org>\nSubject: %s\n\n" % subject.encode() + line * (octets // len(line) + 1)


class RefusalsCase(ChangesCase):
    @classmethod
    def fill(cls):
        super().fill()
        # Beyond what the server takes later on.
        cls.server.seed_messages("Large", [letter("large", LARGEST + 1)])
        limits.set_limits(cls.server)

    def setUp(self):
        super().setUp()
        self.name = self._testMethodName[len("test_") :].replace("_", " ")
        self.local = self.place / "local"
        self.local.mkdir()

    def use_up_quota(self):
        self.addCleanup(make_room, self.server)
        use_up_quota(self.server)

    def make_with(self, name, rights=EVERYTHING, count=3):
        """A mailbox with messages, in which this user has these rights; returns UID -> octets."""
        uids = self.make(name, count)
        bodies = self.server.messages(name)
        if rights != EVERYTHING:
            allow(self.server, name, rights)
            self.addCleanup(allow, self.server, name, EVERYTHING)
        return {uid: bodies[uid].body for uid in uids}

    def make_large(self, name, count=3):
        """The same with messages that do not fit any more into what `use_up_quota` leaves."""
        self.make(name, 0)
        with self.server.client() as client:
            for number in range(count):
                text = as_on_the_wire(letter("%s %d" % (name, number)))
                client.append(harness.quoted(self.server.full_name(name)), None, None, text)
        return {uid: one.body for uid, one in self.own(name).items()}

    def write(self, name, content):
        path = self.local / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path

    # --- What is where ----------------------------------------------------------------------------

    def assert_is(self, mount, mailbox, bodies, drafts=()):
        """The server has these messages, and the mount shows them, each once, and these files beside them."""
        self.assertEqual(self.left_in(mailbox), sorted(bodies))
        expected = sorted([*bodies, *drafts])
        eventually(lambda: self.seen(mount, mailbox) == expected, SOON, "%s as it is on the server" % mailbox)

    def assert_folder_is_gone(self, mount, mailbox):
        """It is not made anew, and the mount sees that it has gone when somebody looks."""
        self.assertNotIn(mailbox, self.server.mailboxes())
        path = self.directory(mount, mailbox)
        eventually(lambda: path.name not in os.listdir(path.parent) and not path.exists(), SOON, "the folder to go")

    @contextlib.contextmanager
    def gone_target(self):
        """A mount, a folder, the UID of a message in it, and the directory of another one that was deleted behind the
        back of the mount. Afterwards nothing has happened."""
        source, target = "From " + self.name, "To " + self.name
        bodies = self.make_with(source)
        self.make(target)
        mount = self.mount()
        directory = self.directory(mount, target)
        os.listdir(directory)
        self.foreign.pop(target)
        self.server.delete(target)
        yield mount, source, min(bodies), directory
        self.assert_is(mount, source, bodies.values())
        self.assert_folder_is_gone(mount, target)
        self.assert_nothing_waits(mount)

    def assert_nothing_waits(self, mount):
        """Neither a change nor a refusal that nobody was told of."""
        barrier(mount.path)
        self.assertEqual(self.waiting_changes(mount), 0)

    def assert_told(self, mount, number, mailbox, uids):
        """The next barrier, and only that one, tells what was refused; the status and the log go on telling it."""
        with self.assertRaises(OSError) as failed:
            barrier(mount.path)
        self.assertEqual(failed.exception.errno, number, failed.exception)
        self.assert_nothing_waits(mount)
        refused = self.refused_changes(mount)
        self.assertEqual(sorted(one["uid"] for one in refused), sorted(uids), refused)
        text = run(PROGRAM, "status", mount.path).stdout
        for one in refused:
            self.assertEqual(one["folder"], self.server.full_name(mailbox))
            self.assertTrue(one["reason"])
            self.assertIn(one["reason"], text)
        self.assertIn("message %d of %s" % (refused[0]["uid"], self.server.full_name(mailbox)), mount.log.read_text())

    def assert_fails(self, numbers, *command):
        """A tool ends with an error that names one of these; returns what it said."""
        code, said = self.outcome(*command)
        self.assertNotEqual(code, 0, command)
        numbers = numbers if isinstance(numbers, tuple) else (numbers,)
        self.assertTrue(any(os.strerror(number) in said for number in numbers), (command, said))
        return said
