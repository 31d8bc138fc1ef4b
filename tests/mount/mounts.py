"""One mount, made and unmade as a user does it."""
import os
import pathlib
import re
import signal
import subprocess

from basics import TESTS, at_end, children, eventually, is_running, run

PROGRAM = os.environ.get("IMAPFS", str(TESTS.parent / "build/ci/fs/cli/imapfs"))
MOUNT_LIMIT = 30  # seconds until `imapfs mount` must have returned


def is_mounted(path):
    octal = str(path).replace("\\", "\\134").replace(" ", "\\040")
    with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as mounts:
        return any(line.split(" ")[1] == octal for line in mounts)


def unmount_lazily(path):
    if run("fusermount3", "-u", "-z", path).returncode != 0 and os.geteuid() == 0:
        run("umount", "-l", path)


class Mount:
    """One mount, as a user makes it: `imapfs mount` returned 0 and the program is in the background.

    `tls` is implicit, starttls or none; `within` begins the command that starts it.
    """

    started = []

    def __init__(self, server, directory, *options, source=None, cache=None, mailbox="", timeout="4s", tls="implicit", within=()):
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
        self.state = self.cache.parent / (self.cache.name + ".state")
        self.options = ["--cache-dir", self.cache, "--state-dir", self.state, "--log-file", self.log, "--log-level", "debug"]
        self.options += ["--trace", self.trace, "--timeout", timeout]
        if "--ca-file" not in options:
            self.options += ["--ca-file", server.ca_file]
        if not any(str(option).startswith(("--password-", "--token-", "--client-")) for option in options):
            self.options += ["--password-file", self.password_file]
        self.options += options
        scheme, port = ("imaps", server.tls_port) if tls == "implicit" else ("imap", server.port)
        self.source = source or "%s://%s@%s:%d%s" % (scheme, server.user, server.host, port, mailbox)
        if tls == "none":
            self.options += ["--tls", "none"]
        self.within = within
        self.pid = None

    def command(self):
        return [str(part) for part in (*self.within, PROGRAM, "mount", *self.options, self.source, self.path)]

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
