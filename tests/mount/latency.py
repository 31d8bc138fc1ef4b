"""How long it takes until a change by one client shows elsewhere."""
import os
import re
import socket
import threading
import time

from basics import eventually
from servers import quoted


def distribution(seconds):
    """One line about many durations."""
    ordered = sorted(seconds)
    if not ordered:
        return "none"
    p95 = ordered[min(len(ordered) - 1, len(ordered) * 95 // 100)]
    return "median %.3f s, p95 %.3f s, max %.3f s of %d" % (ordered[len(ordered) // 2], p95, ordered[-1], len(ordered))


class IdleClient:
    """The simplest client there is: it sits in IDLE and notes when it was told of something."""

    def __init__(self, server, mailbox):
        host = "127.0.0.1" if server.host == "localhost" else server.host
        self._socket = socket.create_connection((host, server.port), 30, source_address=(server.OWN_ADDRESS, 0))
        self._stream = self._socket.makefile("rb")
        self._heard = []  # (when, line)
        self._stream.readline()
        tag = server.OWN_TAG.decode()
        self._ask('%s1 LOGIN "%s" "%s"' % (tag, server.user, server.password))
        self._ask("%s2 EXAMINE %s" % (tag, quoted(server.full_name(mailbox))))
        self._socket.sendall(("%s3 IDLE\r\n" % tag).encode())
        assert self._stream.readline().startswith(b"+")
        # IDLE lasts as long as the test.
        self._socket.settimeout(None)
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _ask(self, command):
        tag = command.split(" ", 1)[0].encode()
        self._socket.sendall(command.encode() + b"\r\n")
        while not (line := self._stream.readline()).startswith(tag):
            assert line, "the server hung up"
        assert line.split()[1] == b"OK", line

    def _listen(self):
        try:
            while line := self._stream.readline():
                self._heard.append((time.monotonic(), line))
        except OSError:
            pass

    def told(self, pattern, since, seconds):
        """How long after `since` it was told something of this pattern."""

        def when():
            return next((at for at, line in list(self._heard) if at > since and re.search(pattern, line)), None)

        return eventually(when, seconds, "the server to tell of %s" % pattern) - since


class InboxChanges:
    """Another client that appends to INBOX, flags that message and deletes it, one thing after the other."""

    def __init__(self, server):
        self._client = server.client()
        self._client.select("INBOX")

    def close(self):
        self._client.logout()

    def each(self, count):
        """Does so many things; for each: what it is, when it began, how a mount shows it, what a server says of it."""
        uid = None
        for number in range(count):
            begun = time.monotonic()
            if number % 3 == 0:
                uid = self._append()
                yield "append", begun, lambda mount: uid in mount.files("INBOX"), rb"EXISTS"
            elif number % 3 == 1:
                self._ok(self._client.uid("STORE", str(uid), "+FLAGS", r"(\Flagged)"))
                yield "flag", begun, lambda mount: r"\Flagged" in flags(mount, uid), rb"FETCH.*Flagged"
            else:
                self._ok(self._client.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Deleted)"))
                begun = time.monotonic()
                self._ok(self._client.expunge())
                # By the name that the kernel knows; nobody enters the directory.
                yield "expunge", begun, lambda mount: not mount.file("INBOX", uid).exists(), rb"EXPUNGE|VANISHED"

    def _append(self):
        self._ok(self._client.append("INBOX", None, None, b"Subject: pushed\r\n\r\ntext\r\n"))
        _, answer = self._client.uid("SEARCH", "ALL")
        return max(int(uid) for uid in answer[0].split())

    @staticmethod
    def _ok(outcome):
        assert outcome[0] == "OK", outcome


def flags(mount, uid):
    return os.getxattr(mount.file("INBOX", uid), "user.imap.flags").decode()


class Latencies:
    """Measures how long changes take until each of some mounts shows them, and until a client in IDLE is told."""

    def __init__(self, server, mounts, patience):
        self._server, self._mounts, self._patience = server, mounts, patience
        self._seen = {}  # (kind, who) -> durations

    def measure(self, count):
        idle, changes = IdleClient(self._server, "INBOX"), InboxChanges(self._server)
        try:
            for kind, begun, shows, said in changes.each(count):
                left = dict(enumerate(self._mounts, 1))

                def all_show():
                    for number, mount in list(left.items()):
                        if shows(mount):
                            self._note(kind, "mount %d" % number, time.monotonic() - begun)
                            del left[number]
                    return not left

                eventually(all_show, self._patience, "the mounts to show: " + kind)
                self._note(kind, "in IDLE", idle.told(said, begun, self._patience))
        finally:
            changes.close()
            idle.close()

    def _note(self, kind, who, seconds):
        self._seen.setdefault((kind, who), []).append(seconds)

    def report(self):
        for (kind, who), seconds in sorted(self._seen.items()):
            print("%-8s %-8s %s" % (kind, who, distribution(seconds)), flush=True)
