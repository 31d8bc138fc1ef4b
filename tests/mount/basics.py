"""What servers, mounts and test cases are built from: waiting, running programs, cleaning up."""
import contextlib
import hashlib
import os
import pathlib
import re
import subprocess
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]

# What has to be undone even when an interrupt cuts the cleanups of unittest short. Every entry may run
# a second time.
at_end = contextlib.ExitStack()


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
