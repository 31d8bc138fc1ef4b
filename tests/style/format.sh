#!/bin/sh
# Fails when a source file is not formatted as .clang-format says; names the place.
command -v clang-format >/dev/null || {
    echo 'skipped: clang-format is not installed'
    exit 77
}
cd "$(dirname "$0")/../.." || exit
find imap cache fs tests -name '*.cpp' -o -name '*.h' | sort | xargs clang-format --dry-run -Werror
