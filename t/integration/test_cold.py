"""Many who ask for a title that nobody has asked for before: it is indexed once, and all get the same answer."""
import contextlib
import os
import random
import re
import signal
import struct
import threading
from pathlib import Path

import pytest

import boxes
import media
import mezz
from test_lifecycle import connect, leave, request

TOP = "hls/master.m3u8"
ONE_THREAD = "thread_pool default threads=1 max_queue=65536;"  # so that those behind the first surely wait
BROKEN = "mezz"


def break_tables(data):
    """A copy of a file whose last table of sample sizes promises more than its box holds."""
    data = bytearray(data)
    *_, stsz = boxes.find(bytes(data), "moov/trak/mdia/minf/stbl/stsz")
    struct.pack_into(">I", data, stsz.body + 8, 0x7FFFFFFF)
    return bytes(data)


@pytest.fixture(params=["whole", "broken"])
def titles(request, tmp_path):
    """A folder with ten cold titles, and the status that they deserve."""
    source = media.generated("big_moov.mp4")
    if request.param == "broken":
        (tmp_path / "x").write_bytes(break_tables(source.read_bytes()))
        source = tmp_path / "x"
    root = tmp_path / "root"
    for i in range(10):
        mezz.place(source, root / f"{i}.mp4")
    return root, 200 if request.param == "whole" else 422


def ask_at_once(server, paths):
    """One thread a path, all let go together; the answers in order."""
    gate, answers = threading.Barrier(len(paths)), [None] * len(paths)

    def ask(i):
        gate.wait(20)
        answers[i] = server.client()(paths[i])

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(paths))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert all(answers), "an answer is missing"
    return answers


@pytest.mark.allows_errors(BROKEN)
@pytest.mark.parametrize("workers", [1, 2])
def test_one_title(nginx, titles, workers):
    root, status = titles
    server = nginx(root, workers=workers)
    processes = server.workers()
    for name in ("0.mp4", "1.mp4"):
        answers = ask_at_once(server, [f"/files/{name}/{TOP}"] * 20)
        assert {a.status for a in answers} == {status}
        assert status != 200 or len({(a.body, a.headers["etag"]) for a in answers}) == 1
    assert server.workers() == processes


@pytest.mark.allows_errors(BROKEN)
def test_several_titles_in_several_formats(nginx, titles):
    """They wait for each other in a pool of one thread, without mixing up what they wait for."""
    root, status = titles
    server = nginx(root, main=ONE_THREAD)
    paths = [f"/files/{i}.mp4/{top}" for i in range(5) for top in (TOP, TOP, "cmaf/master.m3u8", "cmaf/manifest.mpd")]
    answers = dict(zip(paths, ask_at_once(server, paths)))
    assert {a.status for a in answers.values()} == {status}
    if status == 200:
        get = server.client()
        assert all(get.ok(path).body == answer.body for path, answer in answers.items())


def status_line(s):
    data = b""
    while b"\r\n\r\n" not in data:
        part = s.recv(4096)
        assert part, "closed without an answer"
        data += part
    return int(data.split()[1])


@contextlib.contextmanager
def paused(worker):
    """What is sent meanwhile the worker finds at once, so that all but the first request have to wait."""
    os.kill(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(worker, signal.SIGCONT)


def bytes_read(worker):
    return int(re.search(r"rchar: (\d+)", Path(f"/proc/{worker}/io").read_text())[1])


@pytest.mark.allows_errors(BROKEN)
def test_a_title_is_indexed_once(nginx, titles):
    root, status = titles
    server = nginx(root)
    (worker,) = server.workers()
    moov = next(boxes.find((root / "0.mp4").read_bytes(), "moov"))
    sockets = [connect(server) for _ in range(20)]
    for s in sockets:  # so that the worker has accepted them all
        s.sendall(request("/pid"))
        assert status_line(s) == 200
    before = bytes_read(worker)
    with paused(worker):
        for s in sockets:
            s.sendall(request(f"/files/0.mp4/{TOP}"))
    assert [status_line(s) for s in sockets] == [status] * 20
    for s in sockets:
        s.close()
    size = moov.end - moov.start
    assert size < bytes_read(worker) - before < 2 * size


@pytest.mark.allows_errors(BROKEN)
@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("gone", ["the first", "all but the last", "some", "all"])
def test_some_leave_while_they_wait(nginx, titles, gone, tls):
    """Whoever leaves, the first who does the work or one who waits for it, the others get their answer."""
    root, status = titles
    server, chance = nginx(root, main=ONE_THREAD), random.Random(5)
    (worker,) = server.workers()
    for i in range(10):
        sockets = [connect(server, tls) for _ in range(6)]
        leaving = {"the first": sockets[:1], "all but the last": sockets[:-1], "all": sockets,
                   "some": chance.sample(sockets, 3)}[gone]
        staying = [s for s in sockets if s not in leaving]
        with paused(worker):
            for s in sockets:
                s.sendall(request(f"/files/{i}.mp4/{TOP}"))
            for s in leaving if i % 2 else []:
                leave(s, chance)
        for s in leaving if not i % 2 else []:
            leave(s, chance)
        assert {status_line(s) for s in staying} <= {status}
        for s in staying:
            s.close()
    assert {server.client()(f"/files/{i}.mp4/{TOP}").status for i in range(10)} == {status}
    assert server.workers() == [worker]
