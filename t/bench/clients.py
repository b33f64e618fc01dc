"""Clients of which there are many: an event loop in Python that lets the kernel drop the bytes of bodies."""
import gc
import os
import random
import select
import socket
import struct
import time
from collections import deque

import load

BUFFER = bytearray(1 << 20)
SO_TIMESTAMPING = 37
RX_SOFTWARE, REPORT_SOFTWARE = 1 << 3, 1 << 4


class Answer:
    """What comes over a connection, up to the end of one body."""

    def __init__(self):
        self.head, self.left, self.status = b"", None, 0
        self.arrived = None  # when what was taken last came, as the kernel says, of a socket that is `stamped`

    def take(self, sock, most):
        """Reads at most so many bytes; says how many. 0: the connection has ended."""
        head = self.left is None
        room = 4096 if head else min(most, len(BUFFER), self.left)
        n, notes, _, _ = sock.recvmsg_into([memoryview(BUFFER)[:room]], 128, 0 if head else socket.MSG_TRUNC)
        for _, kind, data in notes:
            if kind == SO_TIMESTAMPING:
                seconds, nanoseconds = struct.unpack_from("qq", data)
                self.arrived = seconds + nanoseconds / 1e9
        if head:
            self._read_head(BUFFER[:n])
        else:
            self.left -= n
        return n

    def _read_head(self, data):
        self.head += data
        head, end, rest = self.head.partition(b"\r\n\r\n")
        if not end:
            return
        lines = head.split(b"\r\n")
        self.status = int(lines[0].split()[1])
        fields = dict(line.lower().split(b": ", 1) for line in lines[1:])
        self.left = int(fields[b"content-length"]) - len(rest)

    @property
    def whole(self):
        return self.left == 0


def connect(port, receive_buffer=None):
    s = socket.socket()
    if receive_buffer:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    s.connect(("127.0.0.1", port))
    return s


def stamped(s):
    """A socket that tells when what it gives came: a client that waits for its turn does not make an answer late."""
    s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, RX_SOFTWARE | REPORT_SOFTWARE)
    return s


def request(path, close=False):
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n{'Connection: close' if close else ''}\r\n\r\n".replace(
        "\r\n\r\n\r\n", "\r\n\r\n").encode()


class SlowClient:
    """Takes one answer at the pace that it is asked to."""

    def __init__(self, port, path):
        self.socket, self.answer, self.ended = connect(port, 1 << 16), Answer(), False
        self.socket.sendall(request(path, close=True))
        self.socket.setblocking(False)

    def take(self, most):
        while most > 0 and not self.ended:
            try:
                n = self.answer.take(self.socket, most)
            except (BlockingIOError, TimeoutError):
                return
            except OSError:
                n = 0
            most -= n
            self.ended = n == 0 or self.answer.whole


class Viewers:
    """So many connections, each of which asks for one of the paths every `pace` seconds."""

    def __init__(self, port, paths, count, pace):
        self.requests, self.pace = [request(path) for path in paths], pace
        self.epoll, self.sockets, self.answers = select.epoll(), {}, {}
        self.latencies, self.failed = [], 0
        now = time.monotonic()
        for i in range(count):
            s = stamped(connect(port))
            s.setblocking(False)
            self.sockets[s.fileno()] = s
            self.epoll.register(s, select.EPOLLIN)
        # The first requests are spread over the pace.
        order = list(self.sockets)
        random.Random(1).shuffle(order)
        begin = time.monotonic() + 0.2
        self.due = deque((begin + pace * i / count, fd) for i, fd in enumerate(order))
        self.connecting = time.monotonic() - now

    def run(self, seconds):
        end = time.monotonic() + seconds
        sent = 0
        while (now := time.monotonic()) < end:
            while self.due and self.due[0][0] <= now:
                at, fd = self.due.popleft()
                if fd in self.answers:  # still busy with the one before
                    self.failed += 1
                else:
                    self.answers[fd] = (Answer(), time.time())
                    self.sockets[fd].send(self.requests[sent % len(self.requests)])
                    sent += 1
                self.due.append((at + self.pace, fd))
            wait = min(end, self.due[0][0]) - time.monotonic()
            for fd, _ in self.epoll.poll(max(wait, 0)):
                self._read(fd)
        for s in self.sockets.values():
            s.close()

    def _read(self, fd):
        answer, begun = self.answers.get(fd, (None, 0))
        try:
            n = answer.take(self.sockets[fd], len(BUFFER)) if answer else 0
        except OSError:
            n = 0
        if n == 0:
            self.failed += 1
            self.epoll.unregister(fd)
        elif answer.whole:
            self.failed += answer.status != 200
            self.latencies.append((answer.arrived - begun) * 1e3)
            del self.answers[fd]


def run_viewers(server, paths, count, pace, seconds, first=False):
    """(milliseconds that answers took, failures, CPU seconds of the worker a second). `first`: before all others on their
    core, for which root is needed; requests that were late and then came all at once would wait for each other."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {load.core(load.CLIENT_CORE)})
    if first or load.REAL_TIME:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    gc.disable()
    try:
        viewers = Viewers(server.port, paths, count, pace)
        before, begun = load.cpu_seconds(server.worker), time.monotonic()
        viewers.run(seconds)
        return viewers.latencies, viewers.failed, (load.cpu_seconds(server.worker) - before) / (time.monotonic() - begun)
    finally:
        gc.enable()
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        os.sched_setaffinity(0, cores)
