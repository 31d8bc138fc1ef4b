#!/usr/bin/env python3
"""Two computers mount one account, and both see what a third client does.

Each is a network namespace of its own with a cache of its own. What connects it with the server is a relay
that accepts on the loopback of the one and connects on the loopback of the other, so no packet leaves either.
IMAPFS_PUSH_CHANGES says how many changes (default: 9).
"""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import threading

import harness
from harness import at_end, eventually, run
from latency import Latencies
from relay import Relay

CHANGES = int(os.environ.get("IMAPFS_PUSH_CHANGES", "9"))
SOON = 20  # seconds: "within seconds", on a busy machine
CLONE_NEWNET = 0x40000000


class Host:
    """A network namespace, in which the server can be reached at its own address and port."""

    def __init__(self, server):
        self._holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        at_end.callback(self.close)
        own = os.readlink("/proc/self/ns/net")
        eventually(lambda: os.readlink(self._namespace()) != own, 10, "a network of its own")
        self.command = ("nsenter", "--net=" + self._namespace(), "--")
        done = run(*self.command, "ip", "link", "set", "lo", "up")
        assert done.returncode == 0, done.stderr
        self._relay = Relay(server.tls_port, self._listener(server.tls_port))

    def _namespace(self):
        return "/proc/%d/ns/net" % self._holder.pid

    def _listener(self, port):
        """A socket that listens in there; a thread enters it, because this process stays where it is."""
        made = []

        def enter():
            with open(self._namespace(), "rb") as namespace:
                assert ctypes.CDLL(None).setns(namespace.fileno(), CLONE_NEWNET) == 0
            made.append(socket.create_server(("127.0.0.1", port)))

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        return made[0]

    def close(self):
        self._relay.close()
        if self._holder.poll() is None:
            self._holder.send_signal(signal.SIGKILL)
            self._holder.wait()


class TwoHosts(harness.Case):
    @classmethod
    def fill(cls):
        cls.server.seed_sample("INBOX", 12)

    def mount_on_a_host(self):
        host = Host(self.server)
        self.addCleanup(host.close)
        return self.mount("--poll-interval", "0", within=host.command)

    def test_both_follow_what_a_third_client_does(self):
        mounts = [self.mount_on_a_host(), self.mount_on_a_host()]
        self.assertNotEqual(mounts[0].cache, mounts[1].cache)
        for mount in mounts:
            self.assert_same_messages(mount, "INBOX")
            eventually(lambda: "+ idling" in mount.traced(), SOON, "the mount to listen")  # pylint: disable=W0640
        latencies = Latencies(self.server, mounts, SOON)
        latencies.measure(CHANGES)
        print("")
        latencies.report()
        for mount in mounts:
            self.assert_same_messages(mount, "INBOX")


def require_namespaces():
    harness.require_dovecot()
    for program in ("unshare", "nsenter", "ip"):
        if shutil.which(program) is None:
            raise harness.Skipped("%s is not installed" % program)
    if run("unshare", "--net", "ip", "link", "set", "lo", "up").returncode != 0:
        raise harness.Skipped("making network namespaces is not allowed here")


if __name__ == "__main__":
    harness.main(require_server=require_namespaces)
