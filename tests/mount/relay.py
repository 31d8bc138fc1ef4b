"""Servers between the server and its client, for what no real server or network does on demand."""
import collections
import enum
import queue
import re
import socket
import struct
import threading
import time


class Direction(enum.Enum):
    TO_SERVER = enum.auto()
    TO_CLIENT = enum.auto()


class Relay:
    """Passes every connection on to the server's port and back; derived classes do worse.

    Each connection has two threads, one for each direction, which call `pass_on`. `listener` is a socket that
    listens already, such as one in another network.
    """

    def __init__(self, port, listener=None, host="127.0.0.1"):
        self._target = ("127.0.0.1" if host == "localhost" else host, port)
        self._open = []
        self._lock = threading.Lock()
        self._listener = listener or socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)

    def close(self):
        self._listener.close()
        self.reset_all()

    def reset_all(self):
        """Ends every connection by RST on both sides."""
        with self._lock:
            ends, self._open = self._open, []
        for end in ends:
            self.reset(end)

    @staticmethod
    def _start(function, *arguments):
        threading.Thread(target=function, args=arguments, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
            except OSError:
                return
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open += [client, server]
            self._start(self._copy, Direction.TO_SERVER, client, server)
            self._start(self._copy, Direction.TO_CLIENT, server, client)

    @staticmethod
    def _shut(*ends):
        for end in ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    @staticmethod
    def reset(*ends):
        """Has the peers see the connections reset rather than closed."""
        for end in ends:
            try:
                # To no address: what TCP knows for "abort". close() alone would wait for the thread in recv.
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RD)
                end.close()
            except OSError:
                pass

    def _copy(self, direction, source, target):
        try:
            self.copy(direction, source, target)
        except (OSError, ValueError):
            pass
        self._shut(source, target)

    def copy(self, direction, source, target):
        """Copies until one side has ended."""
        while data := source.recv(65536):
            self.pass_on(direction, data, source, target)

    def pass_on(self, direction, data, source, target):
        target.sendall(data)


class RelayWithWrongSizes(Relay):
    """Adds to every RFC822.SIZE in plain text.

    Dovecot itself never announces a size and then sends another literal; other servers do.
    """

    def __init__(self, port, error):
        self._error = error
        super().__init__(port)

    def copy(self, direction, source, target):
        if direction is Direction.TO_SERVER:
            super().copy(direction, source, target)
            return

        def lie(match):
            return b"RFC822.SIZE %d" % max(0, int(match[1]) + self._error)

        stream = source.makefile("rb")
        while line := stream.readline():
            target.sendall(re.sub(rb"RFC822\.SIZE (\d+)", lie, line))
            literal = re.search(rb"\{(\d+)\}\r\n$", line)
            if literal:
                target.sendall(stream.read(int(literal[1])))


class LosingRelay(Relay):
    """A network that can be lost: everything is swallowed then, and nobody is told."""

    def __init__(self, port):
        self.is_lost = False
        super().__init__(port)

    def lose(self):
        self.is_lost = True

    def restore(self):
        """What was under way is lost, new connections get through."""
        self.is_lost = False
        self.reset_all()

    def pass_on(self, direction, data, source, target):
        if not self.is_lost:
            target.sendall(data)


class Fault(enum.Enum):
    CUT = "cut"  # both sides are told that there will be no more
    RESET = "reset"
    STALL = "stall"  # nothing more gets through, and nobody is told


class FaultyRelay(Relay):
    """Lets so many octets of one direction through, over all connections, and then harms the connection."""

    def __init__(self, port, **keywords):
        self._armed = None
        self.octets = {direction: 0 for direction in Direction}
        self.struck = threading.Event()
        super().__init__(port, **keywords)

    def arm(self, fault, direction, octet):
        """From now on counts anew; the connection on which that octet comes next is struck, once."""
        with self._lock:
            self.octets = {one: 0 for one in Direction}
            self._armed = (fault, direction, octet)
        self.struck.clear()

    def disarm(self):
        """Lets through what comes; what has stalled stays so."""
        with self._lock:
            self._armed = None

    def pass_on(self, direction, data, source, target):
        with self._lock:
            begin = self.octets[direction]
            self.octets[direction] += len(data)
            fault, where, octet = self._armed or (None, None, None)
            strikes = where is direction and begin + len(data) > octet
            if strikes:
                self._armed = None
        if not strikes:
            target.sendall(data)
            return
        target.sendall(data[: octet - begin])
        self.struck.set()
        if fault is Fault.CUT:
            self._shut(source, target)
        elif fault is Fault.RESET:
            self.reset(source, target)
        else:
            while source.recv(65536):
                pass


class DistantRelay(Relay):
    """A server that is so many seconds away, there and back; counts how often its client waits for it.

    A round trip is counted whenever the client sends something behind what it was sent, or first.
    What the client sends at a time counts once; TLS, which is not looked into, is counted with it.
    No more than `window` octets are under way in one direction of a connection, as with TCP; without it any number.
    """

    def __init__(self, port, round_trip, window=None):
        self._one_way = round_trip / 2
        self._window = window
        self._heard = set()  # connections on which the client has got something since it said something
        self.round_trips = {}
        super().__init__(port)

    def copy(self, direction, source, target):
        arriving = queue.SimpleQueue()

        def deliver():
            while (item := arriving.get()) is not None:
                at, data = item
                # The distance itself, not a wait for something to happen.
                time.sleep(max(0.0, at - time.monotonic()))
                if direction is Direction.TO_CLIENT:
                    self._heard.add(target)
                try:
                    target.sendall(data)
                except OSError:
                    return
            self._shut(target)

        self._start(deliver)
        unconfirmed = collections.deque()  # when it will be known to have arrived, and how much it is
        under_way = 0
        while data := source.recv(65536):
            while unconfirmed and (unconfirmed[0][0] <= time.monotonic() or under_way > (self._window or under_way)):
                at, octets = unconfirmed.popleft()
                time.sleep(max(0.0, at - time.monotonic()))
                under_way -= octets
            under_way += len(data)
            unconfirmed.append((time.monotonic() + 2 * self._one_way, len(data)))
            if direction is Direction.TO_SERVER and (source not in self.round_trips or source in self._heard):
                self.round_trips[source] = self.round_trips.get(source, 0) + 1
                self._heard.discard(source)
            arriving.put((time.monotonic() + self._one_way, self.edit(direction, data)))
        arriving.put(None)

    def edit(self, direction, data):  # pylint: disable=unused-argument # for those who derive
        return data

    def forget(self):
        self.round_trips.clear()
