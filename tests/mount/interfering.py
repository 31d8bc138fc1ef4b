"""A server in between that knows IMAP: it does something else with some commands than to pass them on."""
import collections
import enum
import re

from relay import Direction, Relay

# Commands that change messages.
CHANGING = re.compile(rb"(\S+) (APPEND|UID STORE|UID EXPUNGE|UID COPY|UID MOVE|UID REPLACE)\b", re.IGNORECASE)
LITERAL = re.compile(rb"\{(\d+)(\+?)\}\r\n$")


class Interference(enum.Enum):
    BEFORE = enum.auto()  # the connection ends before the command
    WITHIN = enum.auto()  # in the middle of it
    AFTER = enum.auto()  # when it was carried out, before its answer
    REFUSE = enum.auto()  # NO, and the command does not reach the server
    BYE = enum.auto()


class InterferingRelay(Relay):
    """For connections without TLS. `likelihood` is how often it interferes with a command, from 0 to 1; it can be set
    at any time. `done` counts what it did.
    """

    def __init__(self, port, order):
        self.likelihood = 0
        self.done = collections.Counter()
        self._random = order
        self._ending = {}  # the server's end of a connection -> the tag of the answer that is not passed on
        super().__init__(port)

    def copy(self, direction, source, target):
        if direction is Direction.TO_SERVER:
            self._from_client(source, target)
            return
        while data := source.recv(65536):
            tag = self._ending.get(source)
            if tag and tag + b" " in data:
                return
            # Compressed, nobody could read what is said.
            target.sendall(data.replace(b"COMPRESS=DEFLATE", b"COMPRESS=NOTHING"))

    def _from_client(self, client, server):
        stream = client.makefile("rb")
        while line := stream.readline():
            command = CHANGING.match(line)
            what = self._choose() if command else None
            if what is Interference.BEFORE:
                return
            if what is Interference.BYE:
                client.sendall(b"* BYE not now\r\n")
                return
            if what is Interference.WITHIN:
                server.sendall(line[: len(line) // 2])
                return
            if what is Interference.REFUSE:
                self._swallow(stream, line)
                client.sendall(command[1] + b" NO [CANNOT] interfered with\r\n")
                continue
            if what is Interference.AFTER:
                self._ending[server] = command[1]
            self._pass(stream, line, server)

    def _choose(self):
        if self._random.random() >= self.likelihood:
            return None
        what = self._random.choice(list(Interference))
        self.done[what.name.lower()] += 1
        return what

    @staticmethod
    def _swallow(stream, line):
        """The rest of a command; of one whose literal waits for the server there is none."""
        while (literal := LITERAL.search(line)) and literal[2]:
            stream.read(int(literal[1]))
            line = stream.readline()

    @staticmethod
    def _pass(stream, line, server):
        server.sendall(line)
        while literal := LITERAL.search(line):
            left = int(literal[1])
            while left > 0:
                piece = stream.read1(left)
                if not piece:
                    return
                server.sendall(piece)
                left -= len(piece)
            line = stream.readline()
            server.sendall(line)
