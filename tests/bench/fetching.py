"""Rows about what is fetched from a distance, beside a bare socket, and about single large messages."""
import contextlib
import shutil
import statistics
import subprocess
import time
import types

import raw
from reading import COLD_RUNS, FOLDER, RUNS, compared, seconds, use
from relay import DistantRelay, Direction

LARGE = "Large"
HEAD = 8192  # what head -n 20 reads of a file
MIB = 1 << 20
ALL_BODIES = "UID FETCH 1:* (UID BODY.PEEK[])"
ALL_ROWS = "UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE MODSEQ %s)" % raw.HEADER_FIELDS


class CountingRelay(DistantRelay):
    """Also counts the octets that come from the server. One connection has what TCP has between most hosts."""

    WINDOW = 2 << 20

    def __init__(self, port, round_trip):
        self.octets = 0
        super().__init__(port, round_trip, self.WINDOW)

    def edit(self, direction, data):
        if direction is Direction.TO_CLIENT:
            self.octets += len(data)
        return data


@contextlib.contextmanager
def at_a_distance(place, round_trip):
    """Has the port of the server, or of one that is so far away."""
    if not round_trip:
        yield types.SimpleNamespace(port=place.account.tls_port)
        return
    relay = CountingRelay(place.account.tls_port, round_trip)
    try:
        yield relay
    finally:
        relay.close()


@contextlib.contextmanager
def cold_mount(place, port):
    """A mount that has nothing in its cache."""
    mount = place.mount(port)
    try:
        yield mount
    finally:
        mount.unmount(60)
        shutil.rmtree(mount.directory)


def medians(runs, measure):
    """Of so many calls, which return what ours and the yardstick took."""
    ours, theirs = zip(*(measure() for _ in range(runs)))
    return compared(ours, theirs)


def grep_and_socket(place, round_trip):
    """The first grep beside one connection that is sent all bodies."""
    with at_a_distance(place, round_trip) as relay:

        def measure():
            theirs = raw.seconds(place.account, relay.port, FOLDER, ALL_BODIES)
            begun = time.monotonic()
            mount = place.mount(relay.port)
            use("grep", mount.path / FOLDER)
            ours = time.monotonic() - begun
            mount.unmount(60)
            shutil.rmtree(mount.directory)
            return ours, theirs

        return medians(COLD_RUNS, measure)


def listing_and_socket(place, round_trip):
    with at_a_distance(place, round_trip) as relay:

        def measure():
            theirs = raw.seconds(place.account, relay.port, FOLDER, ALL_ROWS)
            begun = time.monotonic()
            with cold_mount(place, relay.port) as mount:
                use("ls_l", mount.path / FOLDER)
                return time.monotonic() - begun, theirs

        return medians(COLD_RUNS, measure)


def first_entry(place):
    """In round trips: from the first look into the folder of a mount until its first entry is there."""
    round_trip = 0.08
    with at_a_distance(place, round_trip) as relay:
        taken = []
        for _ in range(COLD_RUNS):
            with cold_mount(place, relay.port) as mount:
                begun = time.monotonic()
                listing = subprocess.Popen(["ls", "-f", mount.path / FOLDER], stdout=subprocess.PIPE)
                listing.stdout.read(1)
                taken.append((time.monotonic() - begun) / round_trip)
                listing.stdout.close()
                listing.wait()
    return {"ours": statistics.median(taken), "yardstick": 1, "unit": "RTT", "ratio": statistics.median(taken)}


def first_lines(place):
    """head -c 1000 of a message of 30 MB: in round trips, and octets beside 256 KiB."""
    round_trip = 0.08
    place.need_large()
    with at_a_distance(place, round_trip) as relay:
        taken, octets = [], []
        for _ in range(RUNS):
            with cold_mount(place, relay.port) as mount:
                mount.listing(LARGE)
                relay.octets = 0
                taken.append(seconds("head", "-c", "1000", mount.file(LARGE, 1)) / round_trip)
                octets.append(relay.octets)
    result = {"ours": statistics.median(taken), "yardstick": 1, "unit": "RTT", "ratio": statistics.median(taken)}
    return {**result, "octets": statistics.median(octets)}


def many_heads(place):
    """head -n 20 of 1,000 messages in turn, beside a socket that is sent their headers."""
    with at_a_distance(place, 0.08) as relay:

        def measure():
            client = raw.RawClient(place.account, relay.port, FOLDER)
            begun = time.monotonic()
            client.command("UID FETCH 1:1000 (UID BODY.PEEK[HEADER])")
            theirs = time.monotonic() - begun
            client.close()
            with cold_mount(place, relay.port) as mount:
                files = [path for uid, path in sorted(mount.files(FOLDER).items()) if uid <= 1000]
                begun = time.monotonic()
                for path in files:
                    with open(path, "rb", buffering=0) as file:
                        file.read(HEAD)
                return time.monotonic() - begun, theirs

        return medians(COLD_RUNS, measure)


def large_cold(place):
    """cat of a message of 100 MB, beside a socket that is sent it."""
    place.need_large()

    def measure():
        client = raw.RawClient(place.account, place.account.tls_port, LARGE)
        begun = time.monotonic()
        client.command("UID FETCH 2 (UID BODY.PEEK[])")
        theirs = time.monotonic() - begun
        client.close()
        with cold_mount(place, place.account.tls_port) as mount:
            mount.listing(LARGE)
            return seconds("sh", "-c", 'cat "$0" | cat', mount.file(LARGE, 2)), theirs

    return medians(COLD_RUNS, measure)


def large_warm(place):
    """The same again, beside a file on the local disk."""
    place.need_large()
    with cold_mount(place, place.account.tls_port) as mount:
        ours = mount.file(LARGE, 2)
        theirs = place.directory / "large"
        mount.listing(LARGE)
        theirs.write_bytes(ours.read_bytes())
        command = ("sh", "-c", 'cat "$0" | cat')
        result = medians(RUNS, lambda: (seconds(*command, ours), seconds(*command, theirs)))
        theirs.unlink()
    return result


def rows():
    """Name -> what it takes of a Place, in words, and that."""
    found = {}
    for milliseconds in (0, 20, 80):
        away = milliseconds / 1000
        found["cold_grep_socket_%dms" % milliseconds] = (
            "first grep -r, %d ms away; yardstick: a socket that is sent all bodies" % milliseconds,
            lambda place, away=away: grep_and_socket(place, away),
        )
    for milliseconds in (0, 80):
        away = milliseconds / 1000
        found["cold_ls_l_%dms" % milliseconds] = (
            "first ls -l, %d ms away; yardstick: a socket that is sent the same" % milliseconds,
            lambda place, away=away: listing_and_socket(place, away),
        )
    found["first_entry_80ms"] = ("until ls -f shows something, in round trips", first_entry)
    found["head_of_30MB_80ms"] = ("head -c 1000 of a message of 30 MB, in round trips", first_lines)
    found["head_of_1000_80ms"] = ("head -n 20 of 1,000 messages; yardstick: a socket that is sent headers", many_heads)
    found["large_cold"] = ("cat of 100 MB; yardstick: a socket that is sent it", large_cold)
    found["large_warm"] = ("the same again; yardstick: a local file", large_warm)
    return found
