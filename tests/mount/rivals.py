"""Two who change the same account at random: one through the mount, one as another mail client. Each says
what it has done to which messages, which are told by the number in their subject.
"""
import collections
import errno
import os
import re

from servers import quoted
from writers import FLAGS, Writers

MARKED = r"\Deleted"
UNREAL = (errno.ENOENT, errno.ESTALE, errno.EIO, errno.ENETUNREACH)  # as for a reader of what goes at that moment
NUMBER = re.compile(rb"^Subject: number (\d+)\r?$", re.MULTILINE | re.IGNORECASE)

# What the other client does to messages while the mount writes, and what it does in between.
TO_MESSAGES = {"append": 30, "flag": 20, "expunge": 10, "move": 12, "mark": 12}
TO_ALL = {**TO_MESSAGES, "create": 5, "rename": 5, "delete": 3, "renew": 3}

FIRST_WRITTEN = 1_000_000  # above the numbers of the other client's messages

Change = collections.namedtuple("Change", "kind number folder target added removed")


def numbered(octets):
    """The number of a message, from its header."""
    return int(NUMBER.search(octets)[1])


class Contents:
    """Where the messages are and which flags they have, as a fresh connection sees it; number -> [(folder, flags)]."""

    def __init__(self, server):
        self.folders = set()
        self.places = collections.defaultdict(list)
        with server.client() as client:
            for name, selectable in server.mailboxes(client).items():
                if selectable:
                    self._read(client, server.full_name(name), name.replace(server.delimiter, "/"))

    def _read(self, client, name, folder):
        self.folders.add(folder)
        status, answer = client.select(quoted(name), readonly=True)
        assert status == "OK", (name, answer)
        if answer == [b"0"]:
            return
        status, answer = client.uid("FETCH", "1:*", "(UID FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        assert status == "OK", answer
        # Some servers put items behind the literal, which are the next part then.
        for part, following in zip(answer, answer[1:] + [b""]):
            if isinstance(part, tuple):
                items = part[0] + (following if isinstance(following, bytes) else b"")
                flags = frozenset(re.search(rb"FLAGS \((.*?)\)", items)[1].decode().split()) - {r"\Recent"}
                self.places[numbered(part[1])].append((folder, flags))


class OtherClient(Writers):
    """Never copies, and expunges only what it means; leaves messages that it has marked as deleted."""

    def __init__(self, server, seed):
        self.touched = collections.defaultdict(set)  # number -> what was done
        self._kind = None
        super().__init__(server, seed)

    def change(self, operations, kinds=None):
        self.touched.clear()
        super().change(operations, kinds)

    def _append_one(self, client, folder):
        super()._append_one(client, folder)
        self.touched[self._made].add("append")

    def _flag(self, client):
        return self._doing("flag", super()._flag, client)

    def _move(self, client):
        return self._doing("move", super()._move, client)

    def _mark(self, client):
        self._kind = "mark"
        uids = self._some_messages(client)
        return uids and self._ok(client.uid("STORE", uids, "+FLAGS", "(%s)" % MARKED))

    def _expunge(self, client):
        self._kind = "expunge"
        uids = self._some_messages(client)
        if not uids:
            return False
        self._ok(client.uid("STORE", uids, "+FLAGS.SILENT", "(%s)" % MARKED))
        return self._ok(client.uid("EXPUNGE", uids))

    def _doing(self, kind, act, client):
        self._kind = kind
        return act(client)

    def _some_messages(self, client):
        uids = super()._some_messages(client)
        if uids:
            _, answer = client.uid("FETCH", uids, "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
            for part in answer:
                if isinstance(part, tuple):
                    self.touched[numbered(part[1])].add(self._kind)
        return uids


class MountWriter:
    """Removes, moves, flags and writes files of a mount, at `root`."""

    KINDS = {"remove": 20, "move": 40, "flag": 40, "write": 15}

    def __init__(self, root, order):
        self.root, self._random = root, order
        self.expected = UNREAL
        self.done = collections.Counter()
        self._written = FIRST_WRITTEN

    def change(self, operations):
        """Does so many things, or tries to; the changes that the mount has accepted, in their order."""
        made = []
        for _ in range(operations):
            kind = self._random.choices(list(self.KINDS), list(self.KINDS.values()))[0]
            try:
                change = self._try(kind)
            except OSError as error:
                # Another client was faster.
                if error.errno not in self.expected:
                    raise
                change = None
            if change:
                made.append(change)
            self.done["%s by mount" % kind if change else "nothing to %s" % kind] += 1
        return made

    def _try(self, kind):
        folders = [place for place, _, _ in os.walk(self.root) if place != str(self.root)]
        place = self._random.choice(folders)
        if kind == "write":
            return self._write(place)
        names = [entry.name for entry in os.scandir(place) if entry.is_file()]
        if not names:
            return None
        path = os.path.join(place, self._random.choice(names))
        with open(path, "rb") as file:
            number = numbered(file.read())
        folder = os.path.relpath(place, self.root)
        if kind == "remove":
            os.unlink(path)
            return Change(kind, number, folder, None, (), ())
        if kind == "move":
            target = self._random.choice(folders)
            os.rename(path, os.path.join(target, "moved %d at %d.eml" % (number, sum(self.done.values()))))
            return Change(kind, number, folder, os.path.relpath(target, self.root), (), ())
        flags = self._random.sample(FLAGS, self._random.randint(1, 4))
        added, removed = flags[::2], flags[1::2]
        value = " ".join(["+" + flag for flag in added] + ["-" + flag for flag in removed])
        os.setxattr(path, "user.imap.flags", value.encode())
        return Change(kind, number, folder, None, added, removed)


    def _write(self, place):
        self._written += 1
        number = self._written
        try:
            with open(os.path.join(place, "written %d.eml" % number), "wb") as file:
                file.write(b"From: Ann <ann@example.org>\nSubject: number %d\n\ntext\n" % number)
        except PermissionError:
            return None  # the folder holds folders only
        return Change("write", number, os.path.relpath(place, self.root), None, (), ())


def is_drafts(folder):
    return folder.endswith("Drafts")


def foretold(before, changes, untouched):
    """Where the messages are behind the changes, of those that nobody else touched and that were where the mount saw them."""
    places = {number: list(found) for number, found in before.places.items() if untouched(number)}
    uncertain = set()
    for change in changes:
        if change.kind == "write":
            if is_drafts(change.folder):
                uncertain.add(change.number)  # it is a draft where the server says what the folder is for
            elif untouched(change.number):
                places[change.number] = [(change.folder, frozenset({r"\Seen"}))]
            continue
        here = places.get(change.number)
        if here is None or change.number in uncertain:
            continue
        if change.kind == "move" and is_drafts(change.target) and change.number >= FIRST_WRITTEN:
            uncertain.add(change.number)  # it may not have been stored yet
            continue
        if len(here) != 1 or here[0][0] != change.folder or (change.target and change.target not in before.folders):
            uncertain.add(change.number)
            continue
        (folder, flags), = here
        if change.kind == "remove":
            places[change.number] = []
        elif change.kind == "move":
            places[change.number] = [(change.target, flags)]
        else:
            places[change.number] = [(folder, (flags | set(change.added)) - set(change.removed))]
    return {number: found for number, found in places.items() if number not in uncertain}
