"""Fifty uploads at once, and uploads that are meant to do harm."""
import concurrent.futures
import hashlib
import http.server
import os
import threading
from pathlib import Path

import pytest

import mezz
import services
import stack
import worker
from services import wait_until

pytestmark = [worker.needs_worker, services.needs_postgres, services.needs_redis,
              pytest.mark.skipif(mezz.ASAN, reason="test_upload.py shows the module's part with sanitizers")]

UPLOADS = 50


@pytest.fixture(scope="module")
def service(nginx_for_module, keys):
    whole = stack.Stack(nginx_for_module, keys, workers=2)
    yield whole
    whole.close()


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Fifty files that differ, of 2 s and some megabytes each."""
    folder = tmp_path_factory.mktemp("sources")
    clip = worker.make(folder / "clip.mp4", "-f", "lavfi", "-i", "testsrc2=size=214x120:rate=25:duration=2", "-f", "lavfi",
                       "-i", "sine=440:duration=2", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac").read_bytes()
    files = []
    for i in range(UPLOADS):
        free = os.urandom(1 << 16) * 48  # a box that players pass over
        path = folder / f"clip-{i}.mp4"
        path.write_bytes(clip + (len(free) + 8).to_bytes(4, "big") + b"free" + free)
        files.append(path)
    return files


def resident(pids):
    """Kilobytes of memory that the processes have for themselves."""
    return sum(int(line.split()[1]) for pid in pids for line in Path(f"/proc/{pid}/status").read_text().splitlines()
               if line.startswith("RssAnon:"))


def test_fifty_uploads_at_once(service, sources):
    before = resident(service.nginx.workers())
    most = []
    stop = threading.Event()

    def watch():
        while not stop.wait(0.05):
            most.append(resident(service.nginx.workers()))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with concurrent.futures.ThreadPoolExecutor(UPLOADS) as pool:
            videos = list(pool.map(lambda path: service.create(path, title=path.stem), sources))
    finally:
        stop.set()
        watcher.join()
    # 64 KiB of buffer for each, and nginx's own pools.
    assert max(most) - before < 40 * 1024, f"nginx grew by {max(most) - before} KiB"
    for video_id, path in zip(videos, sources):
        (row,) = service.postgres.rows("SELECT source FROM transcoding_jobs WHERE video_id = %s AND kind = 'title'", video_id)
        stored = service.raw / row["source"]
        assert hashlib.sha256(stored.read_bytes()).digest() == hashlib.sha256(path.read_bytes()).digest()
    assert not list((service.raw / ".incoming").iterdir())
    for video_id in videos:
        service.wait_for(video_id, within=300)
    rows = service.postgres.rows("SELECT status, attempts, worker_id FROM transcoding_jobs")
    assert all(row["status"] == "done" and row["attempts"] == 1 for row in rows)
    assert len({row["worker_id"].partition(".")[0] for row in rows}) == 2, "one worker did everything"


class Canary(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.visits.append(self.path)
        self.send_error(404)

    do_HEAD = do_POST = do_GET

    def log_message(self, *_):
        pass


HOSTILE_PORT = 9977  # the one that the files of MEZZ_HOSTILE name


@pytest.fixture
def canary():
    """A listener that nobody may connect to."""
    try:
        server = http.server.HTTPServer(("127.0.0.1", HOSTILE_PORT), Canary)
    except OSError:
        server = http.server.HTTPServer(("127.0.0.1", 0), Canary)
    server.visits = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


SECRET = b"canary-7f3a-of-another-upload"


def hostile_files(port, folder):
    """Scripts that name a file or an address that is none of their business."""
    secret = folder / "secret.txt"
    secret.write_bytes(SECRET * 50)
    url = f"http://127.0.0.1:{port}/canary"
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{}\n#EXT-X-ENDLIST\n"
    mpd = ('<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT10S"'
           ' profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="video/mp4"><Representation'
           ' id="1" bandwidth="1"><BaseURL>{}</BaseURL></Representation></AdaptationSet></Period></MPD>')
    return {
        "hls-file.mp4": playlist.format(f"file://{secret}"), "hls-http.m3u8": playlist.format(url),
        "hls-concat.m3u8": playlist.format(f"concat:{secret}|{secret}"),
        "ffconcat.mp4": f"ffconcat version 1.0\nfile {secret}\n", "ffconcat-http.mp4": f"ffconcat version 1.0\nfile {url}\n",
        "dash-http.mp4": mpd.format(url), "dash-file.mp4": mpd.format(f"file://{secret}"),
        "sdp.mp4": f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\n",
        "svg.mp4": f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink"><image x:href="{url}"/></svg>',
    }


def all_bytes(folder):
    return b"".join(p.read_bytes() for p in Path(folder).rglob("*") if p.is_file())


def test_scripts_read_nothing_and_connect_to_nothing(service, canary, tmp_path):
    files = {name: text.encode() for name, text in hostile_files(canary.server_port, tmp_path).items()}
    if mezz.HOSTILE.exists():
        files.update({p.name: p.read_bytes() for p in sorted(mezz.HOSTILE.glob("a*")) if p.stat().st_size})
    (tmp_path / "uploads").mkdir()
    for name, data in files.items():
        (tmp_path / "uploads" / name).write_bytes(data)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        videos = dict(zip(files, pool.map(lambda name: service.create(tmp_path / "uploads" / name), files)))
    for name, video_id in videos.items():
        def ended(video_id=video_id):
            return service.video(video_id)["status"] in ("failed", "ready") and service.video(video_id)
        video = wait_until(ended, f"{name} has an end", 180)
        if video["status"] == "failed":
            assert video["reason"].endswith(".") and str(tmp_path) not in video["reason"], (name, video["reason"])
    assert canary.visits == []
    assert SECRET not in all_bytes(service.processed)
    assert b"root:" not in all_bytes(service.processed)
    assert all(w.running for w in service.workers)
