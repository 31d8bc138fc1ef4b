#!/usr/bin/env python3
"""What rm takes is gone, and nothing else is: another client has marked messages in every mailbox.

usage: test_delete.py dovecot|cyrus PROFILE [unittest's arguments]
"""
import errno
import os

import harness
from changing import MARKED, SLOW, SOON, ChangesCase, barrier, commands, trash_of
from harness import PROGRAM, eventually, run

MANY = 60
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


class Delete(ChangesCase):
    def mailboxes_below(self, *levels):
        return self.server.delimiter.join(levels)

    def assert_removed(self, mailbox, uids):
        """Nothing is left of the messages, or the mark where they cannot be expunged one by one."""
        stored = self.stored(mailbox)
        for uid in uids:
            if self.has_uidplus():
                self.assertNotIn(uid, stored)
            else:
                self.assertIn(MARKED, stored[uid].flags)

    def test_rm_removes_that_message_alone(self):
        uids = self.make("Single")
        mount = self.mount()
        paths = mount.files("Single")
        self.do("rm", paths[uids[2]])
        self.assertFalse(paths[uids[2]].exists())
        self.assertEqual(self.shown(mount, "Single"), uids[:2] + uids[3:])
        barrier(mount.path / "Single")
        self.assert_removed("Single", [uids[2]])
        self.assertEqual([uid for uid, one in self.own("Single").items() if MARKED not in one.flags], uids[:2] + uids[3:])

    def test_rm_of_many(self):
        uids = self.make("Many", MANY)
        mount = self.mount()
        paths = mount.files("Many")
        self.do("rm", *[paths[uid] for uid in uids])
        self.assertEqual(self.shown(mount, "Many"), [])
        barrier(mount.path / "Many")
        self.assert_removed("Many", uids)
        self.assertEqual(self.shown(mount, "Many"), [])

    def test_a_removed_message_stays_away_from_a_later_mount(self):
        uids = self.make("Later")
        first = self.mount()
        self.do("rm", first.file("Later", uids[0]))
        first.unmount()
        self.assert_removed("Later", uids[:1])
        second = self.mount(cache=first.cache)
        self.assertEqual(self.shown(second, "Later"), uids[1:])

    def test_rm_of_what_another_client_has_marked_takes_that_message_alone(self):
        uids = self.make("Marked")
        mount = self.mount()
        marked = sorted(self.foreign["Marked"])[1]
        self.do("rm", mount.file("Marked", marked))
        barrier(mount.path / "Marked")
        self.foreign["Marked"].pop(marked)
        self.assert_removed("Marked", [marked])
        self.assertLessEqual(set(uids), set(self.own("Marked")))

    def test_rm_r_of_a_folder_with_mail_and_subfolders(self):
        names = [self.mailboxes_below(*levels) for levels in (("Tree",), ("Tree", "Branch"), ("Tree", "Branch", "Twig"))]
        for name in names:
            self.make(name, 3)
        mount = self.mount()
        code, said = self.outcome("rm", "-r", mount.path / "Tree")
        if not self.has_uidplus():
            # What is only marked is in the way.
            self.assertEqual(code, 1)
            self.assertIn("Directory not empty", said)
            self.assertEqual(self.server.mailboxes().keys() & set(names), set(names))
            return
        self.assertEqual((code, said), (0, ""))
        # The user has removed all of it, whoever had marked it before.
        for name in names:
            self.foreign.pop(name)
        self.assertFalse((mount.path / "Tree").exists())
        self.assertEqual(self.server.mailboxes().keys() & set(names), set())

    def test_a_folder_with_messages_is_not_removed(self):
        uids = self.make("Full")
        mount = self.mount()
        with self.assertRaises(OSError) as failure:
            os.rmdir(mount.path / "Full")
        self.assertEqual(failure.exception.errno, errno.ENOTEMPTY)
        self.assertEqual(sorted(self.own("Full")), uids)

    def test_an_open_file_is_read_on(self):
        uids = self.make("Open")
        mount = self.mount()
        truth = self.own("Open")[uids[0]].body
        path = mount.file("Open", uids[0])
        with open(path, "rb", buffering=0) as file:
            self.assertEqual(file.read(10), truth[:10])
            os.unlink(path)
            barrier(mount.path / "Open")
            self.assertEqual(file.read(), truth[10:])
            self.assertEqual(os.fstat(file.fileno()).st_size, len(truth))

    def test_fsync_of_the_directory_waits_for_the_server(self):
        uids = self.make("Durable")
        mount = self.mount()
        for uid in uids:
            os.unlink(mount.file("Durable", uid))
            barrier(mount.path / "Durable")
            self.assert_removed("Durable", [uid])

    def test_fsync_of_the_directory_tells_that_the_server_is_gone(self):
        uids = self.make("Lost")
        mount = self.mount()
        mount.listing("Lost")
        self.server.kill()
        os.unlink(mount.file("Lost", uids[0]))
        with self.assertRaises(OSError) as failure:
            barrier(mount.path / "Lost")
        self.assertIn(failure.exception.errno, (errno.ENETUNREACH, errno.ETIMEDOUT, errno.EIO))
        self.server.start()
        eventually(lambda: self.waiting_changes(mount) == 0, 30, "the change to be made up for")
        self.assert_removed("Lost", uids[:1])

    def test_imapfs_sync_waits_for_the_server(self):
        uids = self.make("Synced")
        mount = self.mount()
        os.unlink(mount.file("Synced", uids[0]))
        done = run(PROGRAM, "sync", mount.path)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assert_removed("Synced", uids[:1])

    def test_without_a_barrier_it_takes_a_moment(self):
        uids = self.make("Soon")
        mount = self.mount()
        os.unlink(mount.file("Soon", uids[0]))

        def removed():
            left = self.own("Soon")
            return uids[0] not in left or MARKED in left[uids[0]].flags

        eventually(removed, SOON, "the server to hear of it")

    def test_each_change_waits_for_the_server_where_that_is_wanted(self):
        uids = self.make("Strict")
        mount = self.mount("--sync")
        os.unlink(mount.file("Strict", uids[0]))
        self.assert_removed("Strict", uids[:1])

    def test_a_message_that_another_client_has_removed_already(self):
        uids = self.make("Race")
        mount = self.mount()
        path = mount.files("Race")[uids[0]]
        self.server.change("Race", ("STORE", str(uids[0]), "+FLAGS.SILENT", "(%s)" % MARKED), ("EXPUNGE", str(uids[0])))
        # Either it is known by now, or it is removed a second time.
        self.assertIn(self.outcome("rm", path)[0], (0, 1))
        barrier(mount.path / "Race")
        self.assertEqual(self.refused_changes(mount), [])
        eventually(lambda: self.shown(mount, "Race") == uids[1:], SOON, "the message to go")


class Policies(ChangesCase):
    """`--delete`, whatever the server is."""

    def test_expunge(self):
        uids = self.make("Expunging")
        mount = self.mount("--delete", "expunge")
        self.do("rm", mount.file("Expunging", uids[0]))
        barrier(mount.path / "Expunging")
        left = self.own("Expunging")
        if self.has_uidplus():
            self.assertEqual(sorted(left), uids[1:])
        else:
            self.assertIn(MARKED, left[uids[0]].flags)

    def test_trash(self):
        trash = trash_of(self.server)
        if trash is None:
            self.skipTest("no mailbox of this server is marked as the trash")
        uids = self.make("Discarding")
        body = self.own("Discarding")[uids[1]].body
        before = self.stored(trash)
        mount = self.mount("--delete", "trash")
        mount.file("Discarding", uids[1]).read_bytes()
        self.server.forget_commands()
        self.do("rm", mount.file("Discarding", uids[1]))
        barrier(mount.path / "Discarding")
        self.assertEqual(sorted(self.own("Discarding")), uids[:1] + uids[2:])
        arrived = {uid: one for uid, one in self.stored(trash).items() if uid not in before}
        self.assertEqual([one.body for one in arrived.values()], [body])
        self.assertNotIn(MARKED, next(iter(arrived.values())).flags)
        self.assertEqual(self.server.body_fetches(), [])
        # What is removed there is gone.
        (uid,) = arrived
        eventually(lambda: uid in mount.files(trash), SOON, "the message in the trash")
        self.do("rm", mount.file(trash, uid))
        barrier(mount.path / trash)
        self.assertNotIn(uid, self.stored(trash))

    def test_mark(self):
        uids = self.make("Marking")
        mount = self.mount("--delete", "mark")
        self.do("rm", mount.file("Marking", uids[0]))
        self.assertEqual(self.shown(mount, "Marking"), uids[1:])
        barrier(mount.path / "Marking")
        left = self.own("Marking")
        self.assertEqual(sorted(left), uids)
        self.assertIn(MARKED, left[uids[0]].flags)
        self.assertEqual(commands(mount.traced(), "EXPUNGE"), [])
        # It is hidden for as long as the mark stays, but what others have marked is not.
        self.assertEqual(self.shown(mount, "Marking"), uids[1:])
        self.assertLessEqual(set(self.foreign["Marking"]), set(mount.files("Marking")))
        mount.unmount()
        again = self.mount("--delete", "mark", cache=mount.cache)
        self.assertEqual(self.shown(again, "Marking"), uids[1:])
        self.server.change("Marking", ("STORE", str(uids[0]), "-FLAGS", "(%s)" % MARKED))
        eventually(lambda: self.shown(again, "Marking") == uids, SLOW, "the message whose mark was taken away")


class Refused(ChangesCase):
    """A mailbox in which this user may not remove anything."""

    def setUp(self):
        super().setUp()
        if self.server_type is not harness.Dovecot or self.server.profile != "full":
            self.skipTest("only Dovecot's full profile has access rights here")

    def let_read_only(self, mailbox):
        """Before the mount logs in: Dovecot keeps the rights that a session has seen for a while."""
        self.server.doveadm("acl", "set", "-u", self.server.user, mailbox, "owner", "lookup", "read")

    def test_the_message_comes_back(self):
        uids = self.make("Protected")
        self.let_read_only("Protected")
        mount = self.mount()
        self.assertEqual(self.shown(mount, "Protected"), uids)
        path = mount.file("Protected", uids[0])
        try:
            os.unlink(path)
        except OSError as error:
            # It was known already that this is not allowed.
            self.assertIn(error.errno, FORBIDDEN)
        else:
            with self.assertRaises(OSError) as failure:
                barrier(mount.path / "Protected")
            self.assertIn(failure.exception.errno, FORBIDDEN)
            (refused,) = self.refused_changes(mount)
            self.assertIn("Protected", str(refused))
            self.assertIn("Protected", run(PROGRAM, "status", mount.path).stdout)
        eventually(lambda: self.shown(mount, "Protected") == uids, SOON, "the message to come back")
        self.assertEqual(path.read_bytes(), self.own("Protected")[uids[0]].body)
        self.assertEqual(self.own("Protected")[uids[0]].flags, frozenset())
        self.assertEqual(self.waiting_changes(mount), 0)

    def test_a_refusal_stops_nothing_else(self):
        refusing, willing = self.make("Refusing"), self.make("Willing")
        self.let_read_only("Refusing")
        mount = self.mount()
        self.assertEqual((self.shown(mount, "Refusing"), self.shown(mount, "Willing")), (refusing, willing))
        for path in (mount.file("Refusing", refusing[0]), mount.file("Willing", willing[0])):
            self.outcome("rm", path)
        try:
            barrier(mount.path / "Willing")
        except OSError as error:
            # It tells of all that was refused, wherever that was.
            self.assertIn(error.errno, FORBIDDEN)
        self.assertEqual(sorted(self.own("Willing")), willing[1:])


if __name__ == "__main__":
    harness.main_on_server()
