"""Where the bytes come from: memory file systems, cold files, and nginx's various ways to send."""
import ctypes
import os
import re
import shutil
import tempfile
from pathlib import Path

import pytest

import media
import walk

NAMES = ["moov_last.mp4", "minute.mp4"]


def everything(get, base):
    found = {}
    for kind in ("hls", "cmaf"):
        for p in walk.hls_title(get, base, kind).playlists:
            found.update({u: get.ok(u).body for u in [p.map, *p.uris] if u})
    return found


def bodies(found):
    return sorted(found.values())


@pytest.fixture(scope="module")
def reference(site):
    """What the usual server sends."""
    return {name: everything(site.client(), f"/files/{name}") for name in NAMES}


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="no /dev/shm")
@pytest.mark.parametrize("name", NAMES)
def test_memory_file_system(nginx, reference, name):
    """tmpfs knows no RWF_NOWAIT: the module takes note and reads all the same."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        shutil.copyfile(media.generated(name), Path(folder, name))
        get = nginx(folder).client()
        assert bodies(everything(get, f"/files/{name}")) == bodies(reference[name])


def drop_from_cache(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(fd)


@pytest.mark.parametrize("name, cache", zip(NAMES, ("off", "64m")))
def test_cold_file(nginx, tmp_path, reference, name, cache):
    """Pages that are not in memory come by the thread pool: index, TS and CMAF, sent at once or kept."""
    path = tmp_path / name
    shutil.copy2(media.generated(name), path)
    get = nginx(tmp_path, http=f"mezz_segment_cache {cache};").client()
    drop_from_cache(path)
    urls = everything(get, f"/files/{name}")
    assert bodies(urls) == bodies(reference[name])
    for url, body in urls.items():
        drop_from_cache(path)
        assert get.ok(url).body == body, url
        drop_from_cache(path)
        part = get(url, headers={"Range": "bytes=100-599"})
        assert (part.status, part.body) == (206, body[100:600]), url


@pytest.mark.parametrize("how", ["sendfile off;", "aio off;", "directio 4k;", "sendfile_max_chunk 16k;",
                                 "output_buffers 1 4k;", "open_file_cache max=10;", "gzip on; gzip_min_length 1;",
                                 "sendfile off; aio off;"])
def test_ways_to_send(nginx, library, reference, how):
    """The operator's choices about sending change no byte."""
    server = nginx(library, location=how)
    name = NAMES[0]
    assert everything(server.client(), f"/files/{name}") == reference[name]


CACHESTAT = 451


def cachestat_works(path):
    """Linux 6.5; for a process that may write to the file."""
    with open(path, "r+b") as file:
        span, found = (ctypes.c_uint64 * 2)(0, 1), (ctypes.c_uint64 * 5)()
        return ctypes.CDLL(None).syscall(CACHESTAT, file.fileno(), span, found, 0) == 0


class Sends:
    """`with`: how often the event loop and a thread have sent data of files meanwhile."""

    def __init__(self, get):
        self.get = get

    def _counted(self):
        text = self.get.ok("/metrics").text
        return {by: int(re.search(rf'^mezz_file_sends_total{{by="{by}"}} (\d+)$', text, re.M)[1]) for by in ("event_loop", "thread")}

    def __enter__(self):
        self.before = self._counted()
        return self

    def __exit__(self, *_):
        after = self._counted()
        self.event_loop, self.thread = (after[by] - self.before[by] for by in ("event_loop", "thread"))


@pytest.fixture
def track(nginx, tmp_path):
    """(a client, a track file as the worker writes them, which nginx's user may write to, its segments' URLs)."""
    path = media.place_tracks(tmp_path, only=["180p"]) / "180p.mp4"
    path.unlink()
    shutil.copyfile(media.cmaf_tracks() / path.name, path)
    path.chmod(0o666)
    if not cachestat_works(path):
        pytest.skip("this kernel has no cachestat")
    get = nginx(tmp_path, server="location = /metrics { mezz_metrics; }").client()
    return get, path, walk.hls_title(get, "/files/tracks", "cmaf").playlists[0].uris


def test_no_thread_for_what_is_in_memory(track):
    get, path, urls = track
    path.read_bytes()
    with Sends(get) as sends:
        bodies = [get.ok(url).body for url in urls]
    assert sends.event_loop >= len(urls)
    with Sends(get) as sends:
        assert get(urls[0], headers={"Range": "bytes=1000-"}).body == bodies[0][1000:]
    assert sends.event_loop >= 1


def test_a_thread_for_what_is_not(track):
    get, path, urls = track
    bodies = [get.ok(url).body for url in urls]
    for url, body in zip(urls, bodies):
        drop_from_cache(path)
        with Sends(get) as sends:
            assert get.ok(url).body == body
        assert sends.thread >= 1, url


def test_a_file_that_can_only_be_read(track):
    """A worker that may only read the file is told nothing by a kernel that asks for more; the answer is the same."""
    get, path, urls = track
    body = get.ok(urls[0]).body
    path.chmod(0o444)
    with Sends(get) as sends:
        assert get.ok(urls[0]).body == body
    assert sends.thread + sends.event_loop >= 1
