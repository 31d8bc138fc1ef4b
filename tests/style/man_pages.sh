#!/bin/sh
# Fails when mandoc finds fault with a man page.
command -v mandoc >/dev/null || {
    echo 'skipped: mandoc is not installed'
    exit 77
}
cd "$(dirname "$0")/../.." || exit
set -- man/*.[1-8]
if ! [ -e "$1" ]; then
    echo 'skipped: there are no man pages'
    exit 77
fi
exec mandoc -T lint -W warning "$@"
