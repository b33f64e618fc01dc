"""Clients that leave, slow readers, reload and quit under load. Run under AddressSanitizer too (MEZZ_ASAN=1)."""
import random
import re
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time
from pathlib import Path

import pytest

import media
import mezz
import walk
from services import wait_until

TITLES = ["/files/minute.mp4", "/files/moov_last.mp4", "/files/tracks", "/files/two_audio.mp4"]


@pytest.fixture(scope="module")
def stage(nginx_for_module, tmp_path_factory):
    root = tmp_path_factory.mktemp("stage")
    for name in ("minute.mp4", "moov_last.mp4", "two_audio.mp4"):
        mezz.place(media.generated(name), root / name)
    media.place_tracks(root)
    return nginx_for_module(root, workers=2)


@pytest.fixture(scope="module")
def urls(stage):
    """{path: body} of every URL of the titles."""
    get, found = stage.client(), {}
    for title in TITLES:
        for kind in ("hls", "cmaf"):
            t = walk.hls_title(get, title, kind)
            for path in [t.path, *(p.path for p in t.playlists), *(u for p in t.playlists for u in [p.map, *p.uris])]:
                if path:
                    found[path] = get.ok(path).body
        found[f"{title}/cmaf/manifest.mpd"] = get.ok(f"{title}/cmaf/manifest.mpd").body
    return found


def connect(server, tls=False, receive_buffer=None):
    s = socket.socket()
    if receive_buffer:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    s.settimeout(30)
    s.connect(("127.0.0.1", server.tls_port if tls else server.port))
    return ssl._create_unverified_context().wrap_socket(s) if tls else s


def request(path, more=""):
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n".encode()


def leave(s, chance):
    """Closes in one of the ways in which clients do: politely, with a reset, or after a half close."""
    way = chance.randrange(3)
    if way == 0:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif way == 1 and not isinstance(s, ssl.SSLSocket):
        s.shutdown(socket.SHUT_WR)
        time.sleep(0.001)
    s.close()


def unchanged(server, workers, urls):
    assert server.workers() == workers, "a worker was replaced"
    get = server.client()
    for path, body in list(urls.items())[::7]:
        assert get.ok(path).body == body, path


@pytest.mark.parametrize("tls", [False, True])
def test_clients_that_leave(stage, urls, tls):
    """At once, after a random time, after a random part of the answer."""
    workers, chance = stage.workers(), random.Random(7)
    paths = list(urls)
    for _ in range(150 if tls else 500):
        with connect(stage, tls, receive_buffer=4096 if chance.random() < 0.5 else None) as s:
            s.sendall(request(chance.choice(paths)))
            if chance.random() < 0.5:
                time.sleep(chance.random() * 0.01)
            else:
                s.recv(chance.choice((1, 100, 20000)))
            leave(s, chance)
    unchanged(stage, workers, urls)


def test_leaving_before_the_request_is_whole(stage, urls):
    workers, chance = stage.workers(), random.Random(8)
    whole = request(next(p for p in urls if p.endswith("_0.ts")))
    for _ in range(100):
        with connect(stage) as s:
            s.sendall(whole[:chance.randrange(len(whole))])
            leave(s, chance)
    unchanged(stage, workers, urls)


def test_cold_titles_left_at_once(nginx, tmp_path):
    """The client is gone while the title's index is still being loaded, by one or by many."""
    names = [f"{i}.mp4" for i in range(40)]
    for name in names:
        mezz.place(media.generated("moov_last.mp4"), tmp_path / name)
    server, chance = nginx(tmp_path), random.Random(9)
    (worker,) = server.workers()
    for name in names:
        sockets = [connect(server) for _ in range(4)]
        for s in sockets:
            s.sendall(request(f"/files/{name}/hls/master.m3u8"))
        for s in sockets:
            leave(s, chance)
    get = server.client()
    for name in names:
        get.ok(f"/files/{name}/hls/master.m3u8")
    assert server.workers() == [worker]


def read_slowly(s, chance, size):
    data = b""
    while len(data) < size:
        part = s.recv(chance.choice((1000, 30000)))
        if not part:
            break
        data += part
        time.sleep(chance.random() * 0.003)
    return data


@pytest.mark.parametrize("ending", ["ts", "m4s"])
def test_slow_reader_gets_everything(stage, urls, ending):
    chance = random.Random(10)
    path, body = max(((p, b) for p, b in urls.items() if p.endswith(ending)), key=lambda item: len(item[1]))
    with connect(stage, receive_buffer=4096) as s:
        s.sendall(request(path, "Connection: close\r\n"))
        answer = read_slowly(s, chance, 1 << 30)
    assert answer.partition(b"\r\n\r\n")[2] == body


def test_many_requests_on_one_connection(stage, urls):
    """Keep-alive and pipelining: answers come whole and in order."""
    paths = list(urls)[:40]
    with connect(stage) as s:
        s.sendall(b"".join(request(p, "Connection: close\r\n" if p is paths[-1] else "") for p in paths))
        data = b""
        while part := s.recv(1 << 16):
            data += part
    for path in paths:
        head, _, rest = data.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), path
        size = len(urls[path])
        assert rest[:size] == urls[path], path
        data = rest[size:]
    assert data == b""


def test_http2_streams_side_by_side(stage, urls, tmp_path):
    paths = [p for p in urls if p.endswith((".ts", ".m4s"))][:30]
    command = ["curl", "-k", "-sS", "--http2", "--parallel", "--parallel-max", "30", "--max-time", "60"]
    for i, path in enumerate(paths):
        command += ["-o", tmp_path / str(i), f"https://127.0.0.1:{stage.tls_port}{path}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for i, path in enumerate(paths):
        assert (tmp_path / str(i)).read_bytes() == urls[path], path


def test_http2_clients_that_leave(stage, urls):
    workers, chance = stage.workers(), random.Random(11)
    paths = [p for p in urls if p.endswith((".ts", ".m4s"))]
    for _ in range(15):
        command = ["curl", "-k", "-s", "--http2", "--parallel", "--limit-rate", "200k", "--max-time", "10"]
        for path in chance.sample(paths, 10):
            command += ["-o", "/dev/null", f"https://127.0.0.1:{stage.tls_port}{path}"]
        process = subprocess.Popen(command)
        time.sleep(chance.random() * 0.15)
        process.kill()
        process.wait()
    unchanged(stage, workers, urls)


class Load:
    """Threads that ask for random URLs and compare every body, until stopped."""

    def __init__(self, server, urls, threads=4):
        self.server, self.urls = server, list(urls.items())
        self.failures, self.count, self.over = [], 0, threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(threads)]

    def run(self, seed):
        chance, get = random.Random(seed), self.server.client()
        while not self.over.is_set():
            path, body = chance.choice(self.urls)
            try:
                if get.ok(path).body != body:
                    self.failures.append(f"{path}: another body")
            except Exception as error:  # whatever goes wrong is the test's result
                self.failures.append(f"{path}: {error!r}")
            self.count += 1

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for t in self.threads:
            t.join()


def test_room_for_descriptors(stage):
    """The table that the kernel keeps of a worker's descriptors need not grow, which would hold up the event loop."""
    def sizes():
        return [int(re.search(r"^FDSize:\s(\d+)", Path(f"/proc/{pid}/status").read_text(), re.M)[1]) for pid in stage.workers()]

    wait_until(lambda: min(sizes()) >= 512, "room for worker_connections")


def test_reload_under_load(stage, urls):
    with Load(stage, urls) as load:
        for _ in range(4):
            time.sleep(0.4)
            stage.reload()
        time.sleep(0.4)
    assert load.failures == []
    assert load.count > 20


def test_quit_finishes_what_was_begun(nginx, stage, urls):
    """SIGQUIT while segments are being sent: each arrives whole, then nginx ends by itself."""
    server, chance = nginx(stage.root, workers=2), random.Random(12)
    picked = sorted((p for p in urls if p.endswith((".ts", ".m4s"))), key=lambda p: -len(urls[p]))[:6]
    sockets = [connect(server, receive_buffer=4096) for _ in picked]
    for s, path in zip(sockets, picked):
        s.sendall(request(path))
        assert s.recv(10) == b"HTTP/1.1 2"
    server.process.send_signal(signal.SIGQUIT)
    time.sleep(0.2)
    for s, path in zip(sockets, picked):
        body = read_slowly(s, chance, 1 << 30).partition(b"\r\n\r\n")[2]
        assert body == urls[path], path
        s.close()
    assert server.process.wait(20) == 0


def test_terminate_under_load(nginx, stage, urls):
    """SIGTERM ends at once, without a crash, whatever is under way."""
    server = nginx(stage.root, workers=2)
    with Load(server, urls):
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
