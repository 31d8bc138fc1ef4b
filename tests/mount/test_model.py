#!/usr/bin/env python3
"""Two clients change the account at random while a mount watches: whenever they stop, the mount soon shows
what the server has, whatever way the server has of telling.

usage: test_model.py dovecot|cyrus PROFILE [unittest's arguments]

IMAPFS_MODEL_OPS says how many operations (default: 250), IMAPFS_SEED which (default: others each time).
"""
import errno
import os
import pathlib
import random
import re
import threading
import time

import harness
from harness import eventually, quoted, sha256
from writers import Writers

OPERATIONS = int(os.environ.get("IMAPFS_MODEL_OPS", "250"))
SEED = int(os.environ.get("IMAPFS_SEED", random.SystemRandom().randrange(1 << 32)))
SOON = 25  # seconds: "within seconds", on a busy machine
FLAGS_KNOWN = 60  # seconds: without mod-sequences flags are asked for every half a minute
FORGOTTEN = 5  # seconds: until the kernel was told; by itself it forgets a message after ten
GONE = (errno.ENOENT, errno.ESTALE)
BETWEEN = (1, 5, 20, 60, 150)  # operations from one quiet point to the next


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
                uid, size = (int(re.search(item, line)[1]) for item in (rb"UID (\d+)", rb"RFC822.SIZE (\d+)"))
                flags = re.search(rb"FLAGS \((.*?)\)", line)[1].decode()
                folder.messages[uid] = (size, flags_of(flags))
        return folder


def uid_of(name):
    return int(re.fullmatch(r"(?:.*\.)?(\d+)\.eml", name, re.DOTALL)[1])


class Looker:
    """Reads here and there in the mount all the time, so that it has much to do and to remember."""

    def __init__(self, root, seed):
        self._root, self._random = root, random.Random(seed)
        self._stop = threading.Event()
        self.failures = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        self._stop.set()
        self._thread.join()

    def _run(self):
        while not self._stop.is_set():
            place = self._root
            try:
                for place, folders, files in os.walk(self._root):
                    if self._stop.is_set() or self._random.random() < 0.1:
                        break
                    self._random.shuffle(folders)
                    for name in self._random.sample(files, min(len(files), 3)):
                        pathlib.Path(place, name).read_bytes()
            except OSError as error:
                # What was there a moment ago may be gone; while Dovecot deletes a folder it lists it, does
                # not open it, and hangs up on those who have it open.
                if error.errno not in (*GONE, errno.EIO, errno.ENETUNREACH):
                    self.failures.append("%s: %s" % (place, error))


class Model(harness.Case):
    def setUp(self):
        super().setUp()
        print("\nIMAPFS_SEED=%d IMAPFS_MODEL_OPS=%d" % (SEED, OPERATIONS), flush=True)
        self.random = random.Random(SEED + 1)
        self.has_modseqs = self.server.profile != "bare"
        # With NOTIFY little is left to be asked for; but Dovecot 2.3 does not tell when folders are renamed.
        notifies = self.server_type is harness.Dovecot and self.server.profile == "full"
        self.mount_made = self.mount("--poll-interval", "5s" if notifies else "1s")
        self.root = self.mount_made.path
        self.lags = []

    def test_the_mount_ends_up_as_the_server_is(self):
        writers = Writers(self.server, SEED)
        self.addCleanup(writers.close)
        self.addCleanup(self.report, writers)
        left, known, witnesses = OPERATIONS, {}, {}
        self.addCleanup(lambda: [os.close(file) for file, _ in witnesses.values()])
        while left > 0:
            now = min(left, self.random.choice(BETWEEN))
            looker = Looker(self.root, self.random.random())
            try:
                writers.change(now)
            finally:
                looker.stop()
            self.assertEqual(looker.failures, [])
            left -= now
            reference = Reference(self.server)
            self.at_quiet(reference, known, left == 0)
            self.check_witnesses(witnesses, reference)
            known = self.listed
            witnesses.update(self.new_witnesses(witnesses))

    def report(self, writers):
        """Also of a run that fails or is interrupted."""
        lags = sorted(self.lags) or [0]
        print(
            "%d operations, %d quiet points, in step after %.2f s (median), %.2f s (worst); %s"
            % (sum(writers.done.values()), len(self.lags), lags[len(lags) // 2], lags[-1], dict(writers.done)),
            flush=True,
        )

    def at_quiet(self, reference, known, is_last):
        """The mount comes to be as the reference, and nothing of what it was before is left."""
        begun = time.monotonic()
        names_first = self.random.random() < 0.5
        if names_first:
            self.assert_gone(known, reference, SOON)
        self.wait_until_equal(reference, with_flags=self.has_modseqs or is_last)
        self.lags.append(time.monotonic() - begun)
        if not names_first:
            self.assert_gone(known, reference, FORGOTTEN)
        for _ in range(3):
            self.check_some_content()

    # --- The whole tree ---------------------------------------------------------------------------

    def wait_until_equal(self, reference, with_flags):
        patience = SOON if self.has_modseqs else FLAGS_KNOWN
        try:
            eventually(lambda: self.difference(reference, with_flags) is None, patience, "the mount")
        except AssertionError:
            self.fail("still another than the server: %s" % self.difference(reference, with_flags))

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
            if error.errno not in GONE:
                raise
            return str(error)
        return None

    @staticmethod
    def _gone(error):
        raise error

    def _difference(self, path, folder, names, with_flags):
        shown = {uid_of(name): name for name in names}
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

    # --- What is gone -----------------------------------------------------------------------------

    def assert_gone(self, known, reference, seconds):
        """Nothing that was shown before and is gone can be looked up, by a name that the kernel knew."""

        def remains():
            return [path for path, what in known.items() if self._is_gone(path, what, reference) and self._exists(path)]

        try:
            eventually(lambda: not remains(), seconds, "names to go")
        except AssertionError:
            self.fail("can still be looked up: %s" % remains())

    @staticmethod
    def _is_gone(path, what, reference):
        if what is None:
            return path not in reference.folders
        folder = reference.folders.get(os.path.dirname(path))
        # With another UIDVALIDITY another message may bear the name.
        return folder is None or (folder.uid_validity == what[0] and what[1] not in folder.messages)

    def _exists(self, path):
        try:
            os.stat(os.path.join(self.root, path))
            return True
        except OSError as error:
            if error.errno not in GONE:
                raise
            return error.errno == errno.ESTALE

    # --- Content ----------------------------------------------------------------------------------

    def some_message(self):
        """The path of one that is shown, or nothing."""
        paths = sorted(path for path, what in self.listed.items() if what)
        return self.random.choice(paths) if paths else None

    def true_content(self, path):
        mailbox = os.path.dirname(path).replace("/", self.server.delimiter)
        with self.server.client() as client:
            client.select(quoted(self.server.full_name(mailbox)), readonly=True)
            _, answer = client.uid("FETCH", str(uid_of(os.path.basename(path))), "(BODY.PEEK[])")
            return answer[0][1]

    def check_some_content(self):
        path = self.some_message()
        if path:
            content = pathlib.Path(self.root, path).read_bytes()
            self.assertEqual(sha256(content), sha256(self.true_content(path)), path)

    def new_witnesses(self, known):
        """A file that is open now, has been read, and may be gone the next time."""
        path = self.some_message()
        if not path or (path, self.listed[path]) in known:
            return {}
        file = os.open(os.path.join(self.root, path), os.O_RDONLY)
        return {(path, self.listed[path]): (file, os.pread(file, 1 << 20, 0))}

    def check_witnesses(self, witnesses, reference):
        """A file that was opened before its message was deleted can be read on."""
        for (path, what), (file, content) in list(witnesses.items()):
            folder = reference.folders.get(os.path.dirname(path))
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            try:
                self.assertEqual(os.pread(file, 1 << 20, 0), content, path)
            except OSError as error:
                # A mailbox that is gone has taken everything with it.
                whole_folder = folder is None or folder.uid_validity != what[0]
                self.assertTrue(whole_folder and error.errno == errno.ESTALE, "%s: %s" % (path, error))
            if folder is None or what[1] not in folder.messages or folder.uid_validity != what[0]:
                os.close(file)
                del witnesses[(path, what)]
        while len(witnesses) > 20:
            os.close(witnesses.pop(next(iter(witnesses)))[0])


if __name__ == "__main__":
    harness.main_on_server()
