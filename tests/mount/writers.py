"""Two mail clients that change an account at random, reproducibly: what tests hold a mount against."""
import collections
import random

from basics import eventually
from servers import quoted

FLAGS = (r"\Seen", r"\Flagged", r"\Answered", r"\Draft", "$Forwarded", "Project7", "NonJunk")
SPELLINGS = ("plain%d", "with space %d", "Füße%d", "R&D%d", "日本%d")
FEWEST_FOLDERS, MOST_FOLDERS, MOST_MESSAGES = 3, 12, 60
# What is done, and how often in relation to the others.
OPERATIONS = {
    "append": 30,
    "flag": 26,
    "expunge": 12,
    "move": 10,
    "copy": 4,
    "create": 4,
    "rename": 4,
    "delete": 3,
    "renew": 3,
}


class Writers:
    """Operations of two connections, one after the other in an order that the seed decides alone."""

    def __init__(self, server, seed):
        self._server, self._random = server, random.Random(seed)
        self._clients = [server.client(), server.client()]
        self._folders = ["INBOX"]
        self._made = 0  # numbers for messages and folders
        self.done = collections.Counter()
        for _ in range(FEWEST_FOLDERS):
            self._create(self._clients[0])

    def close(self):
        for client in self._clients:
            client.logout()

    def change(self, operations, kinds=None):
        """Does so many things, of these kinds: how often each in relation to the others."""
        kinds = kinds or OPERATIONS
        for _ in range(operations):
            kind = self._random.choices(list(kinds), list(kinds.values()))[0]
            if getattr(self, "_" + kind)(self._random.choice(self._clients)):
                self.done[kind] += 1
            else:
                self.done["nothing to " + kind] += 1

    # --- Messages ---------------------------------------------------------------------------------

    def _append(self, client):
        folder = self._random.choice(self._folders)
        for _ in range(self._random.choice((1, 1, 1, 2, 5))):
            self._append_one(client, folder)
        return True

    def _append_one(self, client, folder):
        self._made += 1
        lines = b"some words of text, and a number: %d\r\n" * self._random.choice((1, 1, 20, 500))
        content = b"Subject: number %d\r\nFrom: Ann <a@b.example>\r\n\r\n" % self._made
        content += lines % ((self._made,) * lines.count(b"%d"))
        self._ok(client.append(self._name(folder), self._some_flags(), None, content))

    def _flag(self, client):
        uids = self._some_messages(client)
        how = self._random.choice(("+FLAGS", "-FLAGS", "+FLAGS.SILENT", "FLAGS"))
        return uids and self._ok(client.uid("STORE", uids, how, self._some_flags()))

    def _expunge(self, client):
        uids = self._some_messages(client)
        if not uids:
            return False
        self._ok(client.uid("STORE", uids, "+FLAGS.SILENT", r"(\Deleted)"))
        return self._ok(client.expunge())

    def _move(self, client):
        uids = self._some_messages(client)
        return uids and self._ok(client.uid("MOVE", uids, self._name(self._random.choice(self._folders))))

    def _copy(self, client):
        uids = self._some_messages(client)
        return uids and self._ok(client.uid("COPY", uids, self._name(self._random.choice(self._folders))))

    def _some_messages(self, client):
        """Opens a folder; the UIDs of a few of its messages, or of half of them where there are many."""
        self._ok(client.select(self._name(self._random.choice(self._folders))))
        _, answer = client.uid("SEARCH", "ALL")
        uids = [uid.decode() for uid in (answer[0] or b"").split()]
        if not uids:
            return ""
        many = len(uids) // 2 if len(uids) > MOST_MESSAGES else 3
        return ",".join(self._random.sample(uids, min(len(uids), self._random.randint(1, max(many, 1)))))

    def _some_flags(self):
        return "(%s)" % " ".join(self._random.sample(FLAGS, self._random.randint(0, 3)))

    # --- Folders ----------------------------------------------------------------------------------

    def _create(self, client):
        if len(self._folders) >= MOST_FOLDERS:
            return False
        name = self._fresh_name()
        self._ok(client.create(self._name(name)))
        self._folders.append(name)
        return True

    def _rename(self, client):
        old = self._any_own()
        if old is None:
            return False
        new = self._fresh_name(without=old)
        self._leave(old)
        self._ok(client.rename(self._name(old), self._name(new)))
        self._folders = [new + name[len(old) :] if self._is_in(name, old) else name for name in self._folders]
        return True

    def _delete(self, client):
        name = self._any_own(leaf=True)
        if name is None or len(self._folders) <= FEWEST_FOLDERS:
            return False
        self._leave(name)
        self._ok(client.delete(self._name(name)))
        self._folders.remove(name)
        return True

    def _renew(self, client):
        """Another UIDVALIDITY, and often the UIDs of before for other messages."""
        name = self._any_own(leaf=True)
        if name is None:
            return False
        self._leave(name)
        self._ok(client.delete(self._name(name)))
        # Dovecot has it still for a moment when somebody reads what was in it.
        eventually(lambda: client.create(self._name(name))[0] == "OK", 10, "the folder to be made anew")
        for _ in range(self._random.randint(0, 4)):
            self._append_one(client, name)
        return True

    def _leave(self, folder):
        """Neither client may have it open, or a folder in it."""
        for client in self._clients:
            if client.state == "SELECTED":
                self._ok(client.unselect())

    def _fresh_name(self, without=None):
        self._made += 1
        name = self._random.choice(SPELLINGS) % self._made
        if self._random.random() < 0.6:
            return name
        places = [each for each in self._folders if each != "INBOX" and each.count("/") < 2]
        places = [each for each in places if without is None or not self._is_in(each, without)]
        return self._random.choice(places) + "/" + name if places else name

    def _any_own(self, leaf=False):
        names = [name for name in self._folders if name != "INBOX"]
        if leaf:
            names = [name for name in names if not any(each.startswith(name + "/") for each in names)]
        return self._random.choice(names) if names else None

    @staticmethod
    def _is_in(name, folder):
        return name == folder or name.startswith(folder + "/")

    def _name(self, folder):
        return quoted(self._server.full_name(folder.replace("/", self._server.delimiter)))

    @staticmethod
    def _ok(outcome):
        status, answer = outcome
        # What it was about may have gone by then (Dovecot).
        assert status == "OK" or b"EXPUNGEISSUED" in answer[0], answer
        return True
