"""Where the bytes come from: memory file systems, cold files, and nginx's various ways to send."""
import os
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
