"""The real servers that the mount tests talk to, and what another mail client would do there."""
import imaplib
import os
import pathlib
import re
import shlex
import socket
import ssl
import tempfile
import time
from base64 import b64decode, b64encode

from basics import TESTS, as_on_the_wire, at_end, run

imaplib._MAXLINE = 1 << 24  # pylint: disable=protected-access # answers with thousands of UIDs


def modified_utf7(name):
    """A mailbox name as IMAP spells it (RFC 3501 5.1.3)."""
    spelled = ""
    for part in re.findall(r"[ -~]+|[^ -~]+", name):
        if part.isascii() and part.isprintable():
            spelled += part.replace("&", "&-")
        else:
            spelled += "&" + b64encode(part.encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"
    return spelled


def from_modified_utf7(spelled):
    def decode(match):
        text = match[1].replace(",", "/")
        return b64decode(text + "=" * (-len(text) % 4)).decode("utf-16-be") if text else "&"

    return re.sub(r"&([A-Za-z0-9+,]*)-", decode, spelled)


def quoted(name):
    return '"%s"' % modified_utf7(name).replace("\\", "\\\\").replace('"', '\\"')


class Message:
    """A message as the server tells of it."""

    def __init__(self, size, arrival, body):
        self.size, self.arrival, self.body = size, arrival, body


SEEDING_TAG = b"SEED"  # of tests/servers/append_messages


class OwnClient(imaplib.IMAP4):
    """Connects from a loopback address of its own."""

    def __init__(self, address, host, port):
        self._address = address
        super().__init__(host, port, timeout=30)

    def _create_socket(self, timeout):
        # "localhost" may be ::1, from which there is no way to 127.0.0.1.
        host = "127.0.0.1" if self.host == "localhost" else self.host
        return socket.create_connection((host, self.port), timeout, source_address=(self._address, 0))


class Server:
    """A private server. Mailbox names are given without the prefix.

    Derived classes name the script and spell mailboxes the way it wants them.
    """

    SCRIPT = None
    OWN_TAG = b"HARNESS"  # begins the tags of this harness, so that its sessions can be told apart
    # Servers limit connections by user and address: those of the harness are not to count as the mount's.
    OWN_ADDRESS = "127.0.0.3"

    def __init__(self, directory, profile="full"):
        self.directory = pathlib.Path(directory)
        self.profile = profile
        self.is_frozen = self.is_down = False
        self._forgotten = {}
        at_end.callback(self.kill)
        self.start()

    def _script(self, command, *arguments, check=True):
        done = run(self.SCRIPT, command, self.directory, *arguments)
        if check and done.returncode != 0:
            raise AssertionError("%s %s: %s%s" % (self.SCRIPT.name, command, done.stdout, done.stderr))
        return done.stdout

    def start(self, cert="good"):
        # Its output goes to a file: the server would keep a pipe open.
        self._script("start", "--profile", self.profile, "--cert", cert, "--rawlog")
        self.is_down = False
        values = {}
        for line in (self.directory / "env").read_text().splitlines():
            key, _, value = line.partition("=")
            values[key] = shlex.split(value)[0] if value else ""
        self.host = values["IMAP_HOST"]
        self.user, self.password = values["IMAP_USER"], values["IMAP_PASSWORD"]
        self.weird_user, self.weird_password = values.get("WEIRD_USER"), values.get("WEIRD_PASSWORD")
        self.port, self.tls_port = int(values["IMAP_PORT"]), int(values["IMAPS_PORT"])
        self.ca_file = values["CA_FILE"]
        self.rawlog = pathlib.Path(values["RAWLOG"])
        self.client_cert, self.client_key = values.get("CLIENT_CERT"), values.get("CLIENT_KEY")
        self.prefix, self.delimiter = values["PREFIX"], values["DELIMITER"]

    def kill(self):
        self._script("kill", check=False)
        self.is_frozen, self.is_down = False, True

    def configure(self, settings):
        """Restarts it with settings of its own kind, which go before those of the profile."""
        self.kill()
        (self.directory / "more.conf").write_text(settings)
        self.start()

    def freeze(self):
        self.is_frozen = True
        self._script("freeze")

    def thaw(self):
        self._script("thaw")
        self.is_frozen = False

    def full_name(self, mailbox):
        return mailbox if mailbox == "INBOX" else self.prefix + mailbox

    def seed(self, mailbox, source):
        """Puts the message files of a folder into a mailbox; returns the names of those refused."""
        raise NotImplementedError

    def seed_messages(self, mailbox, messages):
        """Puts byte strings into a mailbox, a minute apart from each other."""
        with tempfile.TemporaryDirectory() as scratch:
            for number, content in enumerate(messages):
                path = pathlib.Path(scratch, "%06d.eml" % number)
                path.write_bytes(content)
                os.utime(path, (1500000000 + 60 * number,) * 2)
            return self.seed(mailbox, scratch)

    def seed_sample(self, mailbox, count, seed=1, *options):
        with tempfile.TemporaryDirectory() as scratch:
            done = run(TESTS / "mail/make_mail", count, scratch, "--seed", seed, *options)
            if done.returncode != 0:
                raise AssertionError(done.stderr)
            return self.seed(mailbox, scratch)

    def client(self, user=None):
        """Another mail client, logged in; as somebody else with the same password."""
        client = OwnClient(self.OWN_ADDRESS, self.host, self.port)
        if self.profile == "quirky":
            client.starttls(ssl.create_default_context(cafile=self.ca_file))
        client.tagpre = self.OWN_TAG
        client.tagre = re.compile(rb"(?P<tag>%s\d+) (?P<type>[A-Z]+) (?P<data>.*)" % self.OWN_TAG, re.ASCII | re.DOTALL)
        client.login(user or self.user, self.password)
        return client

    def create(self, mailbox):
        with self.client() as client:
            status, answer = client.create(quoted(self.full_name(mailbox)))
            assert status == "OK", (mailbox, answer)

    def create_where_allowed(self, *mailboxes):
        """Makes those mailboxes whose names the server takes, and returns them."""
        with self.client() as client:
            return [name for name in mailboxes if client.create(quoted(self.full_name(name)))[0] == "OK"]

    def delete(self, mailbox):
        with self.client() as client:
            status, answer = client.delete(quoted(self.full_name(mailbox)))
            assert status == "OK", (mailbox, answer)

    def mailboxes(self, client=None):
        """Every mailbox of the server -> whether it can be selected; by a client, or a fresh one."""
        if client is None:
            with self.client() as fresh:
                return self.mailboxes(fresh)
        found = {}
        status, answer = client.list('""', "*")
        assert status == "OK", answer
        for line in answer:
            if isinstance(line, tuple):
                about, name = line[0], line[1].decode()
            elif line:
                about, name = re.fullmatch(rb'(\(.*?\) (?:".+?"|NIL)) (.*)', line).groups()
                name = name.decode()
                if name.startswith('"'):
                    name = re.sub(r"\\(.)", r"\1", name[1:-1])
            else:
                continue  # what imaplib makes of the end of a line after a literal
            name = from_modified_utf7(name)
            name = name if name == "INBOX" else name[len(self.prefix) :]
            found[name] = rb"\noselect" not in about.lower() and rb"\nonexistent" not in about.lower()
        return found

    def append(self, mailbox, content, flags=""):
        with self.client() as client:
            status, answer = client.append(
                quoted(self.full_name(mailbox)), "(%s)" % flags, None, as_on_the_wire(content)
            )
            assert status == "OK", answer

    def messages(self, mailbox):
        """UID -> Message for all of a mailbox, fetched so that nothing becomes \\Seen."""
        return self.messages_of([mailbox])[mailbox]

    def messages_of(self, mailboxes):
        """The same for several, by mailbox, in one session."""
        with self.client() as client:
            return {mailbox: self._messages(client, mailbox) for mailbox in mailboxes}

    def _messages(self, client, mailbox):
        found = {}
        status, answer = client.select(quoted(self.full_name(mailbox)), readonly=True)
        assert status == "OK", (mailbox, answer)
        if answer == [b"0"]:
            return found
        status, answer = client.uid("FETCH", "1:*", "(UID RFC822.SIZE INTERNALDATE BODY.PEEK[])")
        assert status == "OK", answer
        for part in answer:
            if isinstance(part, tuple):
                uid, size = (int(re.search(pattern, part[0])[1]) for pattern in (rb"UID (\d+)", rb"RFC822.SIZE (\d+)"))
                arrival = int(time.mktime(imaplib.Internaldate2tuple(part[0])))
                found[uid] = Message(size, arrival, part[1])
        return found

    def flags(self, mailbox):
        """UID -> flags for all of a mailbox."""
        return self.flags_of([mailbox])[mailbox]

    def flags_of(self, mailboxes):
        """The same for several, by mailbox, in one session."""
        with self.client() as client:
            return {mailbox: self._flags(client, mailbox) for mailbox in mailboxes}

    def _flags(self, client, mailbox):
        status, answer = client.select(quoted(self.full_name(mailbox)), readonly=True)
        assert status == "OK", (mailbox, answer)
        if answer == [b"0"]:
            return {}
        status, answer = client.uid("FETCH", "1:*", "(UID FLAGS)")
        assert status == "OK", answer
        found = {}
        for line in answer:
            uid = re.search(rb"UID (\d+)", line)
            if not uid:
                continue  # unasked: another session has just changed flags
            flags = re.search(rb"FLAGS \((.*?)\)", line)[1].decode().split()
            found[int(uid[1])] = frozenset(flags) - {"\\Recent"}
        return found

    def unseen(self, *mailboxes):
        """Number of unread messages by mailbox."""
        counts = {}
        with self.client() as client:
            for mailbox in mailboxes:
                _, answer = client.status(quoted(self.full_name(mailbox)), "(UNSEEN)")
                counts[mailbox] = int(re.search(rb"UNSEEN (\d+)", answer[0])[1])
        return counts

    def change(self, mailbox, *commands):
        """UID commands of another client in that mailbox: `("STORE", "1,3", "+FLAGS", "(Work)")`."""
        with self.client() as client:
            client.select(quoted(self.full_name(mailbox)))
            for command in commands:
                status, answer = client.uid(*command)
                assert status == "OK", (command, answer)

    def expunge(self, mailbox, uid):
        """Removes one message, and all others that are marked as deleted, as another client does."""
        with self.client() as client:
            client.select(quoted(self.full_name(mailbox)))
            status, answer = client.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Deleted)")
            assert status == "OK", answer
            status, answer = client.expunge()
            assert status == "OK", answer

    def _sessions(self):
        """For each session that has logged in, the name of its log and the lines that it has sent."""
        raise NotImplementedError

    def _sent(self):
        """For each session of another client, what it has sent since `forget_commands`, by lines."""
        for name, lines in self._sessions():
            if not any(line.startswith((self.OWN_TAG, SEEDING_TAG)) for line in lines):
                yield list(enumerate(lines)), self._forgotten.get(name, 0)

    def commands(self):
        """Every line that clients other than this harness have sent after logging in."""
        return [line for lines, known in self._sent() for number, line in lines if number >= known]

    def body_fetches(self):
        """The commands of others that fetch bodies or parts of them."""
        return [line for line in self.commands() if FETCHES_BODY.search(line)]

    def mailboxes_with_body_fetches(self):
        """The names, as the clients sent them, of the mailboxes that the fetched bodies were in."""
        found = set()
        for lines, known in self._sent():
            selected = None
            for number, line in lines:
                match = re.search(rb' (?:SELECT|EXAMINE) "?((?:[^"\\ ]|\\.)+)', line, re.IGNORECASE)
                selected = match[1].decode() if match else selected
                if number >= known and FETCHES_BODY.search(line):
                    found.add(selected)
        return found

    def forget_commands(self):
        """Begins to count anew."""
        for name, lines in self._sessions():
            self._forgotten[name] = len(lines)


class Dovecot(Server):
    SCRIPT = TESTS / "servers/dovecot"

    def seed(self, mailbox, source, lie=0):
        # Dovecot's programs take names in UTF-8.
        self._script("seed", self.user, self.full_name(mailbox), source, *(["--lie", lie] if lie else []))
        return []

    def token(self, user, seconds=3600):
        """An access token for a user; with negative seconds one that has expired."""
        return self._script("token", user, seconds).strip()

    def doveadm(self, *arguments):
        return self._script("doveadm", *arguments)

    def _sessions(self):
        for log in sorted(self.rawlog.glob("*.in")):
            # Each line begins with the time.
            yield log.name, [line.split(b" ", 1)[-1] for line in log.read_bytes().splitlines()]


class Cyrus(Server):
    SCRIPT = TESTS / "servers/cyrus"

    def seed(self, mailbox, source):
        said = self._script("seed", self.user, modified_utf7(self.full_name(mailbox)), source)
        return re.findall(r"^refused (\S+):", said, re.MULTILINE)

    def _sessions(self):
        for log in sorted(self.rawlog.iterdir()):
            # A process serves one client after the other, and each begins with a line of its own.
            heading = rb"^---------- \S+ \w+ \w+ [ \d]+ [\d:]{8} \d{4}$"
            _, *sessions = re.split(heading, log.read_bytes(), flags=re.MULTILINE)
            for number, session in enumerate(sessions):
                # Pieces of the dialogue: <time<what was received, >time>what was sent.
                pieces = re.split(rb"^([<>])\d+\1", session, flags=re.MULTILINE)
                received = [text for mark, text in zip(pieces[1::2], pieces[2::2]) if mark == b"<"]
                yield "%s %d" % (log.name, number), b"".join(received).splitlines()


# A section of the body: [], [1], [TEXT], partial or not; but not [HEADER...].
FETCHES_BODY = re.compile(rb"(BODY(\.PEEK)?\[(?!HEADER)|BINARY|RFC822(?!\.(SIZE|HEADER)))", re.IGNORECASE)
