"""Rows about what grows with the number of messages: memory, and the time that a listing takes."""
import contextlib
import pathlib
import shutil
import types

import plot
from endless import EndlessServer
from reading import use

MILLION = 1_000_000
READ = 100_000
SIZES = (1_000, 10_000, 100_000, MILLION)
PLOT = pathlib.Path(__file__).resolve().parents[2] / "build/bench-growth.svg"


@contextlib.contextmanager
def endless_mount(place, count):
    server = EndlessServer(count)
    account = types.SimpleNamespace(
        host="localhost", port=server.port, tls_port=server.port, user="alice", password="any", ca_file=place.account.ca_file
    )
    mount = place.mount_of(account, tls="none")
    try:
        yield mount
    finally:
        mount.unmount(120)
        shutil.rmtree(mount.directory)
        server.close()


def memory(mount):
    """MiB of the program beyond files that it has mapped, such as the cache."""
    status = pathlib.Path("/proc/%d/status" % mount.pid).read_text()
    return int(status.split("RssAnon:")[1].split()[0]) / 1024


def listed(place):
    """A million messages listed, beside 64 MiB."""
    with endless_mount(place, MILLION) as mount:
        use("ls_f", mount.path / "INBOX")
        ours = memory(mount)
    return {"ours": ours, "yardstick": 64, "unit": "MiB", "ratio": ours / 64}


def read(place):
    """After 100,000 messages opened, read and closed, beside what it was after the first 10,000."""
    with endless_mount(place, READ) as mount:
        found = []
        for entry in pathlib.Path(mount.path / "INBOX").iterdir():
            entry.read_bytes()
            found.append(memory(mount) if len(found) in (READ // 10, READ - 1) else None)
    measured = [one for one in found if one is not None]
    return {"ours": measured[1], "yardstick": measured[0], "unit": "MiB", "ratio": measured[1] / measured[0]}


def growth(place):
    """Seconds at sizes ten times apart, drawn as curves; a message at the largest size, beside one at 10,000."""
    curves = {name: [] for name in ("first ls -l", "first grep -r", "ls -l after mounting again", "ls -l again")}
    for count in SIZES:
        with endless_mount(place, count) as mount:
            taken = [use("ls_l", mount.path / "INBOX"), use("grep", mount.path / "INBOX")]
            mount.unmount(120)
            mount.start()
            taken += [use("ls_l", mount.path / "INBOX"), use("ls_l", mount.path / "INBOX")]
        for curve, seconds in zip(curves.values(), taken):
            curve.append((count, seconds))
        print("<!-- %d messages: %s -->" % (count, ", ".join("%s %.2f s" % pair for pair in zip(curves, taken))), flush=True)
    PLOT.write_text(plot.svg("A mailbox of small messages on the same host", curves, "messages", "seconds"))
    each = {count: sum(dict(curve)[count] for curve in curves.values()) / count for count in SIZES}
    return {
        "ours": each[SIZES[-1]] * 1e6,
        "yardstick": each[10_000] * 1e6,
        "unit": "us",
        "ratio": each[SIZES[-1]] / each[10_000],
        "curves": curves,
    }


def rows():
    """Name -> what it takes of a Place, in words, and that."""
    return {
        "memory_listed": ("memory with 1,000,000 messages listed; yardstick: 64 MiB", listed),
        "growth": ("a message of 1,000,000, listed and read; yardstick: one of 10,000; draws build/bench-growth.svg", growth),
        "memory_read": ("memory after 100,000 messages read; yardstick: after 10,000", read),
    }
