#!/usr/bin/env python3
"""Runs clang-tidy over the program's sources in a build's compile database, several at a time.
The tests are left out: expanding Catch2's macros takes it longer than all the rest.

usage: tidy.py BUILD [--jobs N]

A file that passed is remembered in BUILD/tidy until it, a header of the project that it includes,
its compile command, .clang-tidy or clang-tidy changes. Exits with 77 when clang-tidy is missing.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
TIDIED = ("imap", "cache", "fs")


def with_headers(path, seen):
    """`path` and every header of the project that it reaches."""
    if path in seen or not path.is_file():
        return seen
    seen.add(path)
    for name in INCLUDE.findall(path.read_text()):
        with_headers(ROOT / name, seen)
    return seen


def stamp_of(entry, source, common):
    digest = hashlib.sha256(common)
    digest.update((entry.get("command") or " ".join(entry["arguments"])).encode())
    for path in sorted(with_headers(source, set())):
        digest.update(str(path).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def check(build, source):
    command = ["clang-tidy", "--quiet", "-p", str(build), str(source)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    noise = re.compile(r"^\d+ warnings? (and \d+ errors? )?generated|^Suppressed |^Use -header-filter", re.M)
    lines = [line for line in done.stdout.splitlines() if not noise.match(line)]
    return done.returncode, "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    if shutil.which("clang-tidy") is None:
        print("skipped: clang-tidy is not installed")
        return 77
    common = subprocess.run(["clang-tidy", "--version"], stdout=subprocess.PIPE, check=True).stdout
    common += (ROOT / ".clang-tidy").read_bytes()
    passed = options.build / "tidy"
    passed.mkdir(exist_ok=True)
    wanted = {}
    for entry in json.loads((options.build / "compile_commands.json").read_text()):
        source = pathlib.Path(entry["directory"], entry["file"]).resolve()
        if ROOT not in source.parents or options.build.resolve() in source.parents:
            continue
        if source.relative_to(ROOT).parts[0] in TIDIED:
            wanted[source] = passed / stamp_of(entry, source, common)
    for stamp in set(passed.iterdir()) - set(wanted.values()):
        stamp.unlink()
    left = [source for source, stamp in wanted.items() if not stamp.exists()]
    print("%d of %d files to check" % (len(left), len(wanted)), flush=True)
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as workers:
        running = {workers.submit(check, options.build, source): source for source in left}
        for future in concurrent.futures.as_completed(running):
            source = running[future]
            status, output = future.result()
            if status == 0:
                wanted[source].touch()
            else:
                bad += 1
                print("%s:\n%s\n" % (source.relative_to(ROOT), output), flush=True)
    print("%d files with findings" % bad)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
