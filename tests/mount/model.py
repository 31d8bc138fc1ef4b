"""What models of an account share: the account as the server has it, and the mount held against that."""
import errno
import os
import random
import re

import harness
from harness import eventually, quoted

OPERATIONS = int(os.environ.get("IMAPFS_MODEL_OPS", "250"))
SEED = int(os.environ.get("IMAPFS_SEED", random.SystemRandom().randrange(1 << 32)))
SOON = 25  # seconds: "within seconds", on a busy machine
FLAGS_KNOWN = 60  # seconds: without mod-sequences flags are asked for every half a minute
GONE = (errno.ENOENT, errno.ESTALE)


class Folder:
    """A mailbox as the server tells of it: UID -> (size, flags)."""

    def __init__(self, uid_validity=None):
        self.uid_validity, self.messages = uid_validity, {}


def flags_of(text):
    return frozenset(text.split()) - {r"\Recent"}


class Reference:
    """The account as a fresh connection sees it; folders by their path below the mount."""

    def __init__(self, server):
        self.folders = {}
        with server.client() as client:
            for name, selectable in server.mailboxes(client).items():
                path = name.replace(server.delimiter, "/")
                for depth in range(path.count("/")):
                    self.folders.setdefault(path.rsplit("/", path.count("/") - depth)[0], Folder())
                self.folders[path] = self._read(client, server, name) if selectable else Folder()

    @staticmethod
    def _read(client, server, name):
        status, answer = client.select(quoted(server.full_name(name)), readonly=True)
        assert status == "OK", (name, answer)
        folder = Folder(int(client.response("UIDVALIDITY")[1][0]))
        if answer != [b"0"]:
            status, answer = client.uid("FETCH", "1:*", "(UID RFC822.SIZE FLAGS)")
            assert status == "OK", answer
            for line in answer:
                if b"UID" not in line:
                    continue  # unasked: another session has just changed flags
                uid, size = (int(re.search(item, line)[1]) for item in (rb"UID (\d+)", rb"RFC822.SIZE (\d+)"))
                flags = re.search(rb"FLAGS \((.*?)\)", line)[1].decode()
                folder.messages[uid] = (size, flags_of(flags))
        return folder


def uid_of(name):
    return int(re.fullmatch(r"(?:.*\.)?(\d+)\.eml", name, re.DOTALL)[1])


class ModelCase(harness.Case):
    """A mount of an account that begins empty."""

    def setUp(self):
        super().setUp()
        print("\nIMAPFS_SEED=%d IMAPFS_MODEL_OPS=%d" % (SEED, OPERATIONS), flush=True)
        self.random = random.Random(SEED + 1)
        self.has_modseqs = self.server.profile != "bare"
        # With NOTIFY little is left to be asked for; but Dovecot 2.3 does not tell when folders are renamed.
        notifies = self.server_type is harness.Dovecot and self.server.profile == "full"
        self.poll_interval = "5s" if notifies else "1s"
        self.mount_made = self.mount_account()
        self.root = self.mount_made.path
        self.lags = []

    def mount_account(self):
        return self.mount("--poll-interval", self.poll_interval)

    def uid_of(self, path):
        return uid_of(os.path.basename(path))

    # --- The whole tree ---------------------------------------------------------------------------

    def wait_until_equal(self, reference, with_flags):
        patience = SOON if self.has_modseqs else FLAGS_KNOWN
        try:
            eventually(lambda: self.difference(reference, with_flags) is None, patience, "the mount")
        except AssertionError:
            # Dovecot finds a folder again, as `recovered-lost-folder-...`, some time after folders were renamed and
            # deleted at once: nobody asked it to, and the reference may be older.
            again = Reference(self.server)
            if again.folders.keys() == reference.folders.keys():
                self.fail("still another than the server: %s" % self.difference(reference, with_flags))
            reference.folders = again.folders
            self.wait_until_equal(reference, with_flags)

    def difference(self, reference, with_flags):
        """The first thing that is not as on the server."""
        self.listed = {}
        found = {}
        try:
            for place, folders, files in os.walk(self.root, onerror=self._gone):
                folder = os.path.relpath(place, self.root)
                for name in folders:
                    path = os.path.normpath(os.path.join(folder, name))
                    self.listed[path] = None
                    if path not in reference.folders:
                        return "folder %s should not be there" % path
                found[folder] = files
            missing = reference.folders.keys() - found.keys()
            if missing:
                return "folders %s are missing" % missing
            for path, folder in reference.folders.items():
                wrong = self._difference(path, folder, found[path], with_flags)
                if wrong:
                    return "%s: %s" % (path, wrong)
        except OSError as error:
            # What is on its way has no attributes yet.
            if error.errno not in (*GONE, errno.ENODATA):
                raise
            return str(error)
        return None

    @staticmethod
    def _gone(error):
        raise error

    def _difference(self, path, folder, names, with_flags):
        shown = {self.uid_of(os.path.join(self.root, path, name)): name for name in names}
        if len(shown) != len(names):
            return "a message has two names: %s" % sorted(names)
        if shown.keys() != folder.messages.keys():
            return "shows %s too many, and not %s" % (
                sorted(shown.keys() - folder.messages.keys()),
                sorted(folder.messages.keys() - shown.keys()),
            )
        for uid, name in shown.items():
            file = os.path.join(self.root, path, name)
            self.listed[os.path.join(path, name)] = (folder.uid_validity, uid)
            size, flags = folder.messages[uid]
            if os.stat(file).st_size != size:
                return "size of %d" % uid
            if with_flags and flags_of(os.getxattr(file, "user.imap.flags").decode()) != flags:
                return "flags of %d are %s" % (uid, set(flags))
        return None
