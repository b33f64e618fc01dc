"""The shared index: eviction when it is full, and workers that die."""
import os
import signal
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


@pytest.mark.allows_fatal("exited on signal 9")
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
