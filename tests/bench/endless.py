"""A mailbox of any size that exists nowhere: a server in memory that makes up messages when it is asked for them."""
import re
import socketserver
import threading

FIELDS = "BODY[HEADER.FIELDS (DATE FROM TO SUBJECT MESSAGE-ID LIST-ID)]"
HEADER = (
    "Date: Mon, 5 Feb 2024 10:00:00 +0000\r\nFrom: Person %(who)d <person%(who)d@example.org>\r\nTo: alice@example.org\r\n"
    "Subject: Report number %(uid)d of the harbour\r\nMessage-ID: <%(uid)d@example.org>\r\n\r\n"
)
TEXT = "Nothing happened here that would be worth a line, and this is the line.\r\n" * 6


def header(uid):
    return HEADER % {"who": uid % 997, "uid": uid}


def size(uid):
    return len(header(uid)) + len(TEXT)


class Session(socketserver.StreamRequestHandler):
    def handle(self):
        self.say("* OK [CAPABILITY IMAP4rev1 UIDPLUS LITERAL+] here")
        while line := self.rfile.readline():
            tag, _, rest = line.decode().strip().partition(" ")
            try:
                answer = self.answer(rest)
            except ValueError:
                answer = "BAD not here"
            try:
                self.say("%s %s" % (tag, answer))
                self.wfile.flush()
            except OSError:
                return
            if rest.upper() == "LOGOUT":
                return

    wbufsize = 1 << 20

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")
        if not line.startswith("* ") or "FETCH" not in line:
            self.wfile.flush()

    def answer(self, command):
        count = self.server.count
        word = command.upper()
        if word.startswith("LOGIN"):
            return "OK [CAPABILITY IMAP4rev1 UIDPLUS LITERAL+] in"
        if word.startswith("LIST"):
            self.say('* LIST (\\HasNoChildren) "/" INBOX')
        elif word.startswith(("EXAMINE", "SELECT")):
            self.say("* %d EXISTS" % count)
            self.say("* OK [UIDVALIDITY 7] the same")
            self.say("* OK [UIDNEXT %d] next" % (count + 1))
        elif word.startswith("STATUS"):
            self.say("* STATUS INBOX (MESSAGES %d UIDNEXT %d UIDVALIDITY 7 UNSEEN 0)" % (count, count + 1))
        elif word.startswith("UID SEARCH"):
            self.say("* SEARCH " + " ".join(map(str, self.uids(re.search(r"UID ([0-9:*,]+)", command[4:] + " UID 1:*")[1]))))
        elif word.startswith("UID FETCH"):
            _, _, wanted, items = command.split(" ", 3)
            for uid in self.uids(wanted):
                self.fetch(uid, items.upper())
        elif not word.startswith(("NOOP", "LOGOUT", "CAPABILITY")):
            raise ValueError(command)
        return "OK done"

    def uids(self, wanted):
        for part in wanted.split(","):
            first, _, last = part.partition(":")
            last = last or first
            low, high = sorted(self.server.count if end == "*" else int(end) for end in (first, last))
            yield from range(high, low - 1, -1) if int(first if first != "*" else low) > low else range(low, min(high, self.server.count) + 1)

    def fetch(self, uid, items):
        if "BODY.PEEK[]" in items:
            text = header(uid) + TEXT
            row = "UID %d BODY[] {%d}\r\n%s" % (uid, len(text), text)
        elif "HEADER" in items:
            text = header(uid)
            row = 'UID %d FLAGS (\\Seen) INTERNALDATE " 5-Feb-2024 10:00:00 +0000" RFC822.SIZE %d %s {%d}\r\n%s' % (
                uid,
                size(uid),
                FIELDS,
                len(text),
                text,
            )
        else:
            row = "UID %d FLAGS (\\Seen)" % uid
        self.wfile.write(("* %d FETCH (%s)\r\n" % (uid, row)).encode())


class EndlessServer(socketserver.ThreadingTCPServer):
    """INBOX with so many messages, for any user and password, in plain text on the loopback."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, count):
        super().__init__(("127.0.0.1", 0), Session)
        self.count = count
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()
