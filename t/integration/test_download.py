"""Renditions as progressive MP4: moov first, the right samples and times, and ranges that resume."""
import re
import socket
import subprocess
from fractions import Fraction

import pytest

import boxes
import cmaf_writer
import media
import mezz
import trick
import walk

# title, rendition, file that holds its video (None: audio), file that holds its sound (None: silent)
CASES = [
    ("moov_last.mp4", "180p", "moov_last.mp4", "moov_last.mp4"),
    ("fragmented.mp4", "180p", "fragmented.mp4", "fragmented.mp4"),
    ("two_audio.mp4", "180p", "two_audio.mp4", "two_audio.mp4"),
    ("two_audio.mp4", "audio-deu", None, "two_audio.mp4"),
    ("vfr.mp4", "180p", "vfr.mp4", "vfr.mp4"),
    ("video_only.mp4", "180p", "video_only.mp4", None),
    ("no_bframes_2997.mp4", "180p", "no_bframes_2997.mp4", "no_bframes_2997.mp4"),
    ("big_moov.mp4", "64p", "big_moov.mp4", "big_moov.mp4"),
    ("tracks", "270p", "270p", "audio-deu"),
    ("tracks", "audio-deu", None, "audio-deu"),
    ("ladder", "270p", "ladder 270p", "ladder 180p"),
]


def file_of(name):
    if name.startswith("ladder "):
        return media.ladder(name.split()[1])
    return media.generated(name) if name in media.SPECS else media.cmaf_tracks() / f"{name}.mp4"


def download(get, title, rendition):
    return get.ok(f"/files/{title}/download/{rendition}.mp4")


@pytest.fixture(params=CASES, ids=lambda c: f"{c[0]}-{c[1]}")
def case(request, get, tmp_path):
    """(path of the downloaded file, file of the video or None, file of the sound or None, rendition)."""
    title, rendition, video, sound = request.param
    path = tmp_path / "download.mp4"
    path.write_bytes(download(get, title, rendition).body)
    return path, video and file_of(video), sound and file_of(sound), rendition


def sound_of(movie, rendition):
    language = rendition.removeprefix("audio-") if rendition.startswith("audio-") else None
    return next(t for t in movie.of_kind("soun") if language in (None, t.language))


def content(movie, track):
    return [movie.data[s.offset:s.offset + s.size] for s in track.samples]


def times(track):
    return [Fraction(s.pts, track.timescale) for s in track.samples]


def test_samples_and_times_are_the_sources(case):
    """Every sample, byte by byte, at the source's presentation time, and nothing else; moov comes first."""
    path, video, sound, rendition = case
    movie = boxes.Movie(path.read_bytes())
    assert movie.types == [b"ftyp", b"moov", b"mdat"]
    assert [t.handler for t in movie.tracks.values()] == ["vide"] * bool(video) + ["soun"] * bool(sound)
    for track in movie.tracks.values():
        source = boxes.Movie((video if track.handler == "vide" else sound).read_bytes())
        match = source.of_kind("vide")[0] if track.handler == "vide" else sound_of(source, rendition)
        assert content(movie, track) == content(source, match)
        assert [s.sync for s in track.samples] == [s.sync for s in match.samples] or track.handler == "soun"
        assert max(abs(a - b) for a, b in zip(times(track), times(match))) <= Fraction(1, 48000)
        assert track.codec == match.codec and track.language == match.language
        assert all(s.composition >= 0 for s in track.samples)


def test_ffmpeg_sees_what_the_source_shows(case):
    path, video, sound, rendition = case
    if video:
        assert trick.pictures(path) == trick.pictures(video)
    if sound:
        number = 1 if rendition == "audio-deu" and sound.name == "two_audio.mp4" else 0
        whole = ["-ignore_editlist", "1", "-i"]  # FFmpeg 5.1 skips priming only in files without fragments
        assert (trick.hashes([*whole, path, "-map", "0:a:0"]) ==
                trick.hashes([*whole, sound, "-map", f"0:a:{number}"]))
    trick.ffmpeg(["-xerror", "-err_detect", "explode", "-i", path, "-f", "null", "-"])


def test_sound_and_pictures_stand_together(case):
    """Neither is more than two seconds of reading ahead of the other."""
    path, *_ = case
    movie = boxes.Movie(path.read_bytes())
    reached = {}
    for when, at, track in sorted((s.offset, s.dts / t.timescale, t.id) for t in movie.tracks.values()
                                  for s in t.samples):
        reached[track] = at
        if len(reached) == len(movie.tracks):
            ends = [max(s.dts for s in t.samples) / t.timescale for t in movie.tracks.values()]
            assert max(reached.values()) - min(reached.values()) <= 2.1 or min(ends) - min(reached.values()) < 0.1


def test_a_faststart_file_is_sent_as_it_is(get):
    assert download(get, "faststart.mp4", "180p").body == media.generated("faststart.mp4").read_bytes()
    several = get("/files/faststart.mp4/download/180p.mp4", headers={"Range": "bytes=0-9,20-29"})
    assert several.status == 206 and several.headers["content-type"].startswith("multipart/byteranges")


@pytest.mark.parametrize("title, rendition", [("two_audio.mp4", "180p"), ("tracks", "360p"), ("faststart.mp4", "180p")])
@pytest.mark.parametrize("protocol", ["h1", "tls", "h2"])
def test_http(site, title, rendition, protocol):
    get = site.client(protocol)
    path = f"/files/{title}/download/{rendition}.mp4"
    whole = get.ok(path)
    size, headers = len(whole.body), whole.headers
    assert headers["content-type"] == "video/mp4" and headers["accept-ranges"] == "bytes"
    assert re.fullmatch(r'"[!#-~]+"', headers["etag"])
    assert int(re.search(r"max-age=(\d+)", headers["cache-control"])[1]) <= 60
    stem = title.removesuffix(".mp4")
    assert headers["content-disposition"] == f'attachment; filename="{stem}-{rendition}.mp4"'
    head = get(path, method="HEAD")
    assert int(head.headers["content-length"]) == size and head.headers["etag"] == headers["etag"]
    for spec, first, last in (("0-0", 0, 0), ("0-99999", 0, 99999), (f"{size // 2}-", size // 2, size - 1),
                              ("-1000", size - 1000, size - 1), (f"{size - 1}-{size * 2}", size - 1, size - 1),
                              (f"{size // 3}-{size // 3 + 70000}", size // 3, size // 3 + 70000)):
        last = min(last, size - 1)
        part = get(path, headers={"Range": f"bytes={spec}"})
        assert part.status == 206 and part.headers["content-range"] == f"bytes {first}-{last}/{size}"
        assert part.body == whole.body[first:last + 1], spec
    beyond = get(path, headers={"Range": f"bytes={size}-"})
    assert beyond.status == 416 and "content-disposition" not in beyond.headers
    assert get(path, headers={"If-None-Match": headers["etag"]}).status == 304
    resumed = get(path, headers={"Range": "bytes=1000-", "If-Range": headers["etag"]})
    assert resumed.status == 206 and resumed.body == whole.body[1000:]
    changed = get(path, headers={"Range": "bytes=1000-", "If-Range": '"other"'})
    assert changed.status == 200 and changed.body == whole.body


@pytest.mark.parametrize("title, rendition", [("minute.mp4", "360p"), ("big_moov.mp4", "64p"), ("tracks", "360p")])
@pytest.mark.parametrize("conf", ["", "sendfile on;", "sendfile on; aio threads;", "output_buffers 1 4k;"])
def test_every_piece(nginx, library, title, rendition, conf):
    """Ranges of an odd length put together give the whole, however nginx reads."""
    get = nginx(library, location=conf).client()
    path = f"/files/{title}/download/{rendition}.mp4"
    whole = get.ok(path).body
    step = len(whole) // 17 + 13
    pieces = [get(path, headers={"Range": f"bytes={at}-{at + step - 1}"}).body for at in range(0, len(whole), step)]
    assert b"".join(pieces) == whole


def test_curl_resumes(site, tmp_path):
    """What was cut off goes on where it stopped."""
    url = site.url("/files/minute.mp4/download/360p.mp4")
    whole, part = tmp_path / "whole.mp4", tmp_path / "part.mp4"
    subprocess.run(["curl", "-sSf", "-o", whole, url], check=True)
    part.write_bytes(whole.read_bytes()[:1234567])
    subprocess.run(["curl", "-sSf", "-C", "-", "-o", part, url], check=True)
    assert part.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("title, rendition", [("minute.mp4", "360p"), ("big_moov.mp4", "64p")])
def test_clients_that_leave(nginx, library, title, rendition):
    """While it is laid out and while it is sent; the next one gets all of it."""
    server = nginx(library, location="sendfile on; aio threads;")
    path = f"/files/{title}/download/{rendition}.mp4"
    for wanted in (0, 1, 100000):
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", server.port)) as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                s.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
                while wanted > 0 and (got := s.recv(min(wanted, 4096))):
                    wanted -= len(got)
    body = server.client().ok(path).body
    assert boxes.Movie(body).types == [b"ftyp", b"moov", b"mdat"]


def test_bytes_are_the_same_on_every_node(nginx, library):
    paths = ["/files/tracks/download/180p.mp4", "/files/two_audio.mp4/download/audio-eng.mp4"]
    answers = [[(a.body, a.headers["etag"]) for a in map(nginx(library).client().ok, paths)] for _ in range(2)]
    assert answers[0] == answers[1]
    assert len({etag for _, etag in answers[0]}) == 2


def test_what_is_not_there(get):
    for path in ("two_audio.mp4/download/none.mp4", "two_audio.mp4/download/180p.m4s", "none.mp4/download/180p.mp4",
                 "two_audio.mp4/download/0123/180p.mp4", "two_audio.mp4/download/"):
        assert get(f"/files/{path}").status == 404, path


def make_long(path):
    """Ten minutes of sound in fragments: small boxes, but many samples."""
    source = path.with_name("source.mp4")
    media.ffmpeg(media.source(size=None, seconds=600) + media.AAC, source)
    cmaf_writer.write_track(source, "0:a:0", path)
    source.unlink()


@pytest.mark.allows_errors("download: moov exceeds mezz_max_moov")
def test_memory_is_limited(nginx, tmp_path):
    """A moov that may not be read may not be written either."""
    folder = media.place_tracks(tmp_path)
    get = nginx(tmp_path, location="mezz_max_moov 64k;").client()
    get.ok("/files/tracks/download/180p.mp4")
    long = media.cached("long.mp4", ["long", cmaf_writer.VERSION], make_long)
    mezz.place(long, tmp_path / "long.mp4")
    assert get("/files/long.mp4/download/audio-und.mp4").status == 422
    assert folder.exists()


def test_a_small_zone_is_enough(nginx, library):
    get = nginx(library, zone="mezz_zone shared:1m;").client()
    first = get.ok("/files/big_moov.mp4/download/64p.mp4").body
    assert get.ok("/files/big_moov.mp4/download/64p.mp4").body == first


def test_a_replaced_file_is_another_download(nginx, tmp_path):
    """If-Range tells a client that resumes to begin anew."""
    mezz.place(media.generated("moov_last.mp4"), tmp_path / "film.mp4")
    get = nginx(tmp_path).client()
    path = "/files/film.mp4/download/180p.mp4"
    before = get.ok(path)
    (tmp_path / "film.mp4").unlink()
    (tmp_path / "film.mp4").write_bytes(media.generated("two_audio.mp4").read_bytes())
    after = get(path, headers={"Range": "bytes=1000-", "If-Range": before.headers["etag"]})
    assert after.status == 200 and after.headers["etag"] != before.headers["etag"]


def test_the_title_still_plays(get):
    """A folder named download is no obstacle."""
    walk.hls_title(get, "/files/tracks", "cmaf")
