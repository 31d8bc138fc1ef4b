#!/usr/bin/env python3
"""A file that a server refuses stays what it is, and where it is: the program that brings it hears of it.

usage: test_refused_files.py dovecot|cyrus PROFILE [unittest's arguments]
"""
import errno
import json
import os
import shutil

import harness
import limits
from changing import barrier
from harness import PROGRAM, as_on_the_wire, run
from limits import LARGEST, NO_INSERT, NO_RIGHT, OVER_QUOTA, READ_ONLY, make_room
from refusing import GONE, RefusalsCase, letter

# How programs bring files into a folder. The first leaves behind what the server has not taken.
INTO_A_FOLDER = (
    ("cp",),
    ("cp", "-rp"),
    ("mv",),
    ("rsync", "-rt"),
    ("rsync", "-rt", "--remove-source-files"),
)


class NewFiles(RefusalsCase):
    """Files from outside: the source stays what it is, and where it is."""

    def assert_not_taken(self, mount, mailbox, content, number):
        """Whichever way a file is brought into the mailbox."""
        before = self.left_in(mailbox)
        directory = self.directory(mount, mailbox)
        for at, tool in enumerate(INTO_A_FOLDER):
            if shutil.which(tool[0]) is None:
                continue
            with self.subTest(" ".join(tool)):
                source = self.write("new %d.eml" % at, content)
                self.assert_fails(number, *tool, source, directory)
                self.assertEqual(source.read_bytes(), content)
                self.assertEqual(self.left_in(mailbox), before)
                # Under its name, if the program leaves it there, is what was written.
                left = directory / source.name
                self.assertTrue(left.exists() or tool[0] != "cp")
                if left.exists():
                    self.assertEqual(left.read_bytes(), content)
                    self.do("rm", left)
                self.assert_is(mount, mailbox, before)
        self.assert_nothing_waits(mount)
        # Who wrote it was told, so no barrier tells it again; the status keeps the words of the server.
        self.assertEqual(self.refused_changes(mount), [])
        text = run(PROGRAM, "status", mount.path).stdout
        self.assertIn("close failed: ", text)
        if shutil.which("rsync"):
            self.assertIn("rename failed: ", text)

    def assert_taken_at_last(self, mount, mailbox, content):
        """It stays under its name until the server takes it, which is then done once."""
        before = self.left_in(mailbox)
        path = self.directory(mount, mailbox) / "patient.eml"
        self.assert_fails(OVER_QUOTA, "cp", self.write(path.name, content), path)
        self.assert_is(mount, mailbox, before, [content])
        make_room(self.server)
        self.do("sync", path)
        self.assert_is(mount, mailbox, [*before, as_on_the_wire(content)])
        self.assertEqual(path.read_bytes(), as_on_the_wire(content))

    def test_over_quota(self):
        self.make_with(self.name)
        mount = self.mount()
        self.use_up_quota()
        self.assert_not_taken(mount, self.name, letter("over quota"), OVER_QUOTA)
        self.assert_taken_at_last(mount, self.name, letter("patient"))

    def test_a_new_version_over_quota(self):
        """As editors and rsync write it: the old one stays, and so does what was to take its place."""
        bodies = self.make_with(self.name)
        mount = self.mount()
        directory = self.directory(mount, self.name)
        path = mount.files(self.folder(self.name))[min(bodies)]
        self.use_up_quota()
        content = letter("a new version")
        scratch = directory / ".new.swp"
        scratch.write_bytes(content)
        with self.assertRaises(OSError) as failed:
            os.rename(scratch, path)
        self.assertEqual(failed.exception.errno, OVER_QUOTA)
        self.assertEqual(path.read_bytes(), bodies[min(bodies)])
        self.assert_is(mount, self.name, bodies.values(), [content])
        if shutil.which("rsync"):
            source = self.write(path.name, content)
            self.assert_fails(OVER_QUOTA, "rsync", "-t", source, path)
            self.assertEqual(source.read_bytes(), content)
        self.do("rm", scratch)
        self.assert_is(mount, self.name, bodies.values())
        self.assert_nothing_waits(mount)

    def test_too_large(self):
        self.make_with(self.name)
        self.assert_not_taken(self.mount(), self.name, letter("too large", LARGEST + 1), limits.too_large(self.server))

    def test_no_right_to_insert(self):
        self.make_with(self.name, NO_INSERT)
        self.assert_not_taken(self.mount(), self.name, letter("unwanted"), NO_RIGHT)

    def test_read_only(self):
        self.make_with(self.name, READ_ONLY)
        self.assert_not_taken(self.mount(), self.name, letter("unwanted"), NO_RIGHT)

    def test_one_of_a_tree_is_too_large(self):
        small = [letter("small %d" % number) for number in range(4)]
        large = letter("too large", LARGEST + 1)
        for at, tool in enumerate(INTO_A_FOLDER[1:]):
            if shutil.which(tool[0]) is None:
                continue
            with self.subTest(" ".join(tool)):
                mailbox = "%s %d" % (self.name, at)
                self.make(mailbox, 0)
                mount = self.mount()
                sources = [self.write("%d-%d.eml" % (at, number), content) for number, content in enumerate(small)]
                sources.insert(2, self.write("%d-large.eml" % at, large))
                said = self.assert_fails(limits.too_large(self.server), *tool, *sources, self.directory(mount, mailbox))
                self.assertIn(sources[2].name, said)
                barrier(mount.path)
                self.assertEqual(self.left_in(mailbox), sorted(map(as_on_the_wire, small)))
                self.assertEqual(sources[2].read_bytes(), large)
                # Those that are safe are gone where that was wanted, and only there.
                left = [path.name for path in sources if path.exists()]
                moves = "mv" in tool or "--remove-source-files" in tool
                self.assertEqual(left, [sources[2].name] if moves else [path.name for path in sources])
                mount.unmount()

    def test_what_is_left_at_the_end_is_kept(self):
        self.make_with(self.name, NO_INSERT)
        mount = self.mount()
        content = letter("kept")
        self.assert_fails(NO_RIGHT, "cp", self.write("kept.eml", content), self.directory(mount, self.name))
        mount.unmount()
        (kept,) = [path for path in mount.state.rglob("lost+found/**/*") if path.is_file()]
        self.assertEqual(kept.read_bytes(), content)

    def test_the_folder_is_gone(self):
        mailboxes = {tool: "%s %d" % (self.name, at) for at, tool in enumerate(INTO_A_FOLDER) if shutil.which(tool[0])}
        for mailbox in mailboxes.values():
            self.make(mailbox, 1)
        mount = self.mount()
        for mailbox in mailboxes.values():
            os.listdir(self.directory(mount, mailbox))
        for tool, mailbox in mailboxes.items():
            with self.subTest(" ".join(tool)):
                source = self.write("late.eml", letter("late"))
                self.foreign.pop(mailbox)
                self.server.delete(mailbox)
                # Either it is known by now, or it turns out later.
                self.assert_fails(GONE, *tool, source, str(self.directory(mount, mailbox)) + "/")
                self.assertEqual(source.read_bytes(), letter("late"))
        for mailbox in mailboxes.values():
            self.assert_folder_is_gone(mount, mailbox)
        self.assert_nothing_waits(mount)

    def test_the_folder_goes_while_a_file_is_written(self):
        self.make(self.name, 1)
        mount = self.mount()
        content = letter("late")
        descriptor = os.open(self.directory(mount, self.name) / "late.eml", os.O_CREAT | os.O_WRONLY)
        os.write(descriptor, content)
        self.foreign.pop(self.name)
        self.server.delete(self.name)
        with self.assertRaises(OSError) as failed:
            os.close(descriptor)
        self.assertIn(failed.exception.errno, GONE)
        self.assert_folder_is_gone(mount, self.name)
        self.assert_nothing_waits(mount)
        mount.unmount()
        (kept,) = [path for path in mount.state.rglob("lost+found/**/*") if path.is_file()]
        self.assertEqual(kept.read_bytes(), content)

    def test_refused_after_it_was_closed(self):
        """Of a row of small files only the first are waited for."""
        self.make_with(self.name)
        before = self.left_in(self.name)
        mount = self.mount()
        directory = self.directory(mount, self.name)
        first = [letter("first %d" % number) for number in range(2)]
        for number, content in enumerate(first):
            self.do("cp", self.write("first %d.eml" % number, content), directory)
        stored = sorted([*before, *map(as_on_the_wire, first)])
        self.assertEqual(self.left_in(self.name), stored)
        self.use_up_quota()
        content = letter("late")
        source = self.write("late.eml", content)
        if not self.has_uidplus():
            # Every file is waited for.
            self.assert_fails(OVER_QUOTA, "cp", source, directory)
            return
        self.do("cp", source, directory)
        with self.assertRaises(OSError) as failed:
            barrier(mount.path)
        self.assertEqual(failed.exception.errno, OVER_QUOTA)
        self.assert_nothing_waits(mount)
        (refused,) = self.refused_changes(mount)
        self.assertEqual(refused["folder"], self.server.full_name(self.name))
        self.assertIn("late.eml", run(PROGRAM, "status", mount.path).stdout)
        self.assertIn("late.eml", json.dumps(refused))
        self.assert_is(mount, self.name, stored, [content])
        # The next ones are waited for, by mv as by others.
        self.assert_fails(OVER_QUOTA, "mv", self.write("next.eml", letter("next")), directory)
        self.assertEqual((self.local / "next.eml").read_bytes(), letter("next"))
        self.do("rm", "-f", directory / "next.eml")
        make_room(self.server)
        self.do("sync", directory / "late.eml")
        self.assert_is(mount, self.name, [*stored, as_on_the_wire(content)])
        self.assert_nothing_waits(mount)
        mount.unmount()
        again = self.mount(cache=mount.cache)
        self.assert_is(again, self.name, [*stored, as_on_the_wire(content)])


if __name__ == "__main__":
    harness.main_on_server()
