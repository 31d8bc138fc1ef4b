"""Rows about tools that read a folder through a mount, beside the same tools on a Maildir of the same messages."""
import ctypes
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time
import types

TESTS = pathlib.Path(__file__).resolve().parents[1]
os.environ.setdefault("IMAPFS", str(TESTS.parent / "build/release/fs/cli/imapfs"))
sys.path.insert(0, str(TESTS / "mount"))

from basics import at_end  # noqa: E402
from mounts import Mount  # noqa: E402
from relay import DistantRelay  # noqa: E402

FOLDER = "Bench"
MESSAGES = int(os.environ.get("IMAPFS_MESSAGES", "20000"))
COLD_RUNS = 3
RUNS = 5

MBSYNC = """\
FSync {fsync}

IMAPAccount there
Host {host}
Port {port}
User {user}
PassCmd "cat {password_file}"
SSLType IMAPS
CertificateFile {ca_file}

IMAPStore there
Account there

MaildirStore here
Path {maildir}/
Inbox {maildir}/INBOX
SubFolders Verbatim

Channel all
Far :there:"{folder}"
Near :here:"{folder}"
Create Near
Sync Pull
SyncState {maildir}/state-
"""

TOOLS = {  # {}: the folder
    "grep": ["grep", "-rc", "harbour", "{}"],
    "rg": ["rg", "-uuu", "--count", "harbour", "{}"],
    "cat": ["sh", "-c", 'find "$0" -type f -exec cat {} + | wc -c', "{}"],
    "ls_l": ["ls", "-lR", "{}"],
    "ls_f": ["ls", "-fR", "{}"],
    "find_size": ["find", "{}", "-size", "+1M"],
}


def seconds(*command, **options):
    """How long a command takes. What it prints is read by nobody."""
    begun = time.monotonic()
    done = subprocess.run([str(part) for part in command], stdout=subprocess.DEVNULL, check=False, **options)
    # grep: 1 stands for no match.
    assert done.returncode in (0, 1), (command, done.returncode)
    return time.monotonic() - begun


def use(tool, folder):
    return seconds(*(folder if word == "{}" else word for word in TOOLS[tool]))


class QuickMount(Mount):
    """Without the trace and the talkative log of the tests."""

    def command(self):
        command = super().command()
        for option in ("--trace", "--log-level"):
            at = command.index(option)
            del command[at : at + 2]
        return command


class Place:
    """A Dovecot with the folder and a directory for what is made of it. `seed` fills a mailbox of it from a directory."""

    def __init__(self, values, directory, seed):
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: for the mounts
        self.directory = pathlib.Path(directory)
        self.account = types.SimpleNamespace(
            host="localhost",
            port=int(values["IMAP_PORT"]),
            tls_port=int(values["IMAPS_PORT"]),
            user=values["IMAP_USER"],
            password=values["IMAP_PASSWORD"],
            ca_file=values["CA_FILE"],
        )
        self.maildir = self.directory / "maildir"
        self._count = 0
        self._near = None
        self._seed = seed
        self._has_large = False

    def need_large(self):
        """A mailbox with a message of 30 MB and one of 100."""
        if self._has_large:
            return
        source = self.directory / "large-mail"
        source.mkdir()
        line = b"a line of a long message, 64 characters with its end, as usual\n"
        for number, size in enumerate((30, 100)):
            content = b"Subject: %d MB\n\n" % size + line * (size * 1_000_000 // len(line))
            (source / ("%d.eml" % number)).write_bytes(content)
        self._seed("Large", source)
        shutil.rmtree(source)
        self._has_large = True

    def mount(self, port, cache=None):
        source = "imaps://%s@localhost:%d" % (self.account.user, port)
        return self.mount_of(self.account, source=source, cache=cache)

    def mount_of(self, account, **keywords):
        self._count += 1
        directory = self.directory / ("mount%d" % self._count)
        directory.mkdir()
        return QuickMount(account, directory, timeout="60s", **keywords).start()

    def pull(self, port, fsync="yes"):
        """Has mbsync fetch the folder into an empty Maildir."""
        shutil.rmtree(self.maildir, ignore_errors=True)
        self.maildir.mkdir()
        password_file = self.directory / "password"
        password_file.write_text(self.account.password + "\n")
        config = self.directory / "mbsyncrc"
        config.write_text(
            MBSYNC.format(
                fsync=fsync,
                host="localhost",
                port=port,
                user=self.account.user,
                password_file=password_file,
                ca_file=self.account.ca_file,
                maildir=self.maildir,
                folder=FOLDER,
            )
        )
        password_file.chmod(0o600)
        # Messages with odd headers it leaves out, and says so: few of them.
        subprocess.run(["mbsync", "-c", config, "-q", "-a"], check=True, stderr=subprocess.DEVNULL)

    # Rows

    def cold(self, round_trip, fsync):
        """The first grep of a folder that nobody has: mbsync and grep on its Maildir, or grep on the mount."""
        relay = DistantRelay(self.account.tls_port, round_trip) if round_trip else None
        port = relay.port if relay else self.account.tls_port
        ours, theirs = [], []
        try:
            for _ in range(COLD_RUNS):
                begun = time.monotonic()
                self.pull(port, fsync)
                use("grep", self.maildir / FOLDER)
                theirs.append(time.monotonic() - begun)
                begun = time.monotonic()
                mount = self.mount(port)
                use("grep", mount.path / FOLDER)
                ours.append(time.monotonic() - begun)
                mount.unmount(60)
                shutil.rmtree(mount.directory)
        finally:
            if relay:
                relay.close()
        return compared(ours, theirs)

    def near(self):
        """A mount whose cache has everything, beside the Maildir."""
        if not self._near:
            self.pull(self.account.tls_port, "no")
            self._near = self.mount(self.account.tls_port)
            use("cat", self._near.path / FOLDER)
        return self._near

    def mount_near_again(self):
        self._near.unmount(60)
        self._near = self.mount(self.account.tls_port, self._near.cache)
        return self._near

    def remounted(self, tool):
        """Nothing of the mount is in the kernel, all of the Maildir is."""
        ours, theirs = [], []
        self.near()
        use(tool, self.maildir / FOLDER)
        for _ in range(RUNS):
            theirs.append(use(tool, self.maildir / FOLDER))
            ours.append(use(tool, self.mount_near_again().path / FOLDER))
        return compared(ours, theirs)

    def warm(self, tool):
        mount = self.near()
        for place in (self.maildir, mount.path):
            use(tool, place / FOLDER)
        ours, theirs = [], []
        for _ in range(RUNS):
            theirs.append(use(tool, self.maildir / FOLDER))
            ours.append(use(tool, mount.path / FOLDER))
        return compared(ours, theirs)

    def unchanged(self, round_trip):
        """Remounting and listing what has not changed, beside a run of mbsync that finds nothing new."""
        cache = self.near().cache
        relay = DistantRelay(self.account.tls_port, round_trip)
        ours, theirs = [], []
        try:
            self._near.unmount(60)
            config = self.directory / "mbsyncrc"
            config.write_text(config.read_text().replace("Port %d\n" % self.account.tls_port, "Port %d\n" % relay.port))
            for _ in range(RUNS):
                theirs.append(seconds("mbsync", "-c", config, "-q", "-a", stderr=subprocess.DEVNULL))
                begun = time.monotonic()
                self._near = self.mount(relay.port, cache)
                use("ls_f", self._near.path / FOLDER)
                ours.append(time.monotonic() - begun)
                self._near.unmount(60)
        finally:
            relay.close()
        self._near = self.mount(self.account.tls_port, cache)
        return compared(ours, theirs)

    @staticmethod
    def end():
        """Leaves no mount behind: what removes the directories would go into it."""
        at_end.close()


def compared(ours, theirs):
    ours, theirs = statistics.median(ours), statistics.median(theirs)
    return {"ours": ours, "yardstick": theirs, "unit": "s", "ratio": ours / theirs}


def rows():
    """Name -> what it takes of a Place, in words, and that."""
    found = {}
    for milliseconds in (0, 20, 80):
        for fsync in ("yes", "no"):
            name = "cold_grep_%dms%s" % (milliseconds, "" if fsync == "yes" else "_no_fsync")
            found[name] = (
                "first grep -r, %d ms away; yardstick: mbsync (FSync %s) and grep" % (milliseconds, fsync),
                lambda place, away=milliseconds / 1000, fsync=fsync: place.cold(away, fsync),
            )
    for tool in TOOLS:
        found["remounted_" + tool] = (
            "%s right after mounting; yardstick: the same on a warm Maildir" % tool,
            lambda place, tool=tool: place.remounted(tool),
        )
        found["warm_" + tool] = ("%s again; yardstick: the same" % tool, lambda place, tool=tool: place.warm(tool))
    found["unchanged_80ms"] = ("mount and ls, nothing new, 80 ms away; yardstick: mbsync", lambda place: place.unchanged(0.08))
    return found
