"""What makes a server refuse: a quota, a largest message, and the rights that a user has in a mailbox."""
import errno
import imaplib
import re

import harness
from harness import as_on_the_wire, quoted

# Above the room that has to be left for new files to be sent after they were closed.
QUOTA = 2048  # KiB
LARGEST = 100 * 1024  # octets of one message
BALLAST = "Ballast"
# Everything that takes this many octets is refused when the quota is used up.
MORE_THAN_IS_LEFT = 4096

# The rights of RFC 4314, in Dovecot's words.
WORDS = {
    "l": "lookup",
    "r": "read",
    "s": "write-seen",
    "w": "write",
    "i": "insert",
    "t": "write-deleted",
    "e": "expunge",
    "k": "create",
    "x": "delete",
}
READ_ONLY = "lr"
NO_INSERT = "lrswtekx"
NO_DELETE = "lrswikx"
EVERYTHING = "lrswitekx"


# What the profile full has anyway.
DOVECOT_PLUGINS = """
mail_plugins = $mail_plugins quota acl
protocol imap {
  mail_plugins = $mail_plugins
}
plugin {
  quota = count:User quota
  quota_vsizes = yes
  acl = vfile
}
"""
DOVECOT_LIMITS = """
plugin {
  quota_rule = *:storage=%dK
  quota_max_mail_size = %d
}
"""


def set_limits(server):
    """Before the first mount: a restart."""
    if isinstance(server, harness.Dovecot):
        plugins = DOVECOT_PLUGINS if server.profile == "bare" else ""
        server.configure(plugins + DOVECOT_LIMITS % (QUOTA, LARGEST))
        return
    server.configure("maxmessagesize: %d\n" % LARGEST)
    with server.client() as client:
        client.noop()  # makes the account, if it is not there yet
    with server.client("admin") as client:
        status, answer = client.setquota("user/" + server.user, "(STORAGE %d)" % QUOTA)
        assert status == "OK", answer


OVER_QUOTA = errno.EDQUOT
NO_RIGHT = errno.EACCES


def read_only(server):
    """The same for changes within a mailbox that can only be read."""
    # Cyrus opens it for reading and writing.
    return NO_RIGHT if isinstance(server, harness.Cyrus) else errno.EROFS


def too_large(server):
    """The error that stands for a message beyond the largest one."""
    # Cyrus announces it (APPENDLIMIT); Dovecot says LIMIT, which may be any limit.
    return errno.EFBIG if isinstance(server, harness.Cyrus) else errno.ENOSPC


def allow(server, mailbox, rights):
    """All that the user may do in a mailbox. Dovecot keeps what a session has seen for a while: before the mount."""
    if isinstance(server, harness.Dovecot):
        words = [WORDS[letter] for letter in rights]
        server.doveadm("acl", "set", "-u", server.user, server.full_name(mailbox), "owner", *words)
        return
    with server.client() as client:
        status, answer = client.setacl(quoted(server.full_name(mailbox)), server.user, rights + "a")
        assert status == "OK", answer


def use_up_quota(server):
    """Fills a mailbox of its own until next to nothing more is taken."""
    server.create(BALLAST)
    name = quoted(server.full_name(BALLAST))
    with server.client() as client:
        for size in (90000, 20000, 5000, 1000):
            text = (b"x" * 62 + b"\n") * (size // 64)
            for number in range(2 * QUOTA * 1024 // size):
                # Cyrus takes only so many that are the same.
                head = b"Subject: ballast %d of %d\n\n" % (number, size)
                status, answer = client.append(name, None, None, as_on_the_wire(head + text))
                if status != "OK":
                    break
            assert re.search(rb"over ?quota", answer[0], re.IGNORECASE), answer


def make_room(server):
    """Undoes `use_up_quota`, if it was done."""
    try:
        server.delete(BALLAST)
    except (AssertionError, imaplib.IMAP4.error):
        assert BALLAST not in server.mailboxes()
