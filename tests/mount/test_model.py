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
import threading
import time

import harness
from harness import eventually, quoted, sha256
from model import GONE, OPERATIONS, SEED, SOON, ModelCase, Reference, uid_of
from writers import Writers

FORGOTTEN = 5  # seconds: until the kernel was told; by itself it forgets a message after ten
BETWEEN = (1, 5, 20, 60, 150)  # operations from one quiet point to the next


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


class Model(ModelCase):
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
