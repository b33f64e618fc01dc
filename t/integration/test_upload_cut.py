"""Uploads that end otherwise: clients that leave, a full disk, reload and quit in between."""
import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time

import pytest

import services
from services import small_disk, wait_until
from stack import Stack
from upload import (TYPE, Put, curl, descriptors, digest, finish, left, make_file, open_files, path_of, wait_for_nothing)

pytestmark = [services.needs_postgres, services.needs_redis]

MIB = 1 << 20


@pytest.fixture(scope="module")
def shared(nginx_for_module, keys):
    made = Stack(nginx_for_module, keys, workers=0)
    yield made
    made.close()


@pytest.fixture
def stack(shared):
    """The one of this file, with nothing uploaded."""
    yield shared
    for path in shared.raw.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.fixture
def own(nginx, keys):
    """One that a test may end."""
    made = Stack(nginx, keys, workers=0)
    yield made
    made.close()


def begin(stack, size, name="film.mp4"):
    told = stack.announce(name, size)
    return told["upload_id"], path_of(told["upload_url"])


@pytest.mark.parametrize("tls", [False, True])
def test_cut(stack, tls):
    """By a close, a reset or a half close; after nothing, one byte, half, all but one."""
    (pid,) = stack.nginx.workers()
    size = 300_000
    uploads = {(sent, way): begin(stack, size) for sent in (0, 1, 65536, size // 2, size - 1)
               for way in ("close", "reset", "half")}
    before = descriptors(pid)
    for (sent, way), (_, path) in uploads.items():
        put = Put(stack.nginx, path, size, tls=tls)
        put.send(b"x" * sent)
        wait_until(lambda: open_files(pid, stack.raw), "it is under way", 20)
        if way == "half" and not tls:
            put.socket.shutdown(1)
            wait_until(lambda: not open_files(pid, stack.raw), "half closed: it is over", 20)
        put.reset() if way == "reset" else put.close()
        wait_for_nothing(stack)
    assert stack.nginx.workers() == [pid]
    wait_until(lambda: descriptors(pid) <= before, f"descriptors: {descriptors(pid)}, {before} before")
    for upload_id, path in list(uploads.values())[::5]:  # and can be sent again
        with Put(stack.nginx, path, size, tls=tls) as put:
            put.send(b"y" * size)
            assert put.answer()[0] == 201
        assert (stack.raw / upload_id / "film.mp4").stat().st_size == size


def test_cut_over_http2(stack, tmp_path):
    (pid,) = stack.nginx.workers()
    source = make_file(tmp_path / "source", 4 * MIB)
    uploads = [begin(stack, 4 * MIB) for _ in range(6)]
    before = descriptors(pid)
    for number, (_, path) in enumerate(uploads):
        process = curl(stack.nginx, path, source, "h2", TYPE, "--limit-rate", "300k")
        wait_until(lambda: open_files(pid, stack.raw), "it is under way")
        time.sleep(0.1 * number)
        process.send_signal(signal.SIGKILL if number % 2 else signal.SIGTERM)
        process.communicate(timeout=30)
        wait_for_nothing(stack)
    wait_until(lambda: descriptors(pid) <= before, f"descriptors: {descriptors(pid)}, {before} before")
    assert stack.nginx.workers() == [pid]
    assert finish(curl(stack.nginx, uploads[0][1], source, "h2"), "h2")[0] == 201


def test_streams_cut_beside_one_that_goes_on(stack, tmp_path):
    """Two uploads in one HTTP/2 connection: one ends early, the other is intact."""
    whole, cut = make_file(tmp_path / "whole", MIB), make_file(tmp_path / "cut", 4 * MIB)
    (whole_id, whole_path), (_, cut_path) = begin(stack, MIB), begin(stack, 4 * MIB)
    origin = f"https://127.0.0.1:{stack.nginx.tls_port}"
    done = subprocess.run(["curl", "-k", "-sS", "--http2", "--parallel", "--globoff", "-o", "/dev/null", "-w", "%{http_code}\n",
                           "-H", f"Content-Type: {TYPE}", "-T", cut, "--limit-rate", "200k", "--max-time", "3",
                           origin + cut_path, "--next", "-k", "-sS", "--http2", "-o", "/dev/null", "-w", "%{http_code}\n",
                           "-H", f"Content-Type: {TYPE}", "-T", whole, origin + whole_path],
                          capture_output=True, text=True, timeout=120)
    assert "201" in done.stdout, done
    wait_for_nothing(stack, [f"{whole_id}/film.mp4"])
    assert digest(stack.raw / whole_id / "film.mp4") == digest(whole)


def test_many_that_leave(stack):
    """At random moments, while others finish."""
    (pid,) = stack.nginx.workers()
    chance, kept = random.Random(3), []
    size = 100_000
    for number in range(120):
        upload_id, path = begin(stack, size)
        put = Put(stack.nginx, path, size)
        sent = chance.randrange(size)
        put.send(b"x" * sent)
        if number % 6 == 0:
            put.send(b"x" * (size - sent))
            assert put.answer()[0] == 201
            kept.append(f"{upload_id}/film.mp4")
        put.reset() if chance.random() < 0.5 else put.close()
    wait_for_nothing(stack, kept)
    assert stack.nginx.workers() == [pid]


@pytest.fixture
def small(stack):
    """The raw storage on a disk of its own of 16 MiB."""
    with small_disk(stack.raw, "16m") as folder:
        yield folder


def free(folder):
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


@pytest.mark.allows_fatal("no room for an upload")
def test_full_disk(stack, small, tmp_path):
    (pid,) = stack.nginx.workers()
    at_first = free(small)
    for protocol, size in (("h1", 17 * MIB), ("tls", 40 * MIB), ("h2", 20 * MIB)):
        source = make_file(tmp_path / "source", size)
        _, path = begin(stack, size)
        process = curl(stack.nginx, path, source, protocol)
        out, _ = process.communicate(timeout=60)
        body, _, last = out.rpartition(b"\n")
        assert last.split()[1] == b"507", out
        if body:
            assert json.loads(body)["type"] == "urn:mezz:problem:no-space"
        wait_for_nothing(stack)
        wait_until(lambda: free(small) >= at_first - 65536, "the room is free again")
    assert "no room for an upload" in stack.nginx.log.read_text()
    ids = []
    for status in (201, 201, 507):  # 6 MiB each
        source = make_file(tmp_path / "source", 6 * MIB)
        upload_id, path = begin(stack, 6 * MIB)
        assert finish(curl(stack.nginx, path, source, "h1"), "h1")[0] == status
        ids += [upload_id] if status == 201 else []
    wait_for_nothing(stack, [f"{upload_id}/film.mp4" for upload_id in ids])
    assert stack.nginx.workers() == [pid]


@pytest.mark.allows_fatal("no room for an upload")
def test_the_disk_fills_up_while_uploading(stack, small):
    """Two begin that do not fit side by side: one is told so, in the middle, and leaves nothing; the other ends well."""
    _, first = begin(stack, 10 * MIB)
    _, second = begin(stack, 10 * MIB)
    with Put(stack.nginx, first, 10 * MIB) as put, Put(stack.nginx, second, 10 * MIB) as other:
        put.send(b"x" * 9 * MIB)
        wait_until(lambda: free(small) <= 7 * MIB, "most of the first is there")
        try:
            other.send(b"x" * 10 * MIB)
        except OSError:  # it is not read any more
            pass
        assert other.answer()[0] == 507
        wait_until(lambda: free(small) >= 2 * MIB, "the second has left nothing")
        put.send(b"x" * MIB)
        assert put.answer()[0] == 201


def test_room_that_is_not_there_is_not_claimed_twice(stack, small):
    """Connections that announce much and send nothing take no room from others."""
    upload_id, path = begin(stack, 12 * MIB)
    with Put(stack.nginx, path, 12 * MIB) as idle, Put(stack.nginx, path, 12 * MIB) as put:
        idle.send(b"x")
        put.send(b"x" * 12 * MIB)
        assert put.answer()[0] == 201


@pytest.mark.allows_errors("an upload cannot be stored", "upload: cannot be stored")
def test_raw_storage_is_a_file(stack):
    """Anything else that is wrong with it is an error of the server's, said once in error.log."""
    _, path = begin(stack, 3)
    (stack.raw / ".incoming").write_text("not a folder")
    with Put(stack.nginx, path, 3) as put:
        put.send(b"abc")
        status, body = put.answer()
        assert status == 500 and json.loads(body)["type"] == "urn:mezz:problem:internal"
        assert str(stack.raw).encode() not in body
    assert "an upload cannot be stored" in stack.nginx.log.read_text()


def test_reload_in_between(stack, tmp_path):
    """The upload ends in the worker in which it began."""
    size = 2 * MIB
    (upload_id, path), (other_id, other) = begin(stack, size), begin(stack, size)
    source = make_file(tmp_path / "source", size)
    slow = curl(stack.nginx, other, source, "h2", TYPE, "--limit-rate", "500k")
    with Put(stack.nginx, path, size) as put:
        put.send(b"x" * MIB)
        (pid,) = stack.nginx.workers()
        wait_until(lambda: len(open_files(pid, stack.raw)) == 2, "both are under way")
        stack.nginx.reload()
        put.send(b"y" * MIB)
        assert put.answer()[0] == 201
    assert finish(slow, "h2")[0] == 201
    assert (stack.raw / upload_id / "film.mp4").read_bytes() == b"x" * MIB + b"y" * MIB
    assert digest(stack.raw / other_id / "film.mp4") == digest(source)
    wait_until(lambda: pid not in stack.nginx.workers(), "the old worker is gone")


@pytest.mark.parametrize("protocol", ["h1", "h2"])
def test_quit_in_between(own, tmp_path, protocol):
    size = 2 * MIB
    upload_id, path = begin(own, size)
    source = make_file(tmp_path / "source", size)
    (pid,) = own.nginx.workers()
    slow = curl(own.nginx, path, source, protocol, TYPE, "--limit-rate", "500k")
    wait_until(lambda: open_files(pid, own.raw), "it is under way")
    stopping = threading.Thread(target=own.nginx.stop)
    stopping.start()
    assert finish(slow, protocol)[0] == 201
    stopping.join()
    assert digest(own.raw / upload_id / "film.mp4") == digest(source)
    assert left(own.raw) == [f"{upload_id}/film.mp4"]


def test_terminated_in_between(own):
    """SIGTERM ends an upload: nothing takes its name."""
    upload_id, path = begin(own, MIB)
    (pid,) = own.nginx.workers()
    put = Put(own.nginx, path, MIB)
    put.send(b"x" * 1000)
    wait_until(lambda: open_files(pid, own.raw), "it is under way")
    own.nginx.stop(signal.SIGTERM)
    put.close()
    assert not (own.raw / upload_id).exists()
    assert all(path.startswith(".incoming/") for path in left(own.raw))


def test_time_out(nginx, keys):
    """A client that sends nothing for longer than client_body_timeout is given up."""
    stack = Stack(nginx, keys, workers=0, api="client_body_timeout 1s;")
    try:
        _, path = begin(stack, MIB)
        with Put(stack.nginx, path, MIB) as put:
            put.send(b"x" * 1000)
            assert put.answer()[0] in (408, 400, None)
            wait_for_nothing(stack)
    finally:
        stack.close()
