"""What the mount tests share: a real server, a real mount, and the end of both in every case.

A test file holds one TestCase derived from `Case` and calls `main()`. The class names the server's
profile; its `fill` puts mail there, once. Each test mounts what it needs with `self.mount(...)` and
finds it unmounted afterwards, also when it fails, is interrupted or is terminated. Exit code 77
means that this machine cannot mount at all, and standard output says why.

Nothing here sleeps in order to wait: `eventually` polls a condition until a deadline.
"""
import contextlib
import ctypes
import hashlib
import imaplib
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from base64 import b64encode

TESTS = pathlib.Path(__file__).resolve().parents[1]
PROGRAM = os.environ.get("IMAPFS", str(TESTS.parent / "build/ci/fs/cli/imapfs"))
MOUNT_LIMIT = 30  # seconds until `imapfs mount` must have returned
SKIPPED = 77
imaplib._MAXLINE = 1 << 24  # pylint: disable=protected-access # answers with thousands of UIDs


# What has to be undone even when an interrupt cuts the cleanups of unittest short. Every entry may run
# a second time.
at_end = contextlib.ExitStack()


class Skipped(Exception):
    """This machine cannot do what the test needs."""


def eventually(condition, seconds=10, what="it"):
    """Waits until `condition()` is true and returns what it returned; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError("waited %g s in vain for %s" % (seconds, what))
        time.sleep(0.02)


def run(*command, timeout=60, **options):
    """Runs a command, whatever its exit code, and captures its output as text."""
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=timeout,
        text=True,
        errors="surrogateescape",
        check=False,
        **options,
    )


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def as_on_the_wire(data):
    """A message file as IMAP transfers it: every line end is CRLF."""
    return re.sub(rb"\r?\n", b"\r\n", data)


# --- The server -----------------------------------------------------------------------------------


def modified_utf7(name):
    """A mailbox name as IMAP spells it (RFC 3501 5.1.3)."""
    spelled = ""
    for part in re.findall(r"[ -~]+|[^ -~]+", name):
        if part.isascii() and part.isprintable():
            spelled += part.replace("&", "&-")
        else:
            spelled += "&" + b64encode(part.encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"
    return spelled


def quoted(name):
    return '"%s"' % modified_utf7(name).replace("\\", "\\\\").replace('"', '\\"')


class Message:
    """A message as the server tells of it."""

    def __init__(self, size, arrival, body):
        self.size, self.arrival, self.body = size, arrival, body


class Server:
    """A private Dovecot (tests/servers/dovecot). Mailbox names are given without the prefix."""

    SCRIPT = TESTS / "servers/dovecot"
    OWN_TAG = b"HARNESS"  # begins the tags of this harness, so that its sessions can be told apart

    def __init__(self, directory, profile="full"):
        self.directory = pathlib.Path(directory)
        self.profile = profile
        self.is_frozen = self.is_down = False
        self._forgotten = {}
        at_end.callback(self.kill)
        self.start()

    def _script(self, command, *arguments, check=True):
        done = run(self.SCRIPT, command, self.directory, *arguments)
        if check and done.returncode != 0:
            raise AssertionError("dovecot %s: %s%s" % (command, done.stdout, done.stderr))
        return done.stdout

    def start(self, cert="good"):
        # Its output goes to a file: the server would keep a pipe open.
        self._script("start", "--profile", self.profile, "--cert", cert, "--rawlog")
        self.is_down = False
        values = {}
        for line in (self.directory / "env").read_text().splitlines():
            key, _, value = line.partition("=")
            values[key] = shlex.split(value)[0] if value else ""
        self.user, self.password = values["IMAP_USER"], values["IMAP_PASSWORD"]
        self.weird_user, self.weird_password = values["WEIRD_USER"], values["WEIRD_PASSWORD"]
        self.port, self.tls_port = int(values["IMAP_PORT"]), int(values["IMAPS_PORT"])
        self.ca_file = values["CA_FILE"]
        self.client_cert, self.client_key = values["CLIENT_CERT"], values["CLIENT_KEY"]
        self.prefix, self.delimiter = values["PREFIX"], values["DELIMITER"]

    def kill(self):
        self._script("kill", check=False)
        self.is_frozen, self.is_down = False, True

    def freeze(self):
        self.is_frozen = True
        self._script("freeze")

    def thaw(self):
        self._script("thaw")
        self.is_frozen = False

    def doveadm(self, *arguments):
        return self._script("doveadm", *arguments)

    def token(self, user, seconds=3600):
        """An access token for a user; with negative seconds one that has expired."""
        return self._script("token", user, seconds).strip()

    def full_name(self, mailbox):
        return mailbox if mailbox == "INBOX" else self.prefix + mailbox

    def seed(self, mailbox, source, lie=0):
        """Puts the message files of a folder into a mailbox."""
        # Dovecot's programs take names in UTF-8.
        self._script("seed", self.user, self.full_name(mailbox), source, *(["--lie", lie] if lie else []))

    def seed_messages(self, mailbox, messages):
        """Puts byte strings into a mailbox, a minute apart from each other."""
        with tempfile.TemporaryDirectory() as scratch:
            for number, content in enumerate(messages):
                path = pathlib.Path(scratch, "%06d.eml" % number)
                path.write_bytes(content)
                os.utime(path, (1500000000 + 60 * number,) * 2)
            self.seed(mailbox, scratch)

    def seed_sample(self, mailbox, count, seed=1):
        with tempfile.TemporaryDirectory() as scratch:
            done = run(TESTS / "mail/make_mail", count, scratch, "--seed", seed)
            if done.returncode != 0:
                raise AssertionError(done.stderr)
            self.seed(mailbox, scratch)

    def client(self):
        """Another mail client, logged in."""
        client = imaplib.IMAP4("localhost", self.port, timeout=30)
        client.tagpre = self.OWN_TAG
        client.tagre = re.compile(rb"(?P<tag>%s\d+) (?P<type>[A-Z]+) (?P<data>.*)" % self.OWN_TAG, re.ASCII | re.DOTALL)
        client.login(self.user, self.password)
        return client

    def create(self, mailbox):
        with self.client() as client:
            status, answer = client.create(quoted(self.full_name(mailbox)))
            assert status == "OK", (mailbox, answer)

    def append(self, mailbox, content, flags=""):
        with self.client() as client:
            status, answer = client.append(
                quoted(self.full_name(mailbox)), "(%s)" % flags, None, as_on_the_wire(content)
            )
            assert status == "OK", answer

    def messages(self, mailbox):
        """UID -> Message for all of a mailbox, fetched so that nothing becomes \\Seen."""
        found = {}
        with self.client() as client:
            status, answer = client.select(quoted(self.full_name(mailbox)), readonly=True)
            assert status == "OK", (mailbox, answer)
            if answer == [b"0"]:
                return found
            status, answer = client.uid("FETCH", "1:*", "(UID RFC822.SIZE INTERNALDATE BODY.PEEK[])")
            assert status == "OK", answer
            for part in answer:
                if isinstance(part, tuple):
                    uid, size = (
                        int(re.search(pattern, part[0])[1]) for pattern in (rb"UID (\d+)", rb"RFC822.SIZE (\d+)")
                    )
                    arrival = int(time.mktime(imaplib.Internaldate2tuple(part[0])))
                    found[uid] = Message(size, arrival, part[1])
        return found

    def unseen(self, *mailboxes):
        """Number of unread messages by mailbox."""
        counts = {}
        with self.client() as client:
            for mailbox in mailboxes:
                _, answer = client.status(quoted(self.full_name(mailbox)), "(UNSEEN)")
                counts[mailbox] = int(re.search(rb"UNSEEN (\d+)", answer[0])[1])
        return counts

    def _sent(self):
        """For each session of another client, what it has sent since `forget_commands`, by lines."""
        for log in sorted((self.directory / "rawlog").glob("*.in")):
            sent = log.read_bytes()
            if b" " + self.OWN_TAG not in sent:
                # Each line begins with the time.
                lines = [line.split(b" ", 1)[-1] for line in sent.splitlines()]
                yield list(enumerate(lines)), self._forgotten.get(log.name, 0)

    def commands(self):
        """Every line that clients other than this harness have sent after logging in."""
        return [line for lines, known in self._sent() for number, line in lines if number >= known]

    def body_fetches(self):
        """The commands of others that fetch bodies or parts of them."""
        return [line for line in self.commands() if FETCHES_BODY.search(line)]

    def mailboxes_with_body_fetches(self):
        """The names, as the clients sent them, of the mailboxes that the fetched bodies were in."""
        found = set()
        for lines, known in self._sent():
            selected = None
            for number, line in lines:
                match = re.search(rb' (?:SELECT|EXAMINE) "?((?:[^"\\ ]|\\.)+)', line, re.IGNORECASE)
                selected = match[1].decode() if match else selected
                if number >= known and FETCHES_BODY.search(line):
                    found.add(selected)
        return found

    def forget_commands(self):
        """Begins to count anew."""
        for log in (self.directory / "rawlog").glob("*.in"):
            self._forgotten[log.name] = len(log.read_bytes().splitlines())

    def processes(self):
        """The numbers of the server's processes, the first one first."""
        found = [int((self.directory / "pid").read_text().split()[0])]
        for pid in found:
            found += children(pid)
        return found

    def freeze_at_once(self):
        """As `freeze`, without the time that starting a program takes."""
        self.is_frozen = True
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)


# A section of the body: [], [1], [TEXT], partial or not; but not [HEADER...].
FETCHES_BODY = re.compile(rb"(BODY(\.PEEK)?\[(?!HEADER)|BINARY|RFC822(?!\.(SIZE|HEADER)))", re.IGNORECASE)


class RelayWithWrongSizes:
    """Passes a plain-text IMAP connection on to the server, but adds to every RFC822.SIZE.

    Dovecot itself never announces a size and then sends another literal; other servers do.
    """

    def __init__(self, port, error):
        self._target, self._error = port, error
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)

    def close(self):
        self._listener.close()

    def _start(self, function, *arguments):
        threading.Thread(target=function, args=arguments, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            self._start(self._copy, client, server)
            self._start(self._copy_with_lies, server, client)

    @staticmethod
    def _shut(*ends):
        for end in ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _copy(self, source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        self._shut(source, target)

    def _copy_with_lies(self, source, target):
        def lie(match):
            return b"RFC822.SIZE %d" % max(0, int(match[1]) + self._error)

        stream = source.makefile("rb")
        try:
            while line := stream.readline():
                target.sendall(re.sub(rb"RFC822\.SIZE (\d+)", lie, line))
                literal = re.search(rb"\{(\d+)\}\r\n$", line)
                if literal:
                    target.sendall(stream.read(int(literal[1])))
        except OSError:
            pass
        self._shut(source, target)


# --- The mount ------------------------------------------------------------------------------------


def children(parent=None):
    """The processes whose parent is `parent`, or this one: a mount in the background becomes ours."""
    parent = parent or os.getpid()
    found = set()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = pathlib.Path("/proc", entry, "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == parent:
                found.add(int(entry))
    return found


def is_running(pid):
    """Whether a child of this process runs; collects it when it has ended."""
    try:
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return False


def is_mounted(path):
    octal = str(path).replace("\\", "\\134").replace(" ", "\\040")
    with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as mounts:
        return any(line.split(" ")[1] == octal for line in mounts)


def unmount_lazily(path):
    if run("fusermount3", "-u", "-z", path).returncode != 0 and os.geteuid() == 0:
        run("umount", "-l", path)


class Mount:
    """One mount, as a user makes it: `imapfs mount` returned 0 and the program is in the background."""

    started = []

    def __init__(self, server, directory, *options, source=None, cache=None, mailbox="", timeout="4s"):
        self.server = server
        self.directory = pathlib.Path(directory)
        self.path = self.directory / "mail"
        self.cache = pathlib.Path(cache) if cache else self.directory / "cache"
        self.trace = self.directory / "trace"
        self.log = self.directory / "log"
        self.path.mkdir(parents=True, exist_ok=True)
        self.password_file = self.directory / "password"
        self.password_file.write_text(server.password + "\n")
        self.password_file.chmod(0o600)
        self.options = ["--cache-dir", self.cache, "--log-file", self.log, "--log-level", "debug"]
        self.options += ["--trace", self.trace, "--timeout", timeout]
        if "--ca-file" not in options:
            self.options += ["--ca-file", server.ca_file]
        if not any(str(option).startswith(("--password-", "--token-", "--client-")) for option in options):
            self.options += ["--password-file", self.password_file]
        self.options += options
        self.source = source or "imaps://%s@localhost:%d%s" % (server.user, server.tls_port, mailbox)
        self.pid = None

    def command(self):
        return [str(part) for part in (PROGRAM, "mount", *self.options, self.source, self.path)]

    def start(self):
        at_end.callback(self.destroy)
        Mount.started.append(self)
        before = children()
        with open(self.directory / "output", "w+b") as output:
            # Not a pipe: the program in the background may keep it open.
            done = subprocess.run(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=MOUNT_LIMIT,
                check=False,
            )
            output.seek(0)
            said = output.read().decode(errors="replace")
        new = children() - before
        self.pid = new.pop() if len(new) == 1 else None
        assert done.returncode == 0, "imapfs mount: exit code %d: %s" % (done.returncode, said)
        assert is_mounted(self.path), "imapfs mount returned 0 without a mount: " + said
        assert self.pid is not None, "imapfs mount left %s in the background" % (new or "nothing")
        return self

    def unmount(self, seconds=15):
        """Ends the mount as a user does and expects its process to end by itself."""
        done = run(PROGRAM, "umount", self.path, timeout=seconds)
        assert done.returncode == 0, "imapfs umount: " + done.stderr
        assert not is_mounted(self.path)
        if self.pid is not None:
            pid = self.pid
            eventually(lambda: not is_running(pid), seconds, "the end of the unmounted program")
            self.pid = None

    def destroy(self):
        """Leaves neither mount nor process behind, whatever state they are in."""
        for _ in range(3):
            if is_mounted(self.path):
                unmount_lazily(self.path)
        if self.pid is not None:
            pid = self.pid
            try:
                eventually(lambda: not is_running(pid), 3)
            except AssertionError:
                os.kill(pid, signal.SIGKILL)
                eventually(lambda: not is_running(pid), 10, "the end of a killed process")
        self.pid = None

    # What the tests look at.

    def file(self, mailbox, uid):
        """The path of a message by its number, which always resolves."""
        return self.path / mailbox / ("%d.eml" % uid)

    def listing(self, mailbox=""):
        return sorted(os.listdir(self.path / mailbox))

    def files(self, mailbox):
        """UID -> path, from the names in the listing."""
        found = {}
        for entry in os.scandir(self.path / mailbox):
            if entry.is_file(follow_symlinks=False):
                match = re.fullmatch(r"(?:.*\.)?(\d+)\.eml", entry.name, re.DOTALL)
                assert match, "no UID in the name %r" % entry.name
                found[int(match[1])] = pathlib.Path(entry.path)
        return found

    def traced(self):
        return self.trace.read_text(errors="surrogateescape") if self.trace.exists() else ""


# --- Test cases -----------------------------------------------------------------------------------


class Case(unittest.TestCase):
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
        cls.server = Server(os.path.join(cls.scratch, "server"), cls.profile)
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


def require_server():
    """Raises Skipped unless this machine can run the server."""
    for program in ("openssl", "pgrep"):
        if shutil.which(program) is None:
            raise Skipped("%s is not installed" % program)
    if shutil.which("dovecot", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin") is None:
        raise Skipped("Dovecot is not installed")


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


def main(needs_mount=True):
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
