"""A client on a bare TLS socket that reads answers and throws them away: what the line and the server can do at best."""
import socket
import ssl
import time

HEADER_FIELDS = "BODY.PEEK[HEADER.FIELDS (DATE FROM TO SUBJECT MESSAGE-ID LIST-ID)]"


class RawClient:
    def __init__(self, account, port, folder):
        context = ssl.create_default_context(cafile=account.ca_file)
        plain = socket.create_connection(("127.0.0.1", port))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = context.wrap_socket(plain, server_hostname="localhost")
        self._buffer = bytearray(1 << 18)
        self._tail = b""
        self._read_until(b"\r\n")
        self.command('LOGIN %s "%s"' % (account.user, account.password))
        self.command('EXAMINE "%s"' % folder)

    def command(self, text):
        """Sends a command and returns how many octets came until it was answered."""
        self._tail = b""
        self._socket.sendall(b"a1 " + text.encode() + b"\r\n")
        return self._read_until(b"\r\na1 ")

    def _read_until(self, mark):
        octets = 0
        tail = b"\r\n"
        while True:
            count = self._socket.recv_into(self._buffer)
            assert count, "the server has ended the session"
            octets += count
            # The end of an answer is at the end of what has come: nothing else is under way.
            tail = (tail + self._buffer[max(0, count - 4096) : count])[-8192:]
            at = tail.rfind(mark)
            if at >= 0 and tail.endswith(b"\r\n") and tail.count(b"\n", at + 2) == 1:
                assert b" BAD " not in tail[at:] and b" NO " not in tail[at:], bytes(tail[at:])
                return octets
            if mark == b"\r\n" and tail.endswith(b"\r\n"):
                return octets

    def close(self):
        self._socket.close()


def seconds(account, port, folder, *commands):
    """How long the commands take, connecting included."""
    begun = time.monotonic()
    client = RawClient(account, port, folder)
    for command in commands:
        client.command(command)
    client.close()
    return time.monotonic() - begun
