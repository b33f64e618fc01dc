"""The shared index: eviction when it is full, and workers that die.

The tests with `probe` tell the zone what to do by a module in t/zone, which also lets a worker die at a chosen place.
"""
import http.client
import os
import signal
import subprocess
import time

import pytest

import media
import mezz
import walk
from test_lifecycle import Load

COUNT = 150


@pytest.fixture
def crowd(tmp_path):
    """More titles than a small zone can hold."""
    for i in range(COUNT):
        mezz.place(media.generated("minute.mp4" if i % 3 else "moov_last.mp4"), tmp_path / f"{i}.mp4")
    return tmp_path


def test_more_titles_than_fit(nginx, crowd):
    """Old titles make room for new ones, and come back when they are asked for."""
    get = nginx(crowd, zone="mezz_zone shared:1m;").client()
    known = walk.one_of_each(get, "/files/1.mp4")
    before = {path: get.ok(path).body for path in known.values()}
    for turn in range(2):
        for i in range(COUNT):
            get.ok(f"/files/{i}.mp4/hls/master.m3u8")
    assert {path: get.ok(path).body for path in known.values()} == before


def test_small_zone_under_load(nginx, crowd):
    """Titles are evicted while others are being packaged, by two workers."""
    server = nginx(crowd, zone="mezz_zone shared:1m;", workers=2)
    get, urls = server.client(), {}
    for i in range(0, COUNT, 5):
        base = f"/files/{i}.mp4"
        (variant,) = walk.hls_title(get, base, "hls").variants
        for path in (f"{base}/hls/master.m3u8", f"{base}/cmaf/manifest.mpd", variant.path, variant.uris[0]):
            urls[path] = get.ok(path).body
    workers = server.workers()
    with Load(server, urls) as load:
        time.sleep(4)
    assert load.failures == []
    assert server.workers() == workers


@pytest.mark.allows_errors("a worker died while it changed zone")
@pytest.mark.allows_fatal("exited on signal 9", "shared memory zone .* was locked by")
def test_killed_worker(nginx, crowd):
    """kill -9 under load: the master starts another, and it and the survivor serve right answers."""
    server = nginx(crowd, zone="mezz_zone shared:4m;", workers=2)
    get, urls = server.client(), {}
    for i in range(0, 30):
        path = f"/files/{i}.mp4/hls/master.m3u8"
        urls[path] = get.ok(path).body
    for _ in range(3):
        with Load(server, urls):
            time.sleep(0.3)
            os.kill(server.workers()[0], signal.SIGKILL)
            time.sleep(0.5)
    deadline = time.monotonic() + 10
    while len(server.workers()) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    with Load(server, urls) as load:
        time.sleep(1)
    assert load.failures == []


def test_reload_keeps_the_zone(nginx, crowd):
    server = nginx(crowd)
    get = server.client()
    known = walk.one_of_each(get, "/files/2.mp4")
    before = {path: get.ok(path).body for path in known.values()}
    server.reload()
    assert {path: get.ok(path).body for path in known.values()} == before


def test_zone_of_another_size_after_reload(nginx, crowd):
    """The size changes in nginx.conf: nginx reloads, and titles play."""
    server = nginx(crowd)
    get = server.client()
    body = get.ok("/files/2.mp4/hls/master.m3u8").body
    server.conf_file.write_text(server.conf.replace("shared:32m", "shared:16m"))
    server.reload()
    assert get.ok("/files/2.mp4/hls/master.m3u8").body == body


class Probe:
    """An nginx with two workers and a zone of 1 MB."""

    def __init__(self, nginx, module, root):
        self.port = mezz.free_port()
        self.server = nginx(root, workers=2, main=f"load_module {module};", http="mezz_zone_probe probe:1m;",
                            server=f"listen 127.0.0.1:{self.port} reuseport; location = /ask {{ mezz_zone_ask; }}")
        self.a, self.b = self.server.workers()

    def ask(self, pid, do, **what):
        """What worker `pid` says; None if it dies. The kernel spreads connections over the workers."""
        query = "&".join(f"{name}={value}" for name, value in {"do": do, "pid": pid, **what}.items())
        for _ in range(200):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            try:
                connection.request("GET", f"/ask?{query}")
                _, word = connection.getresponse().read().decode().split()
            except (http.client.RemoteDisconnected, ConnectionResetError):
                return None
            finally:
                connection.close()
            if word != "other":
                return word
        raise AssertionError(f"no connection in 200 went to worker {pid}")

    def insert(self, pid, key, size, **more):
        return self.ask(pid, "insert", key=key, size=size, **more)

    def find(self, pid, key, **more):
        return self.ask(pid, "find", key=key, **more)

    def replaced(self, pid):
        """The number of the worker that takes the place of a dead one."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            new = [p for p in self.server.workers() if p not in (self.a, self.b)]
            if new and pid not in self.server.workers():
                self.a, self.b = (new[0] if p == pid else p for p in (self.a, self.b))
                return new[0]
            time.sleep(0.02)
        raise AssertionError("the master has not replaced a dead worker")

    def die(self, pid, at, after=1, key="doomed", size=3000, **more):
        assert self.insert(pid, key, size, die=at, after=after, **more) is None, f"worker {pid} did not die at {at}"
        return self.replaced(pid)

    def log(self, text):
        return self.server.log.read_text(errors="replace").count(text)


DAMAGED = "a worker died while it changed zone"
ANEW = "begins anew"
dies = pytest.mark.allows_fatal("exited on signal 9")
damages = pytest.mark.allows_errors(DAMAGED)
locks = pytest.mark.allows_fatal("exited on signal 9", "shared memory zone .* was locked by")


@pytest.fixture(scope="session")
def probe_module():
    command = [mezz.REPO / "scripts/build", *(["--asan"] if mezz.ASAN else []), "--addon", mezz.REPO / "t/zone"]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return built.stdout.split()[-1]


@pytest.fixture
def probe(nginx, probe_module, tmp_path):
    return Probe(nginx, probe_module, tmp_path)


def test_shared(probe):
    assert probe.find(probe.a, "x") == "miss"
    assert probe.insert(probe.a, "x", 5000) == "hit"
    assert probe.find(probe.b, "x") == "hit"
    assert probe.insert(probe.b, "x", 5000) == "hit"


@locks
@damages
@pytest.mark.parametrize("at, after", [("alloc", 1), ("alloc", 2), ("link", 1)])
def test_death_within_a_change(probe, at, after):
    """The zone is not used while a pin is left, each worker caches for itself, and then it begins anew."""
    assert probe.insert(probe.a, "kept", 30000, hold="kept") == "hit"
    b = probe.die(probe.b, at, after)
    assert probe.find(b, "kept") == "miss"
    assert probe.log(DAMAGED) == 1
    assert probe.ask(probe.a, "check", hold="kept") == "hit"
    assert [probe.insert(p, "new", 30000) for p in (probe.a, b)] == ["hit", "hit"]
    assert probe.insert(probe.a, "mine", 40000) == "hit"
    assert [probe.find(p, "mine") for p in (probe.a, b)] == ["hit", "miss"]
    time.sleep(0.2)
    assert probe.log(ANEW) == 0, "a request still reads the zone"
    assert probe.ask(probe.a, "check", hold="kept") == "hit"

    probe.ask(probe.a, "release", hold="kept")
    assert probe.find(b, "mine") == "miss"
    assert probe.log(ANEW) == 1
    assert probe.find(probe.a, "mine") == "hit"
    assert probe.find(b, "mine") == "hit", "what a worker cached goes to the zone when it is sound"
    assert probe.log(DAMAGED) == 1


@locks
@damages
def test_death_of_the_one_who_pins(probe):
    """A dead worker's pins do not keep a damaged zone from beginning anew."""
    assert probe.insert(probe.b, "kept", 30000, hold="kept") == "hit"
    b = probe.die(probe.b, "alloc")
    assert probe.insert(probe.a, "new", 30000) == "hit"
    assert probe.log(ANEW) == 1
    assert probe.find(b, "new") == "hit"


@locks
@damages
def test_death_while_starting_over(probe):
    """A worker that dies after it has emptied the zone, and before it is in order, leaves it damaged."""
    probe.insert(probe.a, "kept", 30000)
    b = probe.die(probe.b, "alloc")
    b = probe.die(b, "init")
    a = probe.die(probe.a, "init")
    assert probe.insert(a, "x", 30000) == "hit"
    assert probe.find(b, "x") == "hit"
    assert probe.find(b, "kept") == "miss"
    assert probe.log(DAMAGED) == 1
    assert probe.log(ANEW) == 1


@locks
@damages
def test_death_while_evicting(probe):
    for i in range(100):
        probe.insert(probe.a, i, 20000)
    b = probe.die(probe.b, "free", size=20000)
    assert probe.insert(probe.a, "x", 30000) == "hit"
    assert probe.find(b, "x") == "hit"
    assert probe.log(ANEW) == 1


@dies
def test_death_while_filling(probe):
    """The bytes are copied outside of a change: nothing is damaged, and their memory comes back."""
    assert probe.insert(probe.a, "kept", 1000) == "hit"
    for _ in range(5):
        b = probe.die(probe.b, "lock", after=2, size=400_000)
        assert probe.find(b, "doomed") == "miss"
    assert probe.find(b, "kept") == "hit"
    assert probe.insert(b, "x", 450_000) == "hit"
    assert probe.find(probe.a, "x") == "hit"
    assert probe.log(DAMAGED) == 0


@dies
def test_pins(probe):
    """What a live worker has pinned is never evicted; what a dead one had pinned is, in its turn."""
    assert probe.insert(probe.b, "theirs", 30000) == "hit"
    assert probe.find(probe.b, "theirs", hold="theirs") == "hit"
    assert probe.insert(probe.a, "mine", 30000, hold="mine") == "hit"

    def rush(name):
        for i in range(60):
            assert probe.insert(probe.a, f"{name}{i}", 40000) == "hit"
        return [probe.find(probe.a, key) for key in (f"{name}0", "mine", "theirs")]

    assert rush("one") == ["miss", "hit", "hit"]
    os.kill(probe.b, signal.SIGKILL)
    b = probe.replaced(probe.b)
    assert rush("two") == ["miss", "hit", "hit"], "nothing has looked for dead workers yet"
    assert probe.insert(b, "first", 100) == "hit"
    for i in range(60):
        probe.insert(probe.a, f"three{i}", 40000)
    assert probe.find(probe.a, "theirs") == "miss"
    assert probe.ask(probe.a, "check", hold="mine") == "hit"
    assert probe.log(DAMAGED) == 0


def test_many_pins(probe):
    """More entries in use at the end of the list than one eviction looks at."""
    for i in range(100):
        assert probe.insert(probe.a, f"pinned{i}", 3000, hold=f"pinned{i}") == "hit"
    for i in range(100):
        assert probe.insert(probe.a, f"more{i}", 20000) == "hit"
    assert probe.find(probe.b, "more99") == "hit"
    assert {probe.ask(probe.a, "check", hold=f"pinned{i}") for i in range(100)} == {"hit"}


@dies
def test_limit_of_what_is_in_use(probe):
    """Beyond it nothing more is pinned, but what is pinned already; a dead worker's pins do not count."""
    assert probe.insert(probe.b, "theirs", 30000, most=40_000, hold="theirs") == "hit"
    assert probe.insert(probe.a, "more", 30000, most=40_000) == "miss"
    assert probe.insert(probe.a, "more", 30000, most=70_000) == "hit"
    assert [probe.find(probe.a, key, most=40_000) for key in ("more", "theirs")] == ["miss", "hit"]
    os.kill(probe.b, signal.SIGKILL)
    probe.replaced(probe.b)
    assert probe.find(probe.a, "more", most=40_000) == "hit"
    assert probe.log(DAMAGED) == 0


@dies
def test_death_while_filling_what_was_reserved(probe):
    """Its memory comes back, and is no longer counted as in use."""
    for _ in range(5):
        b = probe.die(probe.b, "lock", after=2, size=400_000, most=500_000)
        assert probe.find(b, "doomed", most=500_000) == "miss"
    assert probe.insert(b, "x", 450_000, most=500_000) == "hit"
    assert probe.find(probe.a, "x", most=500_000) == "hit"


def test_pieces_find_room(probe):
    """Of whatever size: what goes leaves room for what comes."""
    for i in range(120):
        assert probe.insert(probe.a, i, (20_000, 150_000, 60_000, 100)[i % 4], most=400_000) == "hit"
        if i % 3 == 0:
            assert probe.find(probe.b, i - i % 5, most=400_000) in ("hit", "miss")
    assert [probe.find(probe.b, i, most=400_000) for i in (117, 118, 119)] == ["hit", "hit", "hit"]


def test_no_room_for_what_can_be_sent_without(probe):
    """Where nothing is kept by the worker instead, nothing is said either."""
    for i in range(10):
        probe.insert(probe.a, i, 90_000, hold=i)
    for _ in range(2):
        assert probe.insert(probe.a, "x", 300_000, most=1 << 20) == "miss"
    assert probe.insert(probe.a, "y", 600_000, most=1 << 20) == "miss"
    assert probe.log("finds no room in zone") == probe.log("is too large for zone") == 0


def test_too_large(probe):
    """Cached by the worker, with one line that says how large the zone should be; nothing else has to go."""
    assert probe.insert(probe.a, "small", 3000) == "hit"
    for key in "xy":
        assert probe.insert(probe.a, key, 600_000) == "hit"
    assert [probe.find(probe.a, key) for key in "xy"] == ["hit", "hit"]
    assert probe.find(probe.b, "x") == "miss"
    assert probe.find(probe.b, "small") == "hit"
    assert probe.log("is too large for zone") == 1
    assert probe.log('write "mezz_zone probe:3m;" or more') == 1


def test_no_room(probe):
    """Nothing can be evicted: cached by the worker, said once, and stored as soon as there is room."""
    for i in range(10):
        probe.insert(probe.a, i, 90_000, hold=i)
    for _ in range(3):
        assert probe.insert(probe.a, "x", 300_000) == "hit"
    assert probe.find(probe.b, "x") == "miss"
    assert probe.log("finds no room in zone") == 1
    for i in range(10):
        probe.ask(probe.a, "release", hold=i)
    assert probe.find(probe.a, "x") == "hit"
    assert probe.find(probe.b, "x") == "hit"


def test_worker_cache_is_bounded(probe):
    """64 blocks, the most recently used."""
    for i in range(65):
        assert probe.insert(probe.a, f"x{i}", 600_000) == "hit"
    assert probe.find(probe.a, "x1") == "hit"
    assert probe.insert(probe.a, "last", 600_000) == "hit"
    assert [probe.find(probe.a, key) for key in ("x0", "x1", "x2", "x3", "last")] == [
        "miss", "hit", "miss", "hit", "hit"]
