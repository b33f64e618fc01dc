"""Segments that are put together of many pieces: kept in shared memory, with the same bytes and headers. Run under
AddressSanitizer too (MEZZ_ASAN=1)."""
import contextlib
import os
import re
import shutil

import pytest

import media
import mezz
import walk
from test_lifecycle import connect, request

OFF = "location /off/ {{ mezz; mezz_catalog files; mezz_storage file {root}; mezz_segment_cache off; }}"


class Site:
    """An nginx over a folder, which tells who answers; each of two workers is asked if it is asked often enough."""

    def __init__(self, start, root, cache="64m"):
        port = mezz.free_port()
        self.server = start(root, workers=2, http=f"mezz_segment_cache {cache};", location="add_header X-Pid $pid;",
                            server=f"listen 127.0.0.1:{port} reuseport; {OFF.format(root=root)} "
                                   "location = /metrics { mezz_metrics; }")
        self.server.port = port
        self.get = self.server.client()

    def counted(self):
        """(hits, misses, bytes kept, evictions) so far."""
        text = self.get.ok("/metrics").text
        names = ('lookups_total{result="hit"}', 'lookups_total{result="miss"}', "kept_bytes", "evictions_total")
        return [int(re.search(rf"^mezz_segment_cache_{re.escape(name)} (\d+)$", text, re.M)[1]) for name in names]

    def segments(self, title, location="/files"):
        playlists = walk.hls_title(self.get, f"{location}/{title}", "cmaf").playlists
        return [uri for p in playlists for uri in p.uris]

    def by_each_worker(self, path):
        """An answer of each worker."""
        answers = {}
        for _ in range(200):
            answer = self.get.ok(path)
            answers[answer.headers.pop("x-pid")] = answer
            if len(answers) == 2:
                return list(answers.values())
        raise AssertionError("200 connections went to one worker")


@pytest.fixture(scope="module")
def small(nginx_for_module, tmp_path_factory):
    root = tmp_path_factory.mktemp("small")
    for name in ("faststart.mp4", "two_audio.mp4"):
        mezz.place(media.generated(name), root / name)
    return Site(nginx_for_module, root)


def same(answers):
    """They differ in nothing but the time."""
    return len({(a.body, *sorted((k, v) for k, v in a.headers.items() if k not in ("date", "x-pid"))) for a in answers}) == 1


def test_kept_at_the_second_request(small):
    """By whichever worker; then all send it, and `off` neither keeps nor looks."""
    for path in small.segments("faststart.mp4"):
        hits, misses, kept, _ = small.counted()
        answers = [small.get.ok(path)]
        assert small.counted()[:3] == [hits, misses + 1, kept]
        answers.append(small.get.ok(path))
        assert small.counted()[:2] == [hits, misses + 2]
        assert 0 < small.counted()[2] - kept - len(answers[0].body) < 17_000
        answers += small.by_each_worker(path)
        hits, misses, kept, _ = small.counted()
        assert hits >= 2
        answers += small.by_each_worker(path)
        plain = [small.get.ok(path.replace("/files/", "/off/")) for _ in range(3)]
        assert same(answers) and same([*plain, answers[0]])
        assert small.counted()[0] >= hits + 2 and small.counted()[1:3] == [misses, kept]


@pytest.mark.parametrize("protocol", ["h1", "tls", "h2"])
def test_http_of_a_kept_segment(small, protocol):
    get = small.server.client(protocol)
    for path in small.segments("two_audio.mp4")[:1 if protocol == "h2" else 9]:  # which is a process for each request
        plain, off = get.ok(path), path.replace("/files/", "/off/")
        for _ in range(2):
            assert get.ok(path).body == plain.body
        before = small.counted()
        etag, size, third = plain.headers["etag"], len(plain.body), len(plain.body) // 3
        asked = [{"Range": f"bytes={third}-{2 * third}"}, {"Range": "bytes=-10"}, {"Range": f"bytes={size}-"},
                 {"Range": "bytes=0-9,20-29"}, {"Range": "bytes=0-9", "If-Range": etag},
                 {"Range": "bytes=0-9", "If-Range": '"other"'}, {"If-None-Match": etag}, {"If-Match": '"other"'}]
        for headers in asked:
            for method in ("GET", "HEAD"):
                ours, reference = (get(url, method=method, headers=headers) for url in (path, off))
                ours.headers.pop("x-pid", None)
                assert (ours.status, ours.body) == (reference.status, reference.body), headers
                assert ours.status >= 400 or same([ours, reference])
        assert small.counted() == [before[0] + 2 * len(asked), *before[1:]], "not answered from memory"


@pytest.mark.parametrize("how", ["another file", "the same file, written anew"])
def test_replaced_file(nginx, tmp_path, how):
    """New bytes under a new revision, and none under the old one."""
    title = tmp_path / "root" / "one.mp4"
    title.parent.mkdir()
    shutil.copy2(media.generated("faststart.mp4"), title)
    site = Site(nginx, title.parent)
    old = site.segments("one.mp4")
    for path in old:
        assert same([site.get.ok(path) for _ in range(3)])
    other = media.generated("two_audio.mp4")
    if how == "another file":
        shutil.copyfile(other, tmp_path / "aside")
        os.replace(tmp_path / "aside", title)
    else:
        title.write_bytes(other.read_bytes())
    assert {site.get(path).status for path in old} == {404}
    new = site.segments("one.mp4")
    for path in new:
        bodies = [site.get.ok(path).body for _ in range(3)]
        assert set(bodies) == {site.get.ok(path.replace("/files/", "/off/")).body}
    assert site.counted()[0] >= len(old) + len(new)


@contextlib.contextmanager
def slow_clients(site, paths):
    """Each has asked for a segment and takes nothing of it."""
    sockets = [connect(site.server, receive_buffer=4096) for _ in paths]
    for s, path in zip(sockets, paths):
        s.sendall(request(path, "Connection: close\r\n"))
        s.recv(1)
    try:
        yield sockets
    finally:
        for s in sockets:
            s.close()


def taken(s):
    data = b""
    while part := s.recv(1 << 16):
        data += part
    return data.partition(b"\r\n\r\n")[2]


def test_limits(nginx, tmp_path):
    """A small cache: it stays within its size, nobody gets wrong bytes, and slow clients leave room for others."""
    for i in range(3):
        mezz.place(media.generated("minute.mp4"), tmp_path / f"{i}.mp4")
    site = Site(nginx, tmp_path, cache="1m")
    paths = [path for i in range(3) for path in site.segments(f"{i}.mp4")]
    bodies = {path: site.get.ok(path).body for path in paths}
    assert site.counted()[2] == 0, "one pass keeps nothing"
    assert sum(map(len, bodies.values())) > 2 << 20
    for path in paths:
        assert site.get.ok(path).body == bodies[path]
    assert 500_000 < site.counted()[2] < 1 << 20 and site.counted()[3] > 0
    audio = [path for path in paths if "/audio" in path]
    with slow_clients(site, audio + audio[:4]) as sockets:
        kept = audio[-1]
        for _ in range(2):
            for path in audio:
                assert site.get.ok(path).body == bodies[path]
        assert site.counted()[2] < 1 << 20
        assert site.counted()[0] > 0, kept
        site.server.reload()
        assert [taken(s) for s in sockets] == [bodies[path] for path in audio + audio[:4]]
    hits = site.counted()[0]
    for _ in range(3):
        assert site.get.ok(audio[0]).body == bodies[audio[0]]
    assert site.counted()[0] > hits, "reloading stopped it"
