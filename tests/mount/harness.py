"""What the mount tests share: a real server, a real mount, and the end of both in every case.

A test file holds one TestCase derived from `Case` and calls `main()`. The class names the server's
profile; its `fill` puts mail there, once. Each test mounts what it needs with `self.mount(...)` and
finds it unmounted afterwards, also when it fails, is interrupted or is terminated. Exit code 77
means that this machine cannot mount at all, and standard output says why.

The parts are in basics.py, servers.py, relay.py and mounts.py; a test finds all of them here.
Nothing here sleeps in order to wait: `eventually` polls a condition until a deadline.
"""
import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import sys
import tempfile
import threading
import unittest

# pylint: disable=unused-import # what the tests take from here
from basics import TESTS, as_on_the_wire, at_end, children, eventually, is_running, run, sha256
from mounts import MOUNT_LIMIT, PROGRAM, Mount, is_mounted, unmount_lazily
from relay import Direction, DistantRelay, Fault, FaultyRelay, LosingRelay, RelayWithWrongSizes
from servers import FETCHES_BODY, Cyrus, Dovecot, modified_utf7, quoted

SKIPPED = 77


class Skipped(Exception):
    """This machine cannot do what the test needs."""


class Case(unittest.TestCase):
    server_type = Dovecot
    profile = "full"

    @classmethod
    def fill(cls):
        """Puts into `cls.server` what the tests of this class look at. Overridden."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.mkdtemp(prefix="imapfs-test-")
        # The server may have to run as another account, which must get through.
        os.chmod(cls.scratch, 0o711)
        at_end.callback(shutil.rmtree, cls.scratch, ignore_errors=True)
        cls.addClassCleanup(shutil.rmtree, cls.scratch, ignore_errors=True)
        cls.server = cls.server_type(os.path.join(cls.scratch, "server"), cls.profile)
        cls.addClassCleanup(cls.server.kill)
        cls.fill()

    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="mount-", dir=self.scratch))
        self.mounts = 0

    def tearDown(self):
        if self.server.is_frozen:
            self.server.thaw()
        if self.server.is_down:
            self.server.start()

    def prepare(self, *options, **keywords):
        """A mount that is not started yet; what is left of it at the end of the test is removed."""
        self.mounts += 1
        mount = Mount(self.server, self.place / str(self.mounts), *options, **keywords)
        self.addCleanup(mount.destroy)
        self.addCleanup(self._explain, mount)
        return mount

    def refused(self, mount, *words, code=1):
        """`imapfs mount` fails with this exit code and one line that contains `words`; returns it."""
        before = children()
        done = run(*mount.command(), timeout=MOUNT_LIMIT)
        self.assertEqual(done.returncode, code, done.stderr)
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        for word in words:
            self.assertIn(word.lower(), lines[0].lower())
        self.assertNotIn(self.server.password, lines[0])
        self.assertEqual(done.stdout, "")
        self.assertFalse(is_mounted(mount.path))
        # The process in the background reports the failure and then ends.
        eventually(lambda: not any(is_running(pid) for pid in children() - before), 10, "the end of all processes")
        return lines[0]

    def mount(self, *options, **keywords):
        return self.prepare(*options, **keywords).start()

    def _explain(self, mount):
        """After a failure: what the program logged last."""
        outcome = getattr(self._outcome, "result", None)
        failed = outcome and any(test is self for test, _ in outcome.failures + outcome.errors)
        if (failed or getattr(self._outcome, "success", True) is False) and mount.log.exists():
            lines = mount.log.read_text(errors="replace").splitlines()
            print("--- log of the mount, last lines\n" + "\n".join(lines[-30:]), file=sys.stderr)

    def assert_same_messages(self, mount, mailbox, expected=None):
        """Every message of a mailbox is there, byte for byte, and stat tells its size."""
        expected = self.server.messages(mailbox) if expected is None else expected
        files = mount.files(mailbox)
        self.assertEqual(sorted(files), sorted(expected))
        for uid, message in expected.items():
            announced = os.stat(files[uid]).st_size
            content = files[uid].read_bytes()
            self.assertEqual(sha256(content), sha256(message.body), "%s UID %d" % (mailbox, uid))
            self.assertEqual(announced, len(message.body), "%s UID %d" % (mailbox, uid))
        return files


# --- Running --------------------------------------------------------------------------------------


def require_dovecot():
    """Raises Skipped unless this machine can run Dovecot."""
    for program in ("openssl", "pgrep"):
        if shutil.which(program) is None:
            raise Skipped("%s is not installed" % program)
    if shutil.which("dovecot", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin") is None:
        raise Skipped("Dovecot is not installed")


def require_cyrus():
    """Raises Skipped unless this machine can run Cyrus."""
    done = run(Cyrus.SCRIPT, "check")
    if done.returncode != 0:
        raise Skipped(done.stderr.strip())


def require_mounting():
    """Raises Skipped unless this machine can mount."""
    if shutil.which("fusermount3") is None:
        raise Skipped("fusermount3 is not installed")
    if not os.path.exists("/dev/fuse"):
        raise Skipped("there is no /dev/fuse")
    # fusermount3 mounts and passes the open device back through a socket: the whole way, but for a
    # program that answers.
    place = tempfile.mkdtemp(prefix="imapfs-probe-")
    ours, theirs = socket.socketpair()
    try:
        theirs.set_inheritable(True)
        environment = {**os.environ, "_FUSE_COMMFD": str(theirs.fileno())}
        done = run("fusermount3", "--", place, env=environment, pass_fds=[theirs.fileno()])
        if done.returncode != 0:
            raise Skipped("mounting is not allowed here: " + done.stderr.strip())
        _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
        unmount_lazily(place)
        for descriptor in descriptors:
            os.close(descriptor)
    finally:
        ours.close()
        theirs.close()
        os.rmdir(place)


def terminate(*_):
    # As Ctrl-C does; a second one must not cut the cleanup short.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def watch(limit):
    """Ends everything when the tests take longer: CTest would kill this process and leave the rest.

    A thread, because a system call on a mount that hangs is not interrupted by signals.
    """

    def expire():
        print("--- not done after %g s: killing what is mounted" % limit, file=sys.stderr, flush=True)
        for mount in Mount.started:
            if mount.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(mount.pid, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGTERM)

    timer = threading.Timer(limit, expire)
    timer.daemon = True
    timer.start()


def main(needs_mount=True, require_server=require_dovecot):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, terminate)
    # Programs that go to the background become children of this process, so that none is lost.
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    try:
        require_server()
        if needs_mount:
            require_mounting()
    except Skipped as reason:
        print("skipped: %s" % reason)
        sys.exit(SKIPPED)
    if needs_mount and not os.access(PROGRAM, os.X_OK):
        sys.exit("%s is not built" % PROGRAM)
    watch(float(os.environ.get("IMAPFS_TEST_LIMIT", "240")))
    with at_end:
        unittest.main(verbosity=2, warnings="ignore")


def main_on_server():
    """The same for a test whose first two arguments name the server and its profile."""
    servers = {"dovecot": (Dovecot, require_dovecot), "cyrus": (Cyrus, require_cyrus)}
    program, Case.profile = sys.argv[1:3]
    del sys.argv[1:3]
    Case.server_type, require_server = servers[program]
    main(require_server=require_server)
