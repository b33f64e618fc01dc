"""Parts of a title: ?from=&to= on playlists, manifests, text and downloads, over the segments that all share."""
from fractions import Fraction

import pytest

import boxes
import dash
import hls
import media
import mezz
import trick
import walk
from client import resolve

FPS = 25
CUES = "WEBVTT\n\n00:01.000 --> 00:03.000\nA\n\n00:05.000 --> 00:08.000\nB\n\n00:11.000 --> 00:12.000\nC\n"


@pytest.fixture(scope="module")
def cinema(nginx_for_module, tmp_path_factory):
    """The CMAF tracks with subtitles, and files of other kinds."""
    root = tmp_path_factory.mktemp("cinema")
    for path in media.cmaf_tracks().glob("*.mp4"):
        mezz.place(path, root / "tracks" / path.name)
    (root / "tracks" / "film.en.vtt").write_text(CUES)
    for name in ("moov_last.mp4", "two_audio.mp4", "fragmented.mp4", "long_gop.mp4"):
        mezz.place(media.generated(name), root / name)
    return nginx_for_module(root)


@pytest.fixture
def get(cinema):
    return cinema.client()


def without_query(path):
    return path.partition("?")[0]


@pytest.mark.parametrize("kind", ["hls", "cmaf"])
@pytest.mark.parametrize("title", ["tracks", "two_audio.mp4"])
def test_playlists_list_the_segments_of_the_part(get, title, kind):
    """The same URLs, numbers and durations as in the whole; a start that leads to the very time."""
    whole = walk.hls_title(get, f"/files/{title}", kind)
    part = walk.hls_title(get, f"/files/{title}", kind, "?from=7.3&to=11.5")
    assert part.master.start == Fraction("1.3")
    pairs = list(zip(whole.playlists + [p for _, p in whole.texts], part.playlists + [p for _, p in part.texts]))
    assert len(pairs) >= 2
    for all_of_it, some in pairs:
        assert some.uris == all_of_it.uris[1:2] and some.map == all_of_it.map
        assert some.media.sequence == 1 and some.media.start == part.master.start
        assert some.media.segments[0].duration == all_of_it.media.segments[1].duration
        assert some.path == without_query(all_of_it.path) + "?from=7.3&to=11.5"
    for (_, all_of_it), (_, some) in zip(trick.playlists(get, f"/files/{title}", kind),
                                         trick.playlists(get, f"/files/{title}", kind, "?from=7.3&to=11.5")):
        assert some.uris == all_of_it.uris[3:6] and some.media.sequence == 3


def test_segments_are_the_same_for_all(get):
    """A part of a segment's own is not asked for by anybody; caches hold one copy."""
    path = walk.hls_title(get, "/files/tracks", "cmaf").variants[0].uris[1]
    plain, odd = get.ok(path), get.ok(path + "?from=nonsense")
    assert plain.body == odd.body and plain.headers["etag"] == odd.headers["etag"]


@pytest.mark.parametrize("kind", ["hls", "cmaf"])
def test_ffmpeg_plays_it(cinema, kind):
    url = cinema.url(f"/files/tracks/{kind}/180p.m3u8?from=6&to=11")
    found = trick.hashes(["-i", url, "-map", "0:v:0", "-fps_mode", "passthrough"])
    assert found == trick.pictures(media.cmaf_tracks() / "180p.mp4")[6 * FPS:12 * FPS]


@pytest.mark.parametrize("title", ["tracks", "two_audio.mp4", "long_gop.mp4"])
def test_manifest(get, title):
    """Valid, from the key frame at the start or before to the very end, over the same segments."""
    answer = get.ok(f"/files/{title}/cmaf/manifest.mpd?from=9.2&to=11.25")
    assert dash.validate(answer.body) == ""
    key = 0 if title == "long_gop.mp4" else 8
    part, whole = dash.parse(answer.body), walk.mpd(get, f"/files/{title}")[1]
    assert part.duration == Fraction("11.25") - key
    assert set(part.uris()) <= set(whole.uris())
    for some, all_of_it in zip(part.representations(), whole.representations()):
        times = {url: start for url, start, _ in all_of_it.media}
        assert some.id == all_of_it.id
        for url, start, _ in some.media:
            assert abs(times[url] - key - start) < Fraction(1, 10000)
        (_, start, length), (_, last, last_length) = some.media[0], some.media[-1]
        assert start <= 0 < start + length and last < part.duration <= last + last_length


def test_manifest_of_text(get):
    """One file, whose clock is that of the manifest."""
    path, part = walk.mpd(get, "/files/tracks", "?from=7&to=11.5")
    (text,) = part.texts
    assert get.ok(resolve(path, text.url)).text == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nB\n\n00:00:05.000 --> 00:00:05.500\nC\n")
    whole = get.ok(resolve(path, walk.mpd(get, "/files/tracks")[1].texts[0].url))
    assert whole.text.endswith("C\n") and "00:00:11.000" in whole.text
    assert whole.headers["etag"] != get.ok(resolve(path, text.url)).headers["etag"]


@pytest.mark.parametrize("title, source", [("tracks", "180p"), ("moov_last.mp4", None), ("fragmented.mp4", None)])
def test_download(get, tmp_path, title, source):
    """Just these pictures, from a key frame, with an edit list that begins and ends with the part."""
    path = tmp_path / "part.mp4"
    answer = get.ok(f"/files/{title}/download/180p.mp4?from=3.2&to=5.6")
    path.write_bytes(answer.body)
    file = media.cmaf_tracks() / f"{source}.mp4" if source else media.generated(title)
    assert trick.hashes(["-i", path, "-map", "0:v:0", "-fps_mode", "passthrough"]) == (
        trick.pictures(file)[80:140])
    movie = boxes.Movie(answer.body)
    assert movie.types == [b"ftyp", b"moov", b"mdat"] and len(movie.tracks) == 2
    video, sound = movie.of_kind("vide")[0], movie.of_kind("soun")[0]
    assert video.samples[0].sync and min(s.pts for s in video.samples) == Fraction(-12, 10) * video.timescale
    assert -0.2 < min(s.pts for s in sound.samples) / sound.timescale <= 0
    assert 2.4 <= max(s.pts + s.duration for s in sound.samples) / sound.timescale < 2.43
    whole = get.ok(f"/files/{title}/download/180p.mp4")
    assert whole.headers["etag"] != answer.headers["etag"] and len(whole.body) > 2 * len(answer.body)
    rest = get(f"/files/{title}/download/180p.mp4?from=3.2&to=5.6",
               headers={"Range": "bytes=1000-", "If-Range": answer.headers["etag"]})
    assert rest.status == 206 and rest.body == answer.body[1000:]


def test_the_token_is_carried_beside(nginx, cinema, keys):
    get = nginx(cinema.root, token="mezz_token required;", keys=[keys["2026-11"]]).client()
    token = keys["2026-11"].token()
    title = walk.hls_title(get, "/files/tracks", "cmaf", f"?to=5&token={token}&from=1.50")
    assert {p.path.partition("?")[2] for p in title.playlists} == {f"token={token}&from=1.5&to=5"}
    for uri in [u for p in title.playlists for u in [p.map, *p.uris]]:
        assert uri.endswith(f"?token={token}") and get(uri).status == 200
    path, manifest = walk.mpd(get, "/files/tracks", f"?token={token}&from=1")
    assert all(hls.carries(uri, token) and "from" not in uri for uri in manifest.uris())
    assert get(resolve(path, manifest.texts[0].url)).status == 200


BAD = ["from=x", "from=", "to=-1", "from=1e1", "from=5&to=5", "from=5&to=4", "to=0", "from=1&from=2", "from=%"]


@pytest.mark.parametrize("leaf", ["hls/master.m3u8", "cmaf/manifest.mpd", "cmaf/180p.m3u8", "hls/180p_iframes.m3u8",
                                  "subs/subs-en.m3u8", "subs/subs-en.vtt", "download/180p.mp4"])
def test_bad_parts(get, leaf):
    """400 for what is no part, 404 for one behind the end; what reaches beyond it ends there."""
    for query in BAD:
        assert get(f"/files/tracks/{leaf}?{query}").status == 400, query
    assert get(f"/files/tracks/{leaf}?from=13.5").status == 404
    assert get(f"/files/tracks/{leaf}?from=12.5&to=999999999").status == 200
