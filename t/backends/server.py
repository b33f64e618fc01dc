"""An nginx with the module of this folder, as the tests drive it."""
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "t/integration"))

from mezz import ASAN, NGINX, certificate, free_port  # noqa: E402
from services import wait_until  # noqa: E402

CONFIG = """
{user}
load_module {module};
daemon off;
worker_processes 1;
worker_shutdown_timeout {shutdown};
pid {root}/nginx.pid;
error_log {root}/error.log info;
events {{ worker_connections 600; }}
http {{
    access_log off;
    client_body_temp_path {root}/temp; proxy_temp_path {root}/temp; fastcgi_temp_path {root}/temp;
    uwsgi_temp_path {root}/temp; scgi_temp_path {root}/temp;
    keepalive_timeout 60s;
    {redis}
    {postgres}
    server {{
        listen 127.0.0.1:{http_port} backlog=1024;
        listen 127.0.0.1:{tls_port} ssl http2;
        ssl_certificate {cert}.crt;
        ssl_certificate_key {cert}.key;
        location = /redis {{ mezz_test redis; }}
        location = /redis-send {{ mezz_test redis-send; }}
        location = /redis-big {{ mezz_test redis-big; }}
        location = /pg {{ mezz_test pg; }}
        location = /pg-big {{ mezz_test pg-big; }}
        location = /chain {{ mezz_test chain; }}
        location = /status {{ mezz_test status; }}
    }}
}}
"""
BIG = 400_000  # bytes: more than libraries and kernels take at once
WAITS = ["/redis?BLPOP,empty,0.4", f"/redis-big?n={BIG}", "/pg?q=sleep&p=0.4", f"/pg-big?n={BIG}", "/pg?q=rows&p=20000",
         "/chain?n=1000&id=leaves", "/pg?q=sleep&p=60", "/redis?GET,x"]
FATAL = re.compile(r"\[(alert|crit|emerg)\]|exited on signal|exited with code [^0]|open socket")


def build():
    command = [REPOSITORY / "scripts/build", *(["--asan"] if ASAN else []), "--addon", REPOSITORY / "t/backends"]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return built.stdout.split()[-1]


def environment(root):
    if not ASAN:
        return dict(os.environ)
    # libstdc++ too: the sanitizer looks for __cxa_throw only when it starts.
    libraries = [subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True)
                 .stdout.strip() for name in ("libasan.so", "libstdc++.so")]
    return os.environ | {"LD_PRELOAD": " ".join(libraries),
                         "ASAN_OPTIONS": f"detect_leaks=0:log_path={root}/asan",
                         "UBSAN_OPTIONS": f"print_stacktrace=1:halt_on_error=1:log_path={root}/ubsan"}


class Server:
    """start() and stop(); what it did wrong is told by complaints()."""

    def __init__(self, root, module, redis=None, postgres=None, redis_limit=1000, postgres_limit=2000,
                 shutdown="15s"):
        self.root, self.module, self.shutdown = Path(root), module, shutdown
        self.redis = f'mezz_test_redis "{redis}" {redis_limit};' if redis else ""
        self.postgres = f'mezz_test_postgres "{postgres}" {postgres_limit};' if postgres else ""
        self.http_port, self.tls_port = free_port(), free_port()
        self.cert = certificate(self.root)
        self.user = "user root;" if os.geteuid() == 0 else ""
        self.process = None
        (self.root / "nginx.conf").write_text(CONFIG.format(**vars(self)))

    def command(self, *options):
        return [NGINX, *options, "-p", str(self.root), "-c", str(self.root / "nginx.conf"), "-e",
                str(self.root / "error.log")]

    def check_configuration(self):
        done = subprocess.run(self.command("-t"), env=environment(self.root), capture_output=True, text=True)
        return done.returncode, done.stderr

    def start(self):
        self.process = subprocess.Popen(self.command(), env=environment(self.root), stdin=subprocess.DEVNULL)
        wait_until(lambda: self.process.poll() is not None or self.listens(), "nginx answers")
        assert self.process.poll() is None, self.log()
        return self

    def listens(self):
        try:
            return self.get("/status")[0] == 200
        except OSError:
            return False

    def stop(self, how=signal.SIGQUIT, within=30):
        """Whether it ended by itself."""
        if self.process is None or self.process.poll() is not None:
            return True
        workers = self.workers()
        self.process.send_signal(how)
        try:
            self.process.wait(within)
            return True
        except subprocess.TimeoutExpired:
            for pid in [self.process.pid, *workers]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait(10)
            return False

    def log(self):
        path = self.root / "error.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def complaints(self):
        bad = [line for line in self.log().splitlines() if FATAL.search(line)]
        return bad + [p.read_text()[:5000] for p in self.root.glob("*san.*")]

    def workers(self):
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def begin(self, path, close=True):
        """Sends a request; the socket is the caller's."""
        s = socket.create_connection(("127.0.0.1", self.http_port), 30)
        extra = "Connection: close\r\n" if close else ""
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{extra}\r\n".encode())
        return s

    def get(self, path):
        """Status and text."""
        with self.begin(path) as s:
            return finish(s)

    def status(self):
        code, text = self.get("/status")
        assert code == 200
        return json.loads(text)

    def wait_for(self, backend, up=True):
        wait_until(lambda: self.status()[backend]["up"] == up, f"{backend} is {'up' if up else 'down'}")

    def wait_idle(self):
        wait_until(lambda: self.status()["frames"] == 0, "no request waits")

    def http2(self, path, *options):
        return subprocess.run(["curl", "-sk", "--http2", "--max-time", "30", *options,
                               f"https://127.0.0.1:{self.tls_port}{path}"], capture_output=True, text=True)


def finish(s):
    """Status and text of the answer that ends the connection."""
    got = bytearray()
    try:
        while piece := s.recv(1 << 16):
            got += piece
    except ConnectionError:
        pass
    if not got:
        return 0, ""
    head, _, body = bytes(got).partition(b"\r\n\r\n")
    return int(head[9:12]), body.decode()


def timed(call, *arguments):
    """What a call returns, and the seconds that it took."""
    begun = time.monotonic()
    return call(*arguments), time.monotonic() - begun


def many(server, paths, threads=40):
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(server.get, paths))


def drop(s, how):
    if how == "rst":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
