"""Uploads: whole or not at all, checked before their body is read, never in memory."""
import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import services
from api import Api, no_id
from mezz import ASAN, HOSTILE
from services import wait_until
from stack import Stack
from upload import (TYPE, Put, curl, descriptors, digest, finish, left, make_file, open_files, path_of, resident_kib, sign,
                    wait_for_nothing)

pytestmark = [services.needs_postgres, services.needs_redis]

MIB = 1 << 20
SIZES = [1, 512, 4095, 65535, 65536, 65537, MIB + 1, 8 * MIB + 3]
LARGE = 300 * MIB


@pytest.fixture(scope="module")
def stack(nginx_for_module, keys):
    made = Stack(nginx_for_module, keys, workers=0)
    yield made
    made.close()


@pytest.fixture
def begin(stack):
    """begin(size, name) announces an upload: (id, path of its URL)."""
    def announce(size, name="film.mp4", content_type=TYPE):
        told = stack.announce(name, size, content_type)
        return told["upload_id"], path_of(told["upload_url"])
    return announce


def stored(stack, upload_id, name="film.mp4"):
    wait_until(lambda: not list((stack.raw / ".incoming").iterdir()), "nothing is left aside")
    return stack.raw / upload_id / name


@pytest.mark.parametrize("protocol", ["h1", "tls", "h2"])
@pytest.mark.parametrize("size", SIZES)
def test_intact(stack, begin, tmp_path, protocol, size):
    source = make_file(tmp_path / "source", size)
    upload_id, path = begin(size)
    status, body = finish(curl(stack.nginx, path, source, protocol), protocol)
    assert status == 201 and json.loads(body) == {"upload_id": upload_id, "size": size}
    assert digest(stored(stack, upload_id)) == digest(source)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    path = make_file(tmp_path_factory.mktemp("large") / "source", LARGE)
    return path, digest(path)


@pytest.mark.parametrize("protocol", ["h1", "tls", "h2"])
def test_large(stack, begin, large, protocol):
    upload_id, path = begin(LARGE)
    status, _ = finish(curl(stack.nginx, path, large[0], protocol), protocol)
    file = stored(stack, upload_id)
    assert status == 201 and digest(file) == large[1]
    file.unlink()


@pytest.mark.parametrize("tls", [False, True])
def test_trickled(stack, begin, tls):
    data = random.Random(1).randbytes(3000)
    upload_id, path = begin(len(data))
    with Put(stack.nginx, path, len(data), tls=tls) as put:
        for at in range(0, len(data), 30):
            put.send(data[at:at + 30])
            time.sleep(0.005)
        assert put.answer()[0] == 201
        assert put.get("/pid") == 200, "the connection goes on"
    assert stored(stack, upload_id).read_bytes() == data


def test_upload_and_next_request_in_one_piece(stack, begin):
    upload_id, path = begin(100)
    with Put(stack.nginx, path, 100) as put:
        put.send(b"y" * 100 + b"GET /pid HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert put.answer()[0] == 201 and put.answer()[0] == 200
    assert stored(stack, upload_id).read_bytes() == b"y" * 100


def test_expect_continue(stack, begin):
    upload_id, path = begin(1000)
    with Put(stack.nginx, path, 1000, more="Expect: 100-continue\r\n") as put:
        assert put.status() == 100
        put.send(b"z" * 1000)
        assert put.answer()[0] == 201
    assert stored(stack, upload_id).read_bytes() == b"z" * 1000


def refusals(stack, begin):
    """{name: (status, path, length, content type)} of PUTs that are refused before their body is read."""
    upload_id, path = begin(1000)
    done_id, done = begin(4)
    with Put(stack.nginx, done, 4) as put:
        put.send(b"done")
        assert put.answer()[0] == 201
    expired = sign(stack.key, upload_id, "film.mp4", 1000, expires=int(time.time()) - 1)
    return {
        "bad signature": (403, path[:-8] + "AAAAAAAA", 1000, TYPE),
        "expired": (403, expired, 1000, TYPE),
        "no query": (403, path.split("?")[0], 1000, TYPE),
        "longer": (413, path, 1001, TYPE),
        "shorter": (400, path, 999, TYPE),
        "empty": (400, path, 0, TYPE),
        "another type": (415, path, 1000, "text/html"),
        "no type": (415, path, 1000, None),
        "exists": (409, done, 4, TYPE),
    }


def test_refused_before_the_body(stack, begin):
    """No 100 is said, the answer comes without a byte of the body, and the connection goes on or is closed."""
    for name, (status, path, length, content_type) in refusals(stack, begin).items():
        with Put(stack.nginx, path, length, content_type, "Expect: 100-continue\r\n") as put:
            assert put.status() == status, name
        with Put(stack.nginx, path, length, content_type) as put:
            got, body = put.answer()
            assert got == status, (name, body)
            problem = json.loads(body)
            assert problem["status"] == status and put.headers["content-type"] == "application/problem+json"
            assert b"film.mp4" not in body
    wait_until(lambda: not list((stack.raw / ".incoming").iterdir()), "nothing is left")


@pytest.mark.parametrize("protocol", ["h1", "h2"])
def test_connection_after_a_refusal(stack, begin, protocol, tmp_path):
    for name, (status, path, length, content_type) in refusals(stack, begin).items():
        if protocol == "h1":
            with Put(stack.nginx, path, length, content_type) as put:
                put.send(b"x" * length)
                assert put.answer()[0] == status, name
                after = put.get("/pid")
                assert after == 200 or (after is None and put.headers.get("connection") == "close"), (name, after)
        elif content_type and length:
            source = make_file(tmp_path / "source", length)
            assert finish(curl(stack.nginx, path, source, "h2", content_type), "h2")[0] == status, name


@pytest.mark.parametrize("size", [MIB, 20 * MIB])
def test_large_body_that_is_refused(stack, begin, size):
    """A client that sends all before it listens is answered."""
    upload_id, path = begin(size)
    with Put(stack.nginx, path[:-8] + "AAAAAAAA", size) as put:
        try:
            for _ in range(size // MIB):
                put.send(b"x" * MIB)
            assert put.answer()[0] == 403
        except ConnectionError:
            pass  # closed by nginx while much was still to come
    assert upload_id not in {p.name for p in stack.raw.iterdir()}


def test_no_length(stack, begin, tmp_path):
    upload_id, path = begin(1000)
    with Put(stack.nginx, path, None, more="Transfer-Encoding: chunked\r\n") as put:
        put.send(b"3e8\r\n" + b"x" * 1000 + b"\r\n0\r\n\r\n")
        assert put.answer()[0] == 411
    with Put(stack.nginx, path, None) as put:
        assert put.answer()[0] == 411
    for protocol in ("h1", "h2"):  # without a length of its own: what comes from a pipe
        process = curl(stack.nginx, path, "-", protocol, TYPE)
        assert finish(process, protocol)[0] == 411
    assert upload_id not in {p.name for p in stack.raw.iterdir()}


def test_every_argument_is_signed(stack, begin):
    upload_id, path = begin(1000, "a b.mp4")
    base, query = path.split("?")
    arguments = query.split("&")
    tampered = [f"{base.replace(upload_id, no_id())}?{query}", f"{path}&x=1", f"{path}&", f"{base}?&{query}",
                f"{path}&size=1000", path.replace("filename=a%20b", "filename=a+b"), f"{base}?{query}%00"]
    for number, argument in enumerate(arguments):
        name, value = argument.split("=")
        others = arguments[:number] + arguments[number + 1:]
        for changed in (f"{name}=", f"{name}={value}0", f"{name}={value[:-1]}", name, f"{name}={value}%00", f"{name}=0{value}",
                        f"{name}=..%2F..%2Fetc%2Fpasswd", f"{name.upper()}={value}", f"{name}=%2B{value}"):
            tampered.append(f"{base}?{'&'.join([*others, changed])}")
        tampered.append(f"{base}?{'&'.join(others)}")
    for wrong in tampered:
        with Put(stack.nginx, wrong, 1000) as put:
            assert put.answer()[0] == 403, wrong
    for right in (f"{base}?{'&'.join(reversed(arguments))}", path.replace(upload_id, upload_id.upper())):
        with Put(stack.nginx, right, 1000) as put:
            put.send(b"x" * 1000)
            assert put.answer()[0] in (201, 409), right
    assert stored(stack, upload_id, "a b.mp4").stat().st_size == 1000
    assert {p.name for p in stack.raw.iterdir()} >= {upload_id} and upload_id.upper() not in left(stack.raw)


def test_keys_of_others(stack, keys, begin):
    upload_id, path = begin(3)
    with Put(stack.nginx, sign(keys["unknown"], upload_id, "film.mp4", 3), 3) as put:
        assert put.answer()[0] == 403
    with Put(stack.nginx, sign(stack.key, upload_id, "film.mp4", 3), 3) as put:
        put.send(b"abc")
        assert put.answer()[0] == 201
    token = stack.token("admin")
    with Put(stack.nginx, path.split("?")[0], 3, more=f"Authorization: Bearer {token}\r\n") as put:
        assert put.answer()[0] == 403, "a token is no signed URL"


def test_content_type_is_compared_by_meaning(stack, begin):
    upload_id, path = begin(3, content_type="video/mp4; codecs=\"avc1\"")
    with Put(stack.nginx, path, 3, "Video/MP4;codecs=\"avc1\"") as put:
        put.send(b"abc")
        assert put.answer()[0] == 201
    assert stored(stack, upload_id).read_bytes() == b"abc"


def test_exists(stack, begin):
    upload_id, path = begin(3)
    for status, data in ((201, b"abc"), (409, b"xyz"), (409, b"abc")):
        with Put(stack.nginx, path, 3) as put:
            put.send(data)
            assert put.answer()[0] == status
    assert stored(stack, upload_id).read_bytes() == b"abc"


@pytest.mark.parametrize("rounds", range(5))
def test_two_at_the_same_time(stack, begin, rounds):
    """Who ends first has stored it; the other is told so, and no byte of theirs is in it."""
    size = 256 * 1024
    upload_id, path = begin(size)
    bodies = {"a": b"a" * size, "b": b"b" * size}
    puts = {name: Put(stack.nginx, path, size) for name in bodies}
    for name, put in puts.items():
        put.send(bodies[name][:size // 2])
    wait_until(lambda: len(list((stack.raw / ".incoming").iterdir())) == 2, "both are under way")
    threads = [threading.Thread(target=put.send, args=(bodies[name][size // 2:],)) for name, put in puts.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = {name: put.answer()[0] for name, put in puts.items()}
    for put in puts.values():
        put.close()
    assert sorted(statuses.values()) == [201, 409]
    (winner,) = [name for name, status in statuses.items() if status == 201]
    wait_until(lambda: not list((stack.raw / ".incoming").iterdir()), "nothing is left aside")
    assert stored(stack, upload_id).read_bytes() == bodies[winner]


def hostile_names():
    file = HOSTILE / "NAMES.json"
    own = ["..", ".", "...", " ", "a/../b", "/abs", "..\\..\\x", "-rf", "~", "$HOME", "a\u0000b", "\u202egpj.exe", "COM1",
           "a\u0301.mp4", "\u00e1.mp4", "🎬.mp4", "x" * 255, "x" * 256, "%2e%2e%2f", "a\r\nSet-Cookie: x", "asset.json", ".incoming"]
    return own + (json.loads(file.read_text()) if file.exists() else [])


@pytest.mark.parametrize("protocol", ["h1", "h2"])
def test_hostile_names(stack, protocol):
    api = Api(stack, protocol)
    for name in hostile_names():
        told = api("POST", "videos/upload", {"filename": name, "size": 3, "content_type": TYPE})
        if told.status == 422:
            assert told.json["field"] == "filename"
            assert not name or "/" in name or name in (".", "..") or len(name.encode()) > 255 or not name.isprintable(), name
            continue
        upload_id = told.json["upload_id"]
        answer = api.client(told.json["upload_url"], "PUT", {"Content-Type": TYPE}, b"abc")
        assert answer.status == 201, (name, answer)
        (entry,) = (stack.raw / upload_id).iterdir()
        assert entry.name == name and entry.read_bytes() == b"abc" and not entry.is_symlink()
        video_id = api.ok("POST", "videos", {"upload_id": upload_id}, 201)["video_id"]
        (job,) = stack.postgres.rows("SELECT source FROM transcoding_jobs WHERE video_id = %s AND kind = 'title'", video_id)
        assert job["source"] == f"{upload_id}/{name}"
    assert all(len(path.split("/")) == 2 for path in left(stack.raw))


def test_a_link_in_the_way(stack, begin, tmp_path):
    """Who can write into the raw storage cannot lead an upload elsewhere."""
    target = tmp_path / "target"
    upload_id, path = begin(3)
    (stack.raw / upload_id).mkdir()
    (stack.raw / upload_id / "film.mp4").symlink_to(target)
    with Put(stack.nginx, path, 3) as put:
        put.send(b"abc")
        assert put.answer()[0] == 409
    assert not target.exists()
    answer = stack.call("POST", "videos", json={"upload_id": upload_id})
    assert answer.status_code == 409, "a link is no upload"
    (stack.raw / upload_id / "film.mp4").unlink()


CONCURRENT, EACH = 50, 8 * MIB
GROWTH_KIB = (60 if not ASAN else 400) * 1024


def test_many_at_once(stack, begin, tmp_path):
    """All intact; nginx holds buffers, not files."""
    sources = [make_file(tmp_path / f"{n}", EACH + n) for n in range(CONCURRENT)]
    uploads = [begin(EACH + n) for n in range(CONCURRENT)]
    pids = stack.nginx.workers()
    before = {pid: resident_kib(pid) for pid in pids}
    protocols = ["h1", "h2", "tls"] * CONCURRENT

    def send(number):
        (_, path), protocol = uploads[number], protocols[number]
        return finish(curl(stack.nginx, path, sources[number], protocol, TYPE), protocol)[0]

    peak = dict(before)
    with ThreadPoolExecutor(CONCURRENT) as pool:
        running = [pool.submit(send, number) for number in range(CONCURRENT)]
        while not all(future.done() for future in running):
            peak = {pid: max(peak[pid], resident_kib(pid)) for pid in pids}
            time.sleep(0.02)
    assert [future.result() for future in running] == [201] * CONCURRENT
    for (upload_id, _), source in zip(uploads, sources):
        assert digest(stored(stack, upload_id)) == digest(source)
    assert stack.nginx.workers() == pids
    for pid in pids:
        print(f"resident: {before[pid]} KiB before, {peak[pid]} KiB at most")
        assert peak[pid] - before[pid] < GROWTH_KIB
        assert not open_files(pid, stack.raw)


def test_descriptors_after_all_that(stack, begin):
    """No more of them after many uploads of all endings than after few."""
    (pid,) = stack.nginx.workers()
    uploads = [begin(1000) for _ in range(60)]
    wait_until(lambda: not open_files(pid, stack.raw), "nothing is open")
    before = descriptors(pid)
    for number, (_, path) in enumerate(uploads):
        with Put(stack.nginx, path, 1000) as put:
            put.send(b"x" * (1000 if number % 3 else 10))
            if number % 3:
                assert put.answer()[0] == 201
    wait_until(lambda: descriptors(pid) <= before, f"descriptors: {descriptors(pid)}, {before} before")
    wait_until(lambda: not list((stack.raw / ".incoming").iterdir()), "nothing is left aside")
