"""Rows that set a mount beside libfuse's own example of a file system that passes everything on to a directory."""
import contextlib
import os
import pathlib
import statistics
import subprocess

from basics import eventually, run
from mounts import is_mounted
from reading import FOLDER, MESSAGES, RUNS, compared, use

SOURCE = pathlib.Path("/usr/share/doc/libfuse3-dev/examples/passthrough_ll.c")
CACHING = "cache=always,timeout=86400"


def build(directory):
    program = directory / "passthrough"
    flags = run("pkg-config", "fuse3", "--cflags", "--libs").stdout.split()
    done = run("gcc", "-O2", "-o", program, SOURCE, *flags)
    assert done.returncode == 0, done.stderr
    return program


@contextlib.contextmanager
def passthrough(place):
    """The Maildir through the example; its mount point and process."""
    program = place.directory / "passthrough"
    if not program.exists():
        build(place.directory)
    point = place.directory / "passed"
    point.mkdir(exist_ok=True)
    command = [program, "-f", "-o", "source=%s,%s" % (place.maildir, CACHING), point]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            eventually(lambda: is_mounted(point), 10, "the mount")
            yield point, process.pid
        finally:
            run("fusermount3", "-u", point)
            process.wait(20)


def cpu_seconds(pid):
    fields = pathlib.Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def first_grep(place):
    """Seconds and seconds of the processor, of both, right after mounting; all is in the cache or the page cache."""
    seconds, processor = ([], []), ([], [])
    place.near()
    use("grep", place.maildir / FOLDER)
    for _ in range(RUNS):
        with passthrough(place) as (point, pid):
            before = cpu_seconds(pid)
            seconds[1].append(use("grep", point / FOLDER))
            processor[1].append(cpu_seconds(pid) - before)
        mount = place.mount_near_again()
        before = cpu_seconds(mount.pid)
        seconds[0].append(use("grep", mount.path / FOLDER))
        processor[0].append(cpu_seconds(mount.pid) - before)
    return seconds, processor


def time_taken(place):
    return compared(*first_grep(place)[0])


def processor_taken(place):
    ours, theirs = (statistics.median(each) * 10_000 / MESSAGES for each in first_grep(place)[1])
    return {"ours": ours, "yardstick": theirs, "unit": "s", "ratio": ours / theirs}


def rows():
    """Name -> what it takes of a Place, in words, and that."""
    return {
        "passthrough_grep": ("grep -r right after mounting; yardstick: libfuse's passthrough_ll on the Maildir", time_taken),
        "passthrough_cpu": ("the mount's processor seconds for 10,000 messages of it; yardstick: the same", processor_taken),
    }
