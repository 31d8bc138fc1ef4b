#!/usr/bin/env python3
"""Fails when a source file includes what its layer may not know (ARCHITECTURE.md).

usage: layers.py [ROOT]        checks the tree (default: the one that this script is in)
       layers.py --self-test   checks that planted violations are found
"""
import pathlib
import re
import sys
import tempfile

# Folder: the other folders that its files may include. A folder that is not named here is an error,
# so that a new one gets its rule on the day it is made.
MAY_INCLUDE = {
    "imap/base": [],
    "imap/wire": ["imap/base"],
    "imap/net": ["imap/base"],
    "imap/session": ["imap/base", "imap/wire", "imap/net"],
    "imap/pool": ["imap/base", "imap/wire", "imap/net", "imap/session"],
    "cache": [],
    "fs/mail": ["imap/base", "imap/wire", "imap/net", "imap/session", "imap/pool", "cache"],
    "fs/tree": ["fs/mail", "imap/base"],
    "fs/fuse": ["fs/tree", "fs/mail", "imap/base"],
    # The command line builds the parts and puts them together, so it knows them all.
    "fs/cli": ["fs/fuse", "fs/tree", "fs/mail", "cache", "imap/pool", "imap/session", "imap/net", "imap/base"],
}
# Of those that may include both, only these do so in one file: fs/mail turns the server's values into
# rows of the cache, fs/cli builds both sides.
JOINS_IMAP_AND_CACHE = ("fs/mail", "fs/cli")
# Library header: the only files or folders that include it.
ONLY_IN = {
    r"fuse": ("fs/fuse/",),
    r"gmime/": ("fs/mail/headers.cpp",),
    r"lmdb\.h": ("cache/",),
    r"zlib\.h": ("imap/net/", "cache/checksum.cpp"),
    r"openssl/": ("imap/net/", "imap/session/", "fs/cli/"),
    r"CLI/": ("fs/cli/",),
    r"nlohmann/": ("fs/cli/status_",),
    r"gsasl\.h": ("imap/session/sasl/",),
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
SUFFIXES = (".h", ".cpp", ".cc", ".hpp")


def layer_of(path):
    """The folder that the rules speak of: cache and its subfolders are one."""
    parts = path.split("/")
    return parts[0] if parts[0] == "cache" else "/".join(parts[:2])


def complaints_about(path, text):
    own = layer_of(path)
    if own not in MAY_INCLUDE:
        yield "%s: no rule says what %s may include" % (path, own)
        return
    sides = set()
    for match in INCLUDE.finditer(text):
        bracket, name = match.groups()
        where = "%s:%d" % (path, text.count("\n", 0, match.start(1)) + 1)
        if bracket == '"':
            other = layer_of(name)
            sides.add(name.split("/")[0])
            if "/" not in name:
                yield "%s: includes %s without its folder" % (where, name)
            elif other != own and other not in MAY_INCLUDE[own]:
                yield "%s: %s may not include %s" % (where, own, name)
        for pattern, places in ONLY_IN.items():
            if re.match(pattern, name) and not path.startswith(places):
                yield "%s: only %s may include <%s>" % (where, " and ".join(places), name)
    if {"imap", "cache"} <= sides and own not in JOINS_IMAP_AND_CACHE:
        yield "%s: includes both imap/ and cache/" % path


def complaints_in(root):
    files = 0
    for top in ("imap", "cache", "fs"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix in SUFFIXES:
                files += 1
                yield from complaints_about(path.relative_to(root).as_posix(), path.read_text())
    if files == 0:
        yield "no source file found in %s" % root


ALLOWED = {
    "imap/session/fetch.cpp": '#include "imap/session/fetch.h"\n#include "imap/wire/lexer.h"\n#include <string>\n',
    "imap/session/sasl/plain.cpp": '#include <gsasl.h>\n#include "imap/net/stream.h"\n',
    "imap/net/tls.cpp": "#include <openssl/ssl.h>\n",
    "cache/deep/rows.cpp": '#include "cache/rows.h"\n#include <lmdb.h>\n',
    "fs/mail/convert.cpp": '#include "cache/rows.h"\n#include "imap/base/ids.h"\n',
    "fs/mail/headers.cpp": "#include <gmime/gmime.h>\n",
    "fs/fuse/callbacks.cpp": '#include <fuse_lowlevel.h>\n#include "fs/tree/node.h"\n',
    "fs/cli/main.cpp": '#include "cache/store.h"\n#include "imap/pool/pool.h"\n',
}
FORBIDDEN = {
    "imap/base/ids.cpp": '#include "imap/wire/lexer.h"\n',
    "imap/wire/lexer.cpp": '#include "imap/net/stream.h"\n',
    "imap/net/stream.h": '#include "imap/wire/lexer.h"\n',
    "imap/session/session.h": '#include "imap/pool/pool.h"\n',
    "imap/session/login.cpp": "#include <gsasl.h>\n",
    "imap/pool/pool.cpp": '#include "fs/mail/mail_store.h"\n',
    "cache/store.cpp": '#include "imap/base/ids.h"\n',
    "cache/rows.h": '  #  include "fs/mail/convert.h"\n',
    "fs/mail/mail_store.cpp": '#include "fs/tree/node.h"\n',
    "fs/mail/other.cpp": "#include <gmime/gmime.h>\n",
    "fs/tree/node.cpp": '#include "imap/session/session.h"\n',
    "fs/tree/attributes.cpp": '#include "cache/rows.h"\n',
    "fs/tree/filesystem.h": "#include <fuse_lowlevel.h>\n",
    "fs/fuse/request.cpp": '#include "fs/cli/main.h"\n',
    "fs/fuse/session.cpp": '#include "session.h"\n',
    "fs/cli/cache.cpp": "#include <lmdb.h>\n",
    "fs/tree/own_files.cpp": "#include <nlohmann/json.hpp>\n",
    "imap/util/text.h": "",
}


def self_test():
    wrong = []
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        for path, text in {**ALLOWED, **FORBIDDEN}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        found = list(complaints_in(root))
    for path, text in FORBIDDEN.items():
        if not any(line.startswith(path + ":") for line in found):
            wrong.append("not found: %s: %s" % (path, text))
    wrong += ["found by mistake: " + line for line in found if line.split(":")[0] in ALLOWED]
    return wrong


def main():
    if sys.argv[1:] == ["--self-test"]:
        complaints = self_test()
    else:
        default = pathlib.Path(__file__).resolve().parents[2]
        complaints = list(complaints_in(pathlib.Path(sys.argv[1]) if sys.argv[1:] else default))
    print("\n".join(complaints) or "no complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
