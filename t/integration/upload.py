"""Uploads as bytes on the wire: in pieces, cut, with whatever headers; and what they leave on disk."""
import hashlib
import hmac
import os
import random
import socket
import ssl
import subprocess
import time
from base64 import urlsafe_b64encode
from pathlib import Path
from urllib.parse import quote, urlsplit

from services import wait_until

TYPE = "video/mp4"


def sign(key, upload_id, filename, size, content_type=TYPE, expires=None):
    """The path of an upload URL, signed as nginx does it."""
    expires = int(time.time()) + 600 if expires is None else expires

    def sized(text):
        return str(len(text.encode())).encode() + b":" + text.encode() + b"\n"

    text = (b"mezz upload 1\nPUT\n" + sized(upload_id) + sized(filename) + sized(content_type)
            + f"{size}\n{expires}".encode())
    mac = hmac.new(key.secret, text, hashlib.sha256).digest()
    signature = urlsafe_b64encode(mac).decode().rstrip("=")
    return (f"/api/v1/uploads/{upload_id}?filename={quote(filename, safe='')}&size={size}"
            f"&content_type={quote(content_type, safe='')}&expires={expires}&signature={signature}")


def path_of(url):
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def make_file(path, size):
    """A file of random bytes at both ends and here and there, sparse if it is large."""
    chance = random.Random(size)
    with open(path, "wb") as f:
        f.truncate(size)
        for offset in {0, max(0, size - 4096), *(chance.randrange(size) for _ in range(size // (1 << 20) % 64))}:
            f.seek(offset)
            f.write(chance.randbytes(min(4096, size - offset)))
    return Path(path)


def digest(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else slow_digest(f)


def slow_digest(f):
    whole = hashlib.sha256()
    while piece := f.read(1 << 20):
        whole.update(piece)
    return whole.hexdigest()


class Put:
    """One PUT over HTTP/1.1 whose body is sent by hand."""

    def __init__(self, nginx, path, length=None, content_type=TYPE, more="", tls=False):
        self.socket = socket.create_connection(("127.0.0.1", nginx.tls_port if tls else nginx.port), 60)
        if tls:
            self.socket = ssl._create_unverified_context().wrap_socket(self.socket)
        head = f"PUT {path} HTTP/1.1\r\nHost: 127.0.0.1:{nginx.port}\r\n"
        head += f"Content-Length: {length}\r\n" if length is not None else ""
        head += f"Content-Type: {content_type}\r\n" if content_type is not None else ""
        self.socket.sendall((head + more + "\r\n").encode())
        self.input = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.socket.sendall(data)

    def status(self):
        """The status of the next answer, whose head is read."""
        line = self.input.readline()
        self.headers = {}
        while (header := self.input.readline().strip()):
            name, value = header.decode("latin-1").split(":", 1)
            self.headers[name.lower()] = value.strip()
        return int(line.split()[1]) if line else None

    def answer(self):
        """(status, body)."""
        status = self.status()
        return status, self.input.read(int(self.headers.get("content-length", 0))) if status else b""

    def get(self, path):
        """The status of another request on the connection; None if it was closed."""
        try:
            self.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            return self.answer()[0]
        except (ConnectionError, ssl.SSLError):
            return None

    def reset(self):
        """Ends the connection at once, with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close()

    def close(self):
        self.input.close()
        self.socket.close()


def curl(nginx, path, file, protocol, content_type=TYPE, *options):
    """A running curl that uploads a file; its stdout is the answer's body and status."""
    origin = f"http://127.0.0.1:{nginx.port}" if protocol == "h1" else f"https://127.0.0.1:{nginx.tls_port}"
    version = "--http2" if protocol == "h2" else "--http1.1"
    return subprocess.Popen(["curl", "-k", "-sS", version, "--globoff", "--path-as-is", "-w", "\n%{http_version} %{http_code}",
                             "-H", f"Content-Type: {content_type}", "-T", file, *options, origin + path],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process, protocol):
    """(status, body) of what curl() began."""
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err.decode()
    body, _, last = out.rpartition(b"\n")
    version, status = last.split()
    assert version == (b"2" if protocol == "h2" else b"1.1"), version
    return int(status), body


def left(raw):
    """All files below the raw storage."""
    return sorted(str(p.relative_to(raw)) for p in Path(raw).rglob("*") if not p.is_dir())


def open_files(pid, below):
    """Descriptors of a process that are files below a folder, removed ones too."""
    found = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(entry)
        except OSError:
            continue
        if target.startswith(f"{below}/"):
            found.append(target)
    return found


def descriptors(pid):
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def resident_kib(pid, name="VmRSS"):
    """Memory of a process: VmRSS now, VmHWM at most so far."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise AssertionError(name)


def wait_for_nothing(stack, besides=()):
    """Until nothing of a cut upload is left on disk or open."""
    wait_until(lambda: set(left(stack.raw)) == set(besides), f"only {besides} is left, not {left(stack.raw)}")
    for pid in stack.nginx.workers():
        wait_until(lambda: not open_files(pid, stack.raw), "no descriptor is left")
    folders = {p.name for p in stack.raw.iterdir()} - {".incoming"}
    assert folders == {Path(p).parts[0] for p in besides}
