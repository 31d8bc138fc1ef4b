"""A server between the server and its client, for what no real server does on demand."""
import re
import socket
import threading


class RelayWithWrongSizes:
    """Passes a plain-text IMAP connection on to the server, but adds to every RFC822.SIZE.

    Dovecot itself never announces a size and then sends another literal; other servers do.
    """

    def __init__(self, port, error):
        self._target, self._error = port, error
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)

    def close(self):
        self._listener.close()

    def _start(self, function, *arguments):
        threading.Thread(target=function, args=arguments, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            self._start(self._copy, client, server)
            self._start(self._copy_with_lies, server, client)

    @staticmethod
    def _shut(*ends):
        for end in ends:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _copy(self, source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        self._shut(source, target)

    def _copy_with_lies(self, source, target):
        def lie(match):
            return b"RFC822.SIZE %d" % max(0, int(match[1]) + self._error)

        stream = source.makefile("rb")
        try:
            while line := stream.readline():
                target.sendall(re.sub(rb"RFC822\.SIZE (\d+)", lie, line))
                literal = re.search(rb"\{(\d+)\}\r\n$", line)
                if literal:
                    target.sendall(stream.read(int(literal[1])))
        except OSError:
            pass
        self._shut(source, target)
