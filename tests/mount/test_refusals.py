#!/usr/bin/env python3
"""What a server refuses fails for the program that wanted it, or at the next barrier, and changes nothing: what was to
be copied, moved or removed is where it was, whole and once.

usage: test_refusals.py dovecot|cyrus PROFILE [unittest's arguments]
"""
import errno
import os

import harness
import limits
from changing import barrier, trash_of
from harness import PROGRAM, as_on_the_wire, run
from limits import EVERYTHING, NO_DELETE, NO_INSERT, NO_RIGHT, OVER_QUOTA, READ_ONLY, allow
from refusing import GONE, RefusalsCase, letter


class Copies(RefusalsCase):
    """cp from one folder of the mount to another: a copy that the server makes when the file is closed."""

    def assert_not_copied(self, mount, source, uid, target, numbers):
        here, there = self.left_in(source), self.left_in(target)
        path = mount.files(self.folder(source))[uid]
        copy = self.directory(mount, target) / "copy.eml"
        self.assert_fails(numbers, "cp", path, copy)
        self.assertEqual((self.left_in(source), self.left_in(target)), (here, there))
        self.assertEqual(copy.read_bytes(), path.read_bytes())
        self.do("rm", copy)
        self.assert_is(mount, source, here)
        self.assert_is(mount, target, there)
        self.assert_nothing_waits(mount)

    def test_over_quota(self):
        source, target = "From " + self.name, "To " + self.name
        uid = min(self.make_large(source))
        self.make_with(target)
        mount = self.mount()
        self.use_up_quota()
        self.assert_not_copied(mount, source, uid, target, OVER_QUOTA)
        self.assert_not_copied(mount, source, uid, source, OVER_QUOTA)

    def test_too_large(self):
        if self.server_type is harness.Cyrus:
            self.skipTest("Cyrus copies messages of any size")
        self.foreign["Large"] = {}
        self.make_with(self.name)
        self.assert_not_copied(self.mount(), "Large", 1, self.name, limits.too_large(self.server))

    def test_no_right_to_insert(self):
        source, target = "From " + self.name, "To " + self.name
        uid = min(self.make_with(source))
        self.make_with(target, NO_INSERT)
        self.assert_not_copied(self.mount(), source, uid, target, NO_RIGHT)

    def test_read_only(self):
        source, target = "From " + self.name, "To " + self.name
        uid = min(self.make_with(source))
        self.make_with(target, READ_ONLY)
        self.assert_not_copied(self.mount(), source, uid, target, NO_RIGHT)

    def test_out_of_a_folder_that_can_only_be_read(self):
        source, target = "From " + self.name, "To " + self.name
        bodies = self.make_with(source, READ_ONLY)
        there = [*self.make_with(target).values(), bodies[min(bodies)]]
        mount = self.mount()
        self.do("cp", mount.files(self.folder(source))[min(bodies)], self.directory(mount, target) / "copy.eml")
        self.assert_is(mount, source, bodies.values())
        self.assert_is(mount, target, there)

    def test_the_target_is_gone(self):
        with self.gone_target() as (mount, source, uid, directory):
            self.assert_fails(GONE, "cp", mount.files(self.folder(source))[uid], directory / "copy.eml")


class Moves(RefusalsCase):
    """mv from one folder of the mount to another: the call returns at once, and the next barrier tells."""

    def has_move(self):
        return self.server.profile != "bare"

    def assert_not_moved(self, source, uid, target, number):
        here, there = self.left_in(source), self.left_in(target)
        for waits in (False, True):
            with self.subTest(waits=waits):
                mount = self.mount(*["--sync"] * waits)
                path, new = mount.files(self.folder(source))[uid], self.directory(mount, target) / "moved.eml"
                flags = self.own(source)[uid].flags
                ino = path.stat().st_ino
                if waits:
                    self.assert_fails(number, "mv", path, new)
                else:
                    self.do("mv", path, new)
                    self.assert_told(mount, number, source, [uid])
                self.assert_is(mount, source, here)
                self.assert_is(mount, target, there)
                self.assertFalse(new.exists())
                self.assertEqual((path.stat().st_ino, path.read_bytes()), (ino, self.own(source)[uid].body))
                self.assertEqual(self.own(source)[uid].flags, flags)
                mount.unmount()

    def test_over_quota(self):
        source, target = "From " + self.name, "To " + self.name
        bodies = self.make_large(source)
        there = [*self.make_with(target).values()]
        uid = min(bodies)
        self.use_up_quota()
        if not self.has_move():
            return self.assert_not_moved(source, uid, target, OVER_QUOTA)
        # It takes no room.
        mount = self.mount()
        self.do("mv", mount.files(self.folder(source))[uid], self.directory(mount, target))
        self.assert_nothing_waits(mount)
        self.assert_is(mount, target, [*there, bodies.pop(uid)])
        self.assert_is(mount, source, bodies.values())

    def test_too_large(self):
        if self.has_move():
            self.skipTest("a server with MOVE moves messages of any size")
        self.foreign["Large"] = {}
        self.make_with(self.name)
        self.assert_not_moved("Large", 1, self.name, limits.too_large(self.server))

    def test_no_right_to_insert(self):
        source, target = "From " + self.name, "To " + self.name
        uid = min(self.make_with(source))
        self.make_with(target, NO_INSERT)
        self.assert_not_moved(source, uid, target, NO_RIGHT)

    def test_a_target_that_can_only_be_read(self):
        source, target = "From " + self.name, "To " + self.name
        uid = min(self.make_with(source))
        self.make_with(target, READ_ONLY)
        self.assert_not_moved(source, uid, target, NO_RIGHT)

    def test_no_right_to_delete(self):
        source, target = "From " + self.name, "To " + self.name
        uid = min(self.make_with(source, NO_DELETE))
        self.make_with(target)
        self.assert_not_moved(source, uid, target, NO_RIGHT)

    def test_a_source_that_can_only_be_read(self):
        source, target = "From " + self.name, "To " + self.name
        uid = min(self.make_with(source, READ_ONLY))
        self.make_with(target)
        self.assert_not_moved(source, uid, target, limits.read_only(self.server))

    def test_many_at_once(self):
        source, target = "From " + self.name, "To " + self.name
        bodies = self.make_with(source, count=40)
        there = self.make_with(target, NO_INSERT).values()
        mount = self.mount()
        paths = mount.files(self.folder(source))
        # Not mv, which looks at what it has moved, and may find that it is back already.
        for uid in bodies:
            os.rename(paths[uid], self.directory(mount, target) / paths[uid].name)
        self.assert_told(mount, NO_RIGHT, source, bodies)
        self.assert_is(mount, source, bodies.values())
        self.assert_is(mount, target, there)

    def test_one_refusal_stops_nothing_else(self):
        source, willing, unwilling = ("%s %s" % (word, self.name) for word in ("From", "To", "Not to"))
        bodies = self.make_with(source, count=8)
        there = self.make_with(willing)
        closed = self.make_with(unwilling, NO_INSERT)
        mount = self.mount()
        paths = mount.files(self.folder(source))
        first, second, third, fourth, fifth = sorted(bodies)[:5]
        # Quick enough for one batch.
        os.rename(paths[first], self.directory(mount, unwilling) / "first.eml")
        os.rename(paths[second], self.directory(mount, willing) / "second.eml")
        os.unlink(paths[third])
        os.setxattr(paths[fourth], "user.imap.flags", b"+Work")
        os.rename(paths[fifth], self.directory(mount, unwilling) / "fifth.eml")
        self.assert_told(mount, NO_RIGHT, source, [first, fifth])
        self.assert_is(mount, willing, [*there.values(), bodies.pop(second)])
        self.assert_is(mount, unwilling, closed.values())
        bodies.pop(third)
        self.assert_is(mount, source, bodies.values())
        self.assertEqual(self.own(source)[fourth].flags, {"Work"})

    def test_a_target_that_is_gone_stops_nothing_else(self):
        source, willing, target = ("%s %s" % (word, self.name) for word in ("From", "To", "Not to"))
        bodies = self.make_with(source)
        there = self.make_with(willing)
        self.make(target)
        mount = self.mount()
        paths = mount.files(self.folder(source))
        gone, elsewhere = (os.open(self.directory(mount, name), os.O_RDONLY) for name in (target, willing))
        self.addCleanup(os.close, gone)
        self.addCleanup(os.close, elsewhere)
        self.foreign.pop(target)
        self.server.delete(target)
        first, second = sorted(bodies)[:2]
        try:
            os.rename(paths[first], "first.eml", dst_dir_fd=gone)
            was_known = False
        except OSError as error:
            self.assertIn(error.errno, GONE)
            was_known = True
        os.rename(paths[second], "second.eml", dst_dir_fd=elsewhere)
        if was_known:
            self.assert_nothing_waits(mount)
        else:
            self.assert_told(mount, errno.ENOENT, source, [first])
        self.assert_is(mount, willing, [*there.values(), bodies.pop(second)])
        self.assert_is(mount, source, bodies.values())

    def test_the_target_is_gone(self):
        with self.gone_target() as (mount, source, uid, directory):
            if self.outcome("mv", mount.files(self.folder(source))[uid], str(directory) + "/")[0] == 0:
                self.assert_told(mount, errno.ENOENT, source, [uid])

    def test_the_source_is_gone(self):
        source, target = "From " + self.name, "To " + self.name
        uid = min(self.make_with(source))
        there = self.make_with(target).values()
        mount = self.mount()
        path = mount.files(self.folder(source))[uid]
        self.foreign.pop(source)
        self.server.delete(source)
        if self.outcome("mv", path, self.directory(mount, target))[0] == 0:
            with self.assertRaises(OSError) as failed:
                barrier(mount.path)
            self.assertIn(failed.exception.errno, GONE)
        self.assert_is(mount, target, there)
        self.assert_nothing_waits(mount)
        self.assert_folder_is_gone(mount, source)

    def test_what_it_was_to_replace_stays(self):
        source, target = "From " + self.name, "To " + self.name
        bodies = self.make_with(source)
        there = self.make_with(target, NO_INSERT)
        mount = self.mount()
        path, taken = mount.files(self.folder(source))[min(bodies)], mount.files(self.folder(target))[max(there)]
        done = run("mv", path, taken)
        self.assertNotEqual(done.returncode, 0)
        self.assert_is(mount, source, bodies.values())
        self.assert_is(mount, target, there.values())
        self.assertEqual((path.read_bytes(), taken.read_bytes()), (bodies[min(bodies)], there[max(there)]))


class Removals(RefusalsCase):
    """rm: the call returns at once, and the next barrier tells."""

    def assert_not_removed(self, mailbox, uid, number, *options):
        before = self.left_in(mailbox)
        for waits in (False, True):
            with self.subTest(waits=waits):
                mount = self.mount(*options, *["--sync"] * waits)
                path = mount.files(self.folder(mailbox))[uid]
                ino = path.stat().st_ino
                if waits:
                    self.assert_fails(number, "rm", path)
                else:
                    self.do("rm", path)
                    self.assert_told(mount, number, mailbox, [uid])
                self.assert_is(mount, mailbox, before)
                self.assertEqual((path.stat().st_ino, path.read_bytes()), (ino, self.own(mailbox)[uid].body))
                self.assertEqual(self.own(mailbox)[uid].flags, frozenset())
                mount.unmount()

    def test_no_right_to_delete(self):
        # It is not even tried: the mailbox says that it keeps no such mark.
        uid = min(self.make_with(self.name, NO_DELETE))
        self.assert_not_removed(self.name, uid, errno.EACCES)

    def test_no_right_to_delete_where_messages_are_marked(self):
        # It is not even tried: the mailbox says that it keeps no such mark.
        uid = min(self.make_with(self.name, NO_DELETE))
        self.assert_not_removed(self.name, uid, errno.EACCES, "--delete", "mark")

    def test_read_only(self):
        uid = min(self.make_with(self.name, READ_ONLY))
        self.assert_not_removed(self.name, uid, limits.read_only(self.server))

    def test_a_folder_that_can_only_be_read_with_all_that_is_in_it(self):
        bodies = self.make_with(self.name, READ_ONLY)
        mount = self.mount()
        code, said = self.outcome("rm", "-r", self.directory(mount, self.name))
        self.assertEqual(code, 1, said)
        self.assertIn(self.name, self.server.mailboxes())
        with self.assertRaises(OSError) as failed:
            barrier(mount.path)
        self.assertEqual(failed.exception.errno, limits.read_only(self.server))
        self.assert_is(mount, self.name, bodies.values())
        self.assert_nothing_waits(mount)

    def test_imapfs_sync_tells(self):
        bodies = self.make_with(self.name, READ_ONLY)
        mount = self.mount()
        for uid in bodies:
            self.do("rm", mount.files(self.folder(self.name))[uid])
        self.assert_fails(limits.read_only(self.server), PROGRAM, "sync", mount.path)
        self.do(PROGRAM, "sync", mount.path)
        self.assert_is(mount, self.name, bodies.values())
        self.assertEqual(sorted(one["uid"] for one in self.refused_changes(mount)), sorted(bodies))

    def test_makes_room_when_the_quota_is_used_up(self):
        if not self.has_uidplus():
            self.skipTest("without UIDPLUS what is removed stays, marked as deleted")
        paths = [*self.make_large(self.name)]
        mount = self.mount()
        paths = [mount.files(self.folder(self.name))[uid] for uid in paths]
        self.use_up_quota()
        new, content = self.directory(mount, self.name) / "new.eml", letter("in their place")
        self.assert_fails(OVER_QUOTA, "cp", self.write(new.name, content), new)
        self.do("rm", *paths)
        barrier(mount.path)
        self.do("sync", new)
        self.assert_is(mount, self.name, [as_on_the_wire(content)])
        self.assert_nothing_waits(mount)

    def test_a_trash_that_takes_nothing(self):
        trash = trash_of(self.server)
        if trash is None:
            self.skipTest("no mailbox of this server is marked as the trash")
        uid = min(self.make_with(self.name))
        there = self.left_in(trash)
        allow(self.server, trash, NO_INSERT)
        self.addCleanup(allow, self.server, trash, EVERYTHING)
        self.assert_not_removed(self.name, uid, NO_RIGHT, "--delete", "trash")
        self.assertEqual(self.left_in(trash), there)

    def test_the_folder_is_gone(self):
        uid = min(self.make_with(self.name))
        mount = self.mount()
        path = mount.files(self.folder(self.name))[uid]
        self.foreign.pop(self.name)
        self.server.delete(self.name)
        # Either it is known by now, or it turns out later.
        if self.outcome("rm", path)[0] == 0:
            try:
                barrier(mount.path)
            except OSError as error:
                self.assertIn(error.errno, GONE)
        self.assert_nothing_waits(mount)
        self.assert_folder_is_gone(mount, self.name)


if __name__ == "__main__":
    harness.main_on_server()
