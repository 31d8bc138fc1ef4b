#!/usr/bin/env python3
"""Changes that are made without the server show at once, outlive the mount, and are made up for when it is back:
to the messages that were meant, or to none.
"""
import errno
import os
import signal
import time

import harness
from changing import MARKED, ChangesCase, barrier, commands
from harness import LosingRelay, eventually, is_running, quoted, unmount_lazily

AT_ONCE = 2  # seconds in which what waits for nobody must be done on a busy machine
BACK = 45  # seconds until a server that is back must have been found and told
UNREACHABLE = (errno.ENETUNREACH, errno.ETIMEDOUT, errno.EIO)


class OfflineChanges(ChangesCase):
    def setUp(self):
        super().setUp()
        name = self._testMethodName[len("test_") :].replace("_", " ")
        self.here, self.there = "Here " + name, "There " + name
        self.uids = self.make(self.here)
        self.make(self.there, 2)
        self.before = {name: self.own(name) for name in (self.here, self.there)}

    def ready(self, *options, **keywords):
        """A mount that knows both mailboxes and has read the first."""
        mount = self.mount(*options, **keywords)
        for path in mount.files(self.here).values():
            path.read_bytes()
        mount.listing(self.there)
        return mount

    def lose_server(self, mount):
        self.server.kill()
        eventually(lambda: not self.status(mount)["online"], 20, "the loss to be noticed")

    def change_all_kinds(self, mount):
        """One message is removed, one moved, one flagged."""
        removed, moved, flagged = self.uids[:3]
        begun = time.monotonic()
        os.unlink(mount.file(self.here, removed))
        os.rename(mount.file(self.here, moved), mount.path / self.there / "moved.eml")
        os.setxattr(mount.file(self.here, flagged), "user.imap.flags", rb"+\Flagged +Offline")
        self.assertLess(time.monotonic() - begun, AT_ONCE)

    def assert_changes_show(self, mount):
        removed, moved, flagged = self.uids[:3]
        self.assertEqual(self.shown(mount, self.here), self.uids[2:])
        self.assertFalse(mount.file(self.here, removed).exists())
        self.assertFalse(mount.file(self.here, moved).exists())
        self.assertEqual((mount.path / self.there / "moved.eml").read_bytes(), self.before[self.here][moved].body)
        flags = os.getxattr(mount.file(self.here, flagged), "user.imap.flags").decode().split()
        self.assertEqual(set(flags), {r"\Flagged", "Offline"})

    def assert_changes_made(self):
        stored, arrived = self.own(self.here), self.own(self.there)
        self.assertEqual(sorted(stored), self.uids[2:])
        self.assertEqual(stored[self.uids[2]].flags, {r"\Flagged", "Offline"})
        expected = [one.body for one in self.before[self.there].values()] + [self.before[self.here][self.uids[1]].body]
        self.assertEqual(self.bodies(self.there), sorted(expected))

    def wait_until_made(self, mount):
        eventually(lambda: self.status(mount)["online"] and self.waiting_changes(mount) == 0, BACK, "the changes to be made")

    def kill(self, mount):
        os.kill(mount.pid, signal.SIGKILL)
        pid, mount.pid = mount.pid, None
        eventually(lambda: not is_running(pid), 10, "the end of the killed program")
        unmount_lazily(mount.path)

    # --- Nobody else does anything ----------------------------------------------------------------

    def test_they_show_at_once_and_are_made_on_return(self):
        mount = self.ready()
        self.lose_server(mount)
        self.change_all_kinds(mount)
        self.assert_changes_show(mount)
        self.assertEqual(self.waiting_changes(mount), 3)
        with self.assertRaises(OSError) as failure:
            barrier(mount.path / self.here)
        self.assertIn(failure.exception.errno, UNREACHABLE)
        self.server.start()
        self.wait_until_made(mount)
        self.assert_changes_made()
        self.assert_changes_show(mount)

    def test_a_network_that_swallows_everything(self):
        relay = LosingRelay(self.server.tls_port)
        self.addCleanup(relay.close)
        mount = self.ready(source="imaps://%s@localhost:%d" % (self.server.user, relay.port))
        relay.lose()
        self.change_all_kinds(mount)
        self.assert_changes_show(mount)
        relay.restore()
        self.wait_until_made(mount)
        self.assert_changes_made()
        self.assert_changes_show(mount)

    def test_they_outlive_a_killed_mount(self):
        mount = self.ready()
        self.lose_server(mount)
        self.change_all_kinds(mount)
        self.kill(mount)
        again = self.mount(cache=mount.cache)
        self.assert_changes_show(again)
        self.kill(again)
        self.server.start()
        last = self.mount(cache=mount.cache)
        self.assert_changes_show(last)
        self.wait_until_made(last)
        self.assert_changes_made()
        self.assert_changes_show(last)

    def test_a_mount_that_is_killed_while_it_makes_them(self):
        """Again and again, anywhere: what was done once is not done twice."""
        mount = self.ready()
        self.lose_server(mount)
        self.change_all_kinds(mount)
        self.kill(mount)
        self.server.start()
        for word in ("STORE", "MOVE|UID COPY", "EXPUNGE"):
            again = self.mount(cache=mount.cache)
            eventually(lambda: commands(again.traced(), word) or self.waiting_changes(again) == 0, BACK, "the changes to begin")
            self.kill(again)
        last = self.mount(cache=mount.cache)
        self.wait_until_made(last)
        self.assert_changes_made()

    def test_unmounting_without_the_server_keeps_them(self):
        mount = self.ready()
        self.lose_server(mount)
        self.change_all_kinds(mount)
        mount.unmount(60)
        self.server.start()
        again = self.mount(cache=mount.cache)
        self.wait_until_made(again)
        self.assert_changes_made()

    def test_what_undoes_itself(self):
        mount = self.ready()
        self.lose_server(mount)
        there = mount.path / self.there / "back soon.eml"
        os.rename(mount.file(self.here, self.uids[0]), there)
        os.rename(there, mount.path / self.here / "back.eml")
        os.setxattr(mount.file(self.here, self.uids[1]), "user.imap.flags", b"+Now")
        os.setxattr(mount.file(self.here, self.uids[1]), "user.imap.flags", b"-Now")
        self.server.start()
        self.wait_until_made(mount)
        self.assertEqual(self.bodies(self.here), sorted(one.body for one in self.before[self.here].values()))
        self.assertEqual(self.bodies(self.there), sorted(one.body for one in self.before[self.there].values()))
        self.assertEqual(set().union(*(one.flags for one in self.own(self.here).values())), set())
        self.assertEqual((mount.path / self.here / "back.eml").read_bytes(), self.before[self.here][self.uids[0]].body)

    # --- Other clients meanwhile ------------------------------------------------------------------

    def change_meanwhile(self, act):
        """The changes are made without the server; when it is back another client acts before the mount does."""
        relay = LosingRelay(self.server.tls_port)
        self.addCleanup(relay.close)
        mount = self.ready(source="imaps://%s@localhost:%d" % (self.server.user, relay.port))
        relay.lose()
        self.change_all_kinds(mount)
        act()
        relay.restore()
        self.wait_until_made(mount)
        return mount

    def test_under_another_uidvalidity_nothing_is_done(self):
        def renumber():
            self.server.doveadm("mailbox", "update", "-u", self.server.user, "--uid-validity", "4711", self.here)

        mount = self.change_meanwhile(renumber)
        stored = self.own(self.here)
        self.assertEqual({uid: one.body for uid, one in stored.items()}, {u: o.body for u, o in self.before[self.here].items()})
        self.assertEqual(set().union(*(one.flags for one in stored.values())), set())
        self.assertEqual(self.bodies(self.there), sorted(one.body for one in self.before[self.there].values()))
        self.assertNotEqual(self.refused_changes(mount), [])
        eventually(lambda: self.shown(mount, self.here) == self.uids, BACK, "all messages to be there again")
        self.assertFalse((mount.path / self.there / "moved.eml").exists())

    def test_a_mailbox_that_is_another_by_now(self):
        """Deleted and made again: the UIDs are those of other messages."""

        def replace():
            with self.server.client() as client:
                self.assertEqual(client.delete(quoted(self.here))[0], "OK")
            self.foreign.pop(self.here)
            eventually(lambda: self.server.create_where_allowed(self.here), 10, "the folder to be made anew")
            self.server.seed_messages(self.here, [b"Subject: new %d\n\nanother\n" % number for number in range(9)])

        mount = self.change_meanwhile(replace)
        stored = self.own(self.here)
        self.assertEqual((len(stored), set().union(*(one.flags for one in stored.values()))), (9, set()))
        self.assertEqual(self.bodies(self.there), sorted(one.body for one in self.before[self.there].values()))
        eventually(lambda: len(self.shown(mount, self.here)) == 9, BACK, "the new messages")

    def test_messages_that_another_client_has_moved(self):
        self.make("Elsewhere", 1)
        gone = ",".join(map(str, self.uids[:3]))

        def move():
            self.server.change(self.here, ("MOVE", gone, quoted("Elsewhere")))

        mount = self.change_meanwhile(move)
        self.assertEqual(sorted(self.own(self.here)), self.uids[3:])
        self.assertEqual(self.bodies(self.there), sorted(one.body for one in self.before[self.there].values()))
        moved = [self.before[self.here][uid].body for uid in self.uids[:3]]
        self.assertLessEqual(set(moved), set(self.bodies("Elsewhere")))
        eventually(lambda: self.shown(mount, self.here) == self.uids[3:], BACK, "the source as it is")
        eventually(lambda: not (mount.path / self.there / "moved.eml").exists(), BACK, "the target as it is")

    def test_messages_that_another_client_has_removed(self):
        gone = ",".join(map(str, self.uids[:3]))

        def remove():
            self.server.change(self.here, ("STORE", gone, "+FLAGS.SILENT", "(%s)" % MARKED), ("EXPUNGE", gone))

        mount = self.change_meanwhile(remove)
        self.assertEqual(sorted(self.own(self.here)), self.uids[3:])
        eventually(lambda: not (mount.path / self.there / "moved.eml").exists(), BACK, "the target as it is")

    def test_flags_that_another_client_has_set_stay(self):
        def flag():
            self.server.change(self.here, ("STORE", str(self.uids[2]), "+FLAGS", r"(Theirs \Answered)"))

        self.change_meanwhile(flag)
        self.assertEqual(self.own(self.here)[self.uids[2]].flags, {r"\Flagged", "Offline", "Theirs", r"\Answered"})


if __name__ == "__main__":
    harness.main()
