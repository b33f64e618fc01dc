"""The coroutine core of src/nginx in a stock nginx under AddressSanitizer: waits, cancellation, streaming.

Builds the module in t/flow, which does nothing but use that core, and leaves in every way a client can.
"""

import os
import random
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import zlib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
FILE_SIZE = 50_000_003
SMALL_SIZE = 300_000

CONFIG = """
{user}
load_module {module};
daemon off;
worker_processes 1;
worker_shutdown_timeout 4s;
pid {root}/nginx.pid;
error_log {root}/error.log info;
thread_pool default threads=4;
thread_pool tiny threads=1 max_queue=1;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {root}/temp; proxy_temp_path {root}/temp; fastcgi_temp_path {root}/temp;
    uwsgi_temp_path {root}/temp; scgi_temp_path {root}/temp;
    default_type application/octet-stream;
    server {{
        listen 127.0.0.1:{http_port};
        listen 127.0.0.1:{tls_port} ssl http2;
        ssl_certificate {root}/cert.pem;
        ssl_certificate_key {root}/key.pem;
        root {root};
        location = /status {{ mezz_flow status; }}
        location = /connections {{ stub_status; }}
        location = /chain {{ mezz_flow chain {root}/small; }}
        location = /chain-tiny {{ aio threads=tiny; mezz_flow chain {root}/small; }}
        location = /missing {{ error_page 404 = /chain; mezz_flow chain {root}/nothing; }}
        location = /reads {{ mezz_flow reads {root}/small; }}
        location = /reads-memory {{ mezz_flow reads {memory}/small; }}
        location = /stream {{ mezz_flow stream {root}/big; }}
        location = /stream-memory {{ mezz_flow stream {memory}/small; }}
        location = /stream-gzip {{ gzip on; gzip_types *; mezz_flow stream {root}/small; }}
        location = /stream-slow {{ limit_rate 200k; mezz_flow stream {root}/small; }}
        location = /stream-impatient {{ send_timeout 1s; mezz_flow stream {root}/big; }}
        location = /sendfile {{ sendfile on; mezz_flow sendfile {root}/big; }}
        location = /sendfile-threads {{ sendfile on; aio threads; mezz_flow sendfile {root}/big; }}
        location = /copy-threads {{ aio threads; output_buffers 2 32k; mezz_flow sendfile {root}/big; }}
        location = /sendfile-slow {{ sendfile on; limit_rate 200k; mezz_flow sendfile {root}/small; }}
        location = /error {{ mezz_flow error; }}
        location = /push {{ mezz_flow push {root}/big; }}
        location = /no-memory {{ mezz_flow no_memory; }}
        location = /throws {{ mezz_flow throws; }}
        location = /calls {{ mezz_flow calls; }}
        location = /page {{ ssi on; ssi_types *; try_files /page.txt =404; }}
    }}
}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


class Server:
    def __init__(self, module, root, memory):
        self.module, self.root, self.memory = module, root, memory
        self.http_port, self.tls_port = free_port(), free_port()
        self.process = None
        self.configure()

    def configure(self):
        user = "user root;" if os.geteuid() == 0 else ""
        (self.root / "nginx.conf").write_text(CONFIG.format(user=user, **vars(self)))

    def start(self):
        # libstdc++ too: the sanitizer looks for __cxa_throw only when it starts.
        libraries = [subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True)
                     .stdout.strip() for name in ("libasan.so", "libstdc++.so")]
        environment = os.environ | {
            "LD_PRELOAD": " ".join(libraries),
            "ASAN_OPTIONS": f"detect_leaks=0:allocator_may_return_null=1:log_path={self.root}/asan",
            "UBSAN_OPTIONS": f"print_stacktrace=1:halt_on_error=1:log_path={self.root}/ubsan",
        }
        nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        command = [nginx, "-p", str(self.root), "-c", str(self.root / "nginx.conf"), "-e", str(self.root / "error.log")]
        self.process = subprocess.Popen(command, env=environment)
        assert wait_until(self.answers, 10), self.log()

    def answers(self):
        try:
            return self.get("/status")[0] == 200
        except OSError:
            return False

    def stop(self, how=signal.SIGQUIT, seconds=10):
        self.process.send_signal(how)
        try:
            self.process.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return False

    def log(self):
        path = self.root / "error.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def workers(self):
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def connect(self, path, tls=False, buffer=None, extra=""):
        s = socket.socket()
        if buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        s.settimeout(20)
        s.connect(("127.0.0.1", self.tls_port if tls else self.http_port))
        if tls:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            s = context.wrap_socket(s)
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{extra}\r\n".encode())
        return s

    def get(self, path, **options):
        """Status and body bytes, as many as came before the connection ended."""
        with self.connect(path, **options) as s:
            return split(drain(s))

    def counters(self):
        text = self.get("/status")[1].decode()
        return {k: int(v) for k, v in re.findall(r"(\w+) (\d+)", text)}

    def idle(self):
        return self.counters()["frames"] == 0

    def all_closed(self):
        return b"connections: 1 " in self.get("/connections")[1]

    def curl(self, path, *options):
        url = f"https://127.0.0.1:{self.tls_port}{path}"
        command = ["curl", "-sk", "--http2", "--max-time", "20", *options, url]
        return subprocess.run(command, capture_output=True, check=False)


def drain(s):
    got = bytearray()
    try:
        while piece := s.recv(1 << 18):
            got += piece
    except OSError:
        pass
    return bytes(got)


def split(answer):
    if not answer:
        return 0, b""
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head[9:12]), body


def drop(s, how):
    if how == "rst":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def evict(path):
    with open(path, "rb") as f:
        os.fsync(f.fileno())
        os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@pytest.fixture(scope="module")
def server():
    command = [REPOSITORY / "scripts/build", "--asan", "--addon", REPOSITORY / "t/flow"]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    module = built.stdout.split()[-1]
    with tempfile.TemporaryDirectory() as root, tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
        root, memory = Path(root), Path(memory)
        block = random.Random(1).randbytes(1_000_003)
        (root / "big").write_bytes((block * 50)[:FILE_SIZE])
        (root / "small").write_bytes(block[:SMALL_SIZE])
        (memory / "small").write_bytes(block[:SMALL_SIZE])
        page = '[<!--# include virtual="/chain?pause=50" -->|<!--# include virtual="/stream-memory" -->]'
        (root / "page.txt").write_text(page)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-subj", "/CN=localhost", "-keyout", root / "key.pem", "-out", root / "cert.pem"],
                       check=True, capture_output=True)
        running = Server(module, root, memory)
        running.start()
        try:
            yield running
        finally:
            if running.process.poll() is None:
                running.stop()


@pytest.fixture(autouse=True)
def clean_log(server):
    start = len(server.log())
    yield
    if server.process.poll() is None:
        assert wait_until(server.idle), "frames are left over"
        assert wait_until(server.all_closed, 10), "connections are left over"
    bad = [line for line in server.log()[start:].splitlines()
           if re.search(r"\[(alert|crit|emerg)\]|exited on signal|exited with code [^0]", line)
           and not re.search(r"malloc\(35184372\d+\) failed", line)]  # test_no_memory
    assert not bad
    reports = [p.read_text() for p in server.root.glob("*san.*")]
    assert not [r for r in reports if "ERROR" in r or "runtime error" in r]


def test_chain_of_waits(server):
    assert server.get("/chain?pause=30&thread=30") == (200, b"head 16\n")
    assert server.get("/chain") == (200, b"head 16\n")


def test_reads_come_from_cache_or_thread(server):
    data = (server.root / "small").read_bytes()
    pieces = len(data) // 4096 + 1
    expected = f"crc {zlib.crc32(data)} size {len(data)} hits "
    _, warm = server.get("/reads")
    assert warm.decode() == f"{expected}{pieces}\n"
    evict(server.root / "small")
    _, cold = server.get("/reads")
    assert cold.decode().startswith(expected)
    assert int(cold.split()[-1]) < pieces


def test_file_system_without_nowait(server):
    path = server.memory / "small"
    with open(path, "rb") as f:
        try:
            os.preadv(f.fileno(), [bytearray(1)], 0, os.RWF_NOWAIT)
            hits = None
        except OSError:
            hits = 0
    for _ in range(2):
        _, body = server.get("/reads-memory")
        assert f"crc {zlib.crc32(path.read_bytes())} ".encode() in body
        assert hits is None or int(body.split()[-1]) == hits


@pytest.mark.parametrize("path", ["/stream", "/sendfile", "/sendfile-threads", "/copy-threads"])
@pytest.mark.parametrize("tls", [False, True])
def test_large_body(server, path, tls):
    if "threads" in path:
        evict(server.root / "big")
    status, body = server.get(path, tls=tls)
    assert status == 200
    assert body == (server.root / "big").read_bytes()


@pytest.mark.parametrize("path", ["/stream", "/sendfile", "/sendfile-threads", "/stream?chunked=1"])
def test_large_body_http2(server, path):
    got = server.curl(path)
    assert got.returncode == 0
    assert got.stdout == (server.root / "big").read_bytes()


def test_filters_that_keep_data(server):
    got = server.curl("/stream-gzip", "--compressed", "-H", "Accept-Encoding: gzip")
    assert got.stdout == (server.root / "small").read_bytes()


@pytest.mark.parametrize("tls", [False, True])
def test_small_pieces_reuse_the_buffer(server, tls):
    status, body = server.get("/stream-memory?piece=700", tls=tls)
    assert (status, body) == (200, (server.memory / "small").read_bytes())


def test_output_goes_on_while_the_flow_waits_for_something_else(server):
    start = time.monotonic()
    with server.connect("/push?pause=2500", buffer=100_000) as s:
        time.sleep(0.1)  # until the server's socket is full
        got = 0
        while got < FILE_SIZE:
            got += len(s.recv(1 << 18))
    assert time.monotonic() - start < 2


def test_streaming_takes_constant_memory(server):
    def resident():
        status = Path(f"/proc/{server.workers()[0]}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])
    server.get("/stream")
    before = resident()
    server.get("/stream")
    assert resident() - before < 4000  # KiB


@pytest.mark.parametrize("path", ["/stream", "/sendfile"])
def test_a_client_that_does_not_read_stops_the_flow(server, path):
    before = server.counters()["filled"]
    with server.connect(path, buffer=20000) as s:
        time.sleep(0.3)
        middle = server.counters()["filled"]
        if path == "/stream":
            assert 0 < middle - before < FILE_SIZE / 4
        _, body = split(drain(s))
    assert len(body) == FILE_SIZE


@pytest.mark.parametrize("path", ["/stream-slow", "/sendfile-slow"])
def test_limit_rate(server, path):
    start = time.monotonic()
    status, body = server.get(path)
    assert (status, len(body)) == (200, SMALL_SIZE)
    assert 0.4 < time.monotonic() - start < 4


def test_send_timeout(server):
    with server.connect("/stream-impatient", buffer=20000) as s:
        time.sleep(1.5)
        assert server.idle()
        assert len(drain(s)) < FILE_SIZE
    assert "the client has timed out" in server.log()


def test_error_after_the_header_ends_the_connection(server):
    status, body = server.get("/stream?fail_at=1000000")
    assert status == 200 and len(body) < FILE_SIZE
    status, body = server.get("/stream?fail_at=1000000&chunked=1")
    assert status == 200 and not body.endswith(b"0\r\n\r\n")
    assert server.curl("/stream?fail_at=1000000").returncode != 0
    assert server.curl("/stream?fail_at=1000000&chunked=1").returncode != 0
    assert re.search(r"\[error\].*mezz: a test failure \(file offset \d+ of .*/big\)", server.log())


def test_error_statuses(server):
    statuses = [server.get(f"/error?code={code}&pause={pause}")[0] for pause in (0, 5) for code in range(8)]
    assert statuses == [404, 422, 422, 422, 500, 503, 400, 500] * 2


def test_internal_redirect_starts_another_flow(server):
    for path in ("/missing", "/missing?pause=20"):
        assert server.get(path) == (200, b"head 16\n")


def test_exceptions_become_errors(server):
    for path in ("/throws", "/throws?memory=1", "/throws?pause=20", "/throws?memory=1&pause=20"):
        assert server.get(path)[0] == 500
    assert "mezz: no memory" in server.log()
    assert "mezz: an exception left a coroutine" in server.log()


def test_no_memory_for_a_frame_is_an_error(server):
    assert server.get("/no-memory")[0] == 500
    assert "mezz: no memory" in server.log()


def test_head(server):
    with socket.create_connection(("127.0.0.1", server.http_port)) as s:
        s.sendall(b"HEAD /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = drain(s)
    assert f"Content-Length: {FILE_SIZE}".encode() in answer and answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("rest", [b"67890", None])
def test_body_that_arrives_while_the_flow_waits(server, rest):
    with socket.create_connection(("127.0.0.1", server.http_port)) as s:
        s.settimeout(5)
        s.sendall(b"POST /chain?pause=100 HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345")
        time.sleep(0.05)
        if rest:
            s.sendall(rest + b"GET /chain HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert drain(s).count(b"head 16\n") == 2


def test_many_and_deep_calls(server):
    assert server.get("/calls?n=20000") == (200, b"calls 20000 depth 1000\n")


def test_full_queue_is_busy(server):
    sockets = [server.connect("/chain-tiny?thread=200") for _ in range(8)]
    statuses = [split(drain(s))[0] for s in sockets]
    assert set(statuses) == {200, 503}


def test_subrequests(server):
    small = (server.memory / "small").read_bytes()
    expected = b"[head 16\n|" + small + b"]"
    assert server.curl("/page").stdout == expected
    assert server.curl("/page", "--http1.1").stdout == expected


def test_pipelined_requests(server):
    request = b"GET /chain?pause=20 HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.http_port)) as s:
        s.sendall(request * 2 + request.replace(b"Host", b"Connection: close\r\nHost"))
        assert drain(s).count(b"head 16\n") == 3


WAITS = ["/chain?pause=300", "/chain?thread=300", "/chain-tiny?thread=150", "/calls?n=100000", "/page", "/stream",
         "/sendfile", "/sendfile-threads", "/copy-threads", "/stream-slow", "/stream-memory", "/throws?pause=200"]


@pytest.mark.parametrize("how", ["fin", "rst"])
@pytest.mark.parametrize("tls", [False, True])
def test_client_leaves_at_each_wait(server, how, tls):
    for path in WAITS:
        evict(server.root / "big")
        s = server.connect(path, tls=tls, buffer=20000)
        time.sleep(0.05)
        drop(s, how)
    assert wait_until(server.idle)


@pytest.mark.parametrize("tls", [False, True])
def test_leaving_ends_a_wait_at_once(server, tls):
    for how in ("fin", "rst"):
        s = server.connect("/chain?pause=30000", tls=tls)
        time.sleep(0.1)
        assert not server.idle()
        drop(s, how)
        assert wait_until(server.idle, 0.5)
    server.curl("/chain?pause=30000", "--max-time", "0.2")
    assert wait_until(server.idle, 0.5)


def test_http2_client_leaves_at_each_wait(server):
    for path in WAITS:
        evict(server.root / "big")
        server.curl(path, "--max-time", "0.15", "--limit-rate", "100k")
    assert wait_until(server.idle)


def test_random_load(server):
    kinds = [*WAITS, "/chain?pause=5&thread=5", "/reads", "/reads-memory", "/error?code=1&pause=3", "/missing"]

    def client(seed):
        choice = random.Random(seed)
        while time.monotonic() < end:
            s = server.connect(choice.choice(kinds), tls=choice.random() < 0.4, buffer=20000)
            s.settimeout(choice.random() * 0.2)
            try:
                while s.recv(65536):
                    pass
            except OSError:
                pass
            drop(s, choice.choice(["fin", "rst"]))

    end = time.monotonic() + 4
    threads = [threading.Thread(target=client, args=(seed,)) for seed in range(10)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wait_until(server.idle)


def waiting(server):
    paths = ["/chain?pause=600", "/chain?thread=600", "/stream-slow", "/sendfile-slow", "/page"]
    sockets = [server.connect(path, tls=tls) for path in paths for tls in (False, True)]
    time.sleep(0.1)
    return sockets


def test_reload_lets_waiting_requests_finish(server):
    old = server.workers()
    sockets = waiting(server)
    server.process.send_signal(signal.SIGHUP)
    assert [split(drain(s))[0] for s in sockets] == [200] * len(sockets)
    assert wait_until(lambda: not set(old) & set(server.workers()), 10)


def test_quit_gives_up_on_clients_that_do_not_read(server):
    paths = ["/stream", "/sendfile", "/sendfile-threads", "/chain?pause=60000"]
    sockets = [server.connect(path, tls=tls, buffer=20000) for path in paths for tls in (False, True)]
    time.sleep(0.2)
    assert server.stop(signal.SIGQUIT)
    for s in sockets:
        s.close()
    server.start()


@pytest.mark.parametrize("path", ["/chain?pause=500", "/chain?thread=500"])
def test_quit_waits_for_a_single_request(server, path):
    s = server.connect(path)
    time.sleep(0.1)
    assert server.stop(signal.SIGQUIT)
    assert split(drain(s))[0] == 200
    server.start()


@pytest.mark.parametrize("how", ["quit", "stop"])
def test_worker_ends(server, how):
    sockets = waiting(server)
    assert server.stop(signal.SIGQUIT if how == "quit" else signal.SIGTERM)
    statuses = [split(drain(s))[0] for s in sockets]
    if how == "quit":
        assert statuses == [200] * len(sockets)
    server.start()
