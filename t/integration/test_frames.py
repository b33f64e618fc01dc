"""thumbs/at_{ms}.jpg and key_{ms}.jpg: the right picture, its headers, and a decoder that may die."""
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

import pytest

import media
import mezz
import worker
from picture_service import PictureService, distance, gray, size_of

pytestmark = worker.needs_worker

TITLES = ("faststart.mp4", "fragmented.mp4", "long_gop.mp4", "no_bframes_2997.mp4", "audio_only.mp4")


@pytest.fixture(scope="module")
def service():
    made = PictureService("--processes", 1, "--queue", 1)
    yield made
    made.remove()


@pytest.fixture(scope="module")
def stage(nginx_for_module, tmp_path_factory, service):
    root = tmp_path_factory.mktemp("frames")
    for name in TITLES:
        mezz.place(media.generated(name), root / name)
    media.place_tracks(root)
    whole = (root / "faststart.mp4").read_bytes()
    start = whole.index(b"mdat") + 4
    (root / "broken.mp4").write_bytes(whole[:start] + bytes(len(whole) - start))
    return nginx_for_module(root, location=f"mezz_pictures unix:{service.socket} timeout=20s max_width=600;",
                            server=f"location /off/ {{ mezz; mezz_catalog files; mezz_storage file {root}; }}")


@pytest.fixture
def get(stage):
    return stage.client()


@pytest.fixture
def running(service):
    """The service, running when the test begins and when it has ended."""
    yield service
    for pid in service.processes():
        os.kill(pid, signal.SIGCONT)
    if service.process.poll() is not None:
        service.start()


def until(what, condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def revision(get, title="faststart.mp4"):
    return re.search(r"^([0-9a-f]+)/", get.ok(f"/files/{title}/hls/master.m3u8").text, re.M)[1]


@pytest.mark.parametrize("title, source, rate, times", [
    ("faststart.mp4", "faststart.mp4", 25, (0, 39, 40, 1999, 2000, 7321, 12999)),
    ("fragmented.mp4", "fragmented.mp4", 25, (2001, 5080)),
    ("long_gop.mp4", "long_gop.mp4", 25, (9500,)),
    ("no_bframes_2997.mp4", "no_bframes_2997.mp4", 30000 / 1001, (33, 34, 3000)),
    ("tracks", "faststart.mp4", 25, (5000, 12345)),
])
def test_the_picture_shown_at_a_time(get, title, source, rate, times):
    """The nearest of all pictures around it is the one that is shown then."""
    width, height = 320, 180
    frames = gray(media.generated(source))
    size = width * height
    for ms in times:
        jpeg = get.ok(f"/files/{title}/thumbs/at_{ms}.jpg?width={width}").body
        assert size_of(jpeg) == (width, height)
        got, number = gray_of(jpeg), int(ms * rate / 1000 + 1e-9)
        near = range(max(0, number - 1), min(len(frames) // size, number + 2))
        errors = {n: distance(got, frames[n * size:(n + 1) * size]) for n in near}
        assert min(errors, key=errors.get) == number, (title, ms, errors)
        # 29 dB for what has been encoded twice.
        assert errors[number] < 80, (title, ms, errors)


def gray_of(jpeg):
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        file.write(jpeg)
        file.flush()
        return gray(file.name)


def test_nearest_key_frame(get):
    for ms, at in ((900, 0), (1100, 2000), (2900, 2000), (12999, 12000)):
        key = get.ok(f"/files/faststart.mp4/thumbs/key_{ms}.jpg")
        assert key.body == get.ok(f"/files/faststart.mp4/thumbs/at_{at}.jpg").body


def test_sizes(get):
    def size(title, query):
        return size_of(get.ok(f"/files/{title}/thumbs/key_0.jpg{query}").body)

    assert size("faststart.mp4", "") == (320, 180) == size("faststart.mp4", "?width=4000&token=x")
    assert size("faststart.mp4", "?width=100") == (100, 56)
    assert size("faststart.mp4", "?height=90") == (160, 90) == size("faststart.mp4", "?width=200&height=90")
    # Up to 640 wide; max_width is 600.
    assert size("tracks", "") == (600, 338)
    for rendition, width in (("180p", 320), ("270p", 321), ("360p", 481)):
        head = get(f"/files/tracks/thumbs/key_0.jpg?width={width}", method="HEAD")
        assert f"-{rendition}-" in head.headers["etag"]


def test_a_token_limits_the_height(nginx, stage, service, keys):
    key = keys["2026-11"]
    server = nginx(stage.root, keys=[key], token="mezz_token required;", location=f"mezz_pictures unix:{service.socket};")
    for path in ("at_0.jpg", "poster.jpg"):
        get, url = server.client(), f"/files/faststart.mp4/thumbs/{path}?token="
        assert size_of(get.ok(url + key.token(max_height=90)).body) == (160, 90)
        assert size_of(get.ok(url + key.token()).body) == (320, 180)
        assert get(url).status == 403


def test_headers(get):
    path = f"/files/faststart.mp4/thumbs/{revision(get)}/at_1000.jpg?width=100"
    first = get.ok(path)
    assert first.headers["content-type"] == "image/jpeg"
    assert first.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert re.fullmatch(r'"[!#-~]+"', first.headers["etag"]) and first.headers["last-modified"]
    assert get.ok(path).body == first.body and get.ok(path).headers["etag"] == first.headers["etag"]
    other = get.ok(path.replace("=100", "=102"))
    assert other.headers["etag"] != first.headers["etag"]
    current = get.ok("/files/faststart.mp4/thumbs/at_1000.jpg?width=100")
    assert current.body == first.body and current.headers["cache-control"] == "public, max-age=5"
    part = get(path, headers={"Range": "bytes=2-5"})
    assert part.status == 206 and part.body == first.body[2:6]


def test_poster_of_a_title_without_one(get):
    poster = get.ok("/files/faststart.mp4/thumbs/poster.jpg")
    assert poster.headers["cache-control"] == "public, max-age=300"
    keys = [get.ok(f"/files/faststart.mp4/thumbs/key_{ms}.jpg").body for ms in (1300, 3900, 6500, 9100)]
    assert poster.body in keys
    assert get("/off/faststart.mp4/thumbs/poster.jpg").status == 404


def test_pictures_in_the_form_that_the_client_names(stage, get):
    folder = stage.root / "film" / "thumbs"
    folder.mkdir(parents=True)
    for name in ("poster.jpg", "poster.webp", "poster.avif", "storyboard_0.jpg", "storyboard_0.webp"):
        (folder / name).write_bytes(name.encode())
    browser = "image/avif,image/webp,*/*;q=0.8"
    seen = set()
    for path, accept, name in (
            ("poster", browser, "poster.avif"), ("poster", "image/webp", "poster.webp"), ("poster", "*/*", "poster.jpg"),
            ("poster", None, "poster.jpg"), ("storyboard_0", browser, "storyboard_0.webp"),
            ("storyboard_0", "image/avif", "storyboard_0.jpg")):
        answer = get.ok(f"/files/film/thumbs/{path}.jpg", headers={"Accept": accept} if accept else {})
        assert answer.body == name.encode() and answer.headers["vary"] == "Accept"
        form = name.rsplit(".", 1)[1]
        assert answer.headers["content-type"] == "image/" + form.replace("jpg", "jpeg")
        seen.add((answer.headers["etag"], name))
    assert len(seen) == len({etag for etag, _ in seen}) == 5


@pytest.mark.parametrize("path, status", [
    ("/files/faststart.mp4/thumbs/at_13000.jpg", 404), ("/files/faststart.mp4/thumbs/at_999999999.jpg", 404),
    ("/files/faststart.mp4/thumbs/key_13000.jpg", 404), ("/files/nothing.mp4/thumbs/at_0.jpg", 404),
    ("/files/audio_only.mp4/thumbs/at_0.jpg", 404), ("/files/audio_only.mp4/thumbs/poster.jpg", 404),
    ("/files/faststart.mp4/thumbs/abc/at_0.jpg", 404), ("/files/faststart.mp4/thumbs/at_0.jpg?width=0", 400),
    ("/files/faststart.mp4/thumbs/at_0.jpg?width=8193", 400), ("/off/faststart.mp4/thumbs/at_0.jpg", 404),
    ("/files/faststart.mp4/thumbs/at_0.png", 404)])
def test_what_there_is_not(get, path, status):
    assert get(path).status == status


@pytest.mark.allows_errors("cannot be decoded")
def test_a_broken_file(stage, get, service):
    processes = service.processes()
    for path in ("at_0.jpg", "at_5000.jpg?width=100", "key_5000.jpg", "poster.jpg"):
        assert get(f"/files/broken.mp4/thumbs/{path}").status == 422
    get.ok("/files/faststart.mp4/thumbs/at_5000.jpg")
    assert service.processes() == processes


def test_known_pictures_need_no_service(get, running):
    path = "/files/faststart.mp4/thumbs/at_4000.jpg"
    etag = get.ok(path).headers["etag"]
    assert running.stop() == 0 and not running.socket.exists()
    head = get(path, method="HEAD")
    assert head.status == 200 and head.headers["etag"] == etag and head.body == b""
    for tag in (etag, f'"x", W/{etag}', "*"):
        assert get(path, headers={"If-None-Match": tag}).status == 304
    refused = get(path)
    assert refused.status == 503 and int(refused.headers["retry-after"]) > 0
    running.start()
    get.ok(path)


def is_turned_away(stage, path):
    """Whether a request is refused at once; else its client leaves."""
    with socket.create_connection(("127.0.0.1", stage.port), 1) as s:
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        try:
            return b" 503 " in s.recv(64)
        except TimeoutError:
            return False


def test_a_full_queue_and_clients_that_leave(stage, get, running):
    path = "/files/faststart.mp4/thumbs/at_12900.jpg"
    (pid,) = running.processes()
    os.kill(pid, signal.SIGSTOP)
    statuses = []

    def ask():
        statuses.append(stage.client()(path).status)

    leaving = [socket.create_connection(("127.0.0.1", stage.port)) for _ in range(2)]
    for s in leaving:
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
    until("the queue is full", lambda: is_turned_away(stage, path))
    for s in leaving:
        s.close()
    os.kill(pid, signal.SIGCONT)
    until("there is room again", lambda: get(path).status == 200)
    os.kill(pid, signal.SIGSTOP)
    threads = [threading.Thread(target=ask) for _ in range(6)]
    for t in threads:
        t.start()
    # What the event loop has besides goes on.
    get.ok("/files/faststart.mp4/hls/master.m3u8")
    until("some are turned away", lambda: len(statuses) >= 4)
    os.kill(pid, signal.SIGCONT)
    for t in threads:
        t.join()
    assert sorted(statuses) == [200, 200, 503, 503, 503, 503]
    assert running.processes() == [pid]


@pytest.mark.allows_errors("its decoder died")
def test_a_decoder_that_dies(stage, get, running):
    """The one request fails; the process is replaced."""
    path = "/files/long_gop.mp4/thumbs/at_9900.jpg"
    (pid,) = running.processes()
    statuses = []
    deadline = time.monotonic() + 60
    while 422 not in statuses:  # it must die between order and answer
        assert time.monotonic() < deadline, statuses
        thread = threading.Thread(target=lambda: statuses.append(stage.client()(path).status))
        thread.start()
        time.sleep(0.002 * (1 + len(statuses) % 10))
        os.kill(pid, signal.SIGSEGV)
        thread.join()
        until("the process is replaced", lambda: running.processes() not in ([], [pid]))
        (pid,) = running.processes()
    assert set(statuses) <= {200, 422, 503}
    get.ok(path)


def test_one_service_a_socket(service):
    other = subprocess.run(service.command(), capture_output=True, text=True, timeout=20)
    assert other.returncode == 2 and "another service listens there" in other.stderr
    assert oct(service.socket.stat().st_mode & 0o777) == "0o660"


@pytest.mark.parametrize("directive, why", [
    ("mezz_pictures unix:relative;", "is not the picture service's socket"),
    ("mezz_pictures /run/socket;", "is not the picture service's socket"),
    ("mezz_pictures unix:/s timeout=1ms;", "is not a time limit"),
    ("mezz_pictures unix:/s max_width=9000;", "is not a width"),
    ("mezz_pictures unix:/s width=90;", "is no option"),
    ("mezz_pictures off timeout=5s;", "is not the picture service's socket"),
    ("mezz_pictures off; mezz_pictures off;", "duplicate")])
def test_wrong_directives(tmp_path, cert, directive, why):
    code, output = mezz.Nginx(tmp_path, tmp_path, cert, location=directive).test_config()
    assert code != 0 and why in output
