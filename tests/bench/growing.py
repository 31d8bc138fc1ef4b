"""Rows about what grows with the number of messages: memory, and the time that a listing takes."""
import contextlib
import pathlib
import shutil
import types

from endless import EndlessServer
from reading import use

MILLION = 1_000_000
READ = 100_000


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


def rows():
    """Name -> what it takes of a Place, in words, and that."""
    return {
        "memory_listed": ("memory with 1,000,000 messages listed; yardstick: 64 MiB", listed),
        "memory_read": ("memory after 100,000 messages read; yardstick: after 10,000", read),
    }
