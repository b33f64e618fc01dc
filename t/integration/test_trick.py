"""Trick play: I-frame playlists, what masters and manifests say of them, and the pictures that they list."""
from fractions import Fraction

import pytest

import boxes
import dash
import hls
import media
import mezz
import trick
import ts
import walk
from client import resolve
from test_hls import FILES, TITLES

VIDEO = [t for t in TITLES if t != "audio_only.mp4"]
VIDEO_FILES = [f for f in FILES if f != "audio_only.mp4"]
KINDS = ["hls", "cmaf"]


def video_of(name):
    return boxes.Movie(media.generated(name).read_bytes()).of_kind("vide")[0]


def sources(title):
    """The files of a title's video renditions."""
    if title == "ladder":
        return [media.ladder(name) for name in media.LADDER]
    if title == "tracks":
        return [media.cmaf_tracks() / f"{name}.mp4" for name in media.LADDER]
    return [media.generated(title)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("title", TITLES)
def test_each_video_rendition_has_one(get, title, kind):
    found = walk.hls_title(get, f"/files/{title}", kind)
    lists = trick.playlists(get, f"/files/{title}", kind)
    sizes = [v["RESOLUTION"] for v in found.master.variants if "RESOLUTION" in v]
    assert [e["RESOLUTION"] for e, _ in lists] == sizes
    for (entry, playlist), variant in zip(lists, found.variants):
        assert entry["CODECS"] in next(v["CODECS"] for v in found.master.variants if v["RESOLUTION"] ==
                                       entry["RESOLUTION"]).split(",")
        assert playlist.media.iframes_only and playlist.media.version == (5 if kind == "cmaf" else 4)
        assert playlist.map == variant.map
        assert playlist.media.duration() == variant.media.duration()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", VIDEO_FILES)
def test_times_are_those_of_the_key_frames(get, name, kind):
    """Each entry begins at a key frame of the source; none is left out but those within half a second."""
    track = video_of(name)
    keys = sorted(Fraction(s.pts, track.timescale) for s in track.samples if s.sync)
    ((_, playlist),) = trick.playlists(get, f"/files/{name}", kind)
    start, starts = Fraction(0), []
    for segment in playlist.media.segments:
        starts.append(min(keys, key=lambda k: abs(k - start)))
        assert abs(starts[-1] - start) <= Fraction(1, 1000000), float(start)
        start += segment.duration
    assert all(any(abs(key - s) < Fraction(1, 2) for s in starts) for key in keys)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("title", VIDEO)
def test_bit_rates_are_exact(get, title, kind):
    for entry, playlist in trick.playlists(get, f"/files/{title}", kind):
        sizes = [(int(get(u, method="HEAD").headers["content-length"]), s.duration)
                 for u, s in zip(playlist.uris, playlist.media.segments)]
        longest = max(s.duration for s in playlist.media.segments)
        assert abs(int(entry["BANDWIDTH"]) - hls.peak_rate(sizes, longest)) <= 2
        assert abs(int(entry["AVERAGE-BANDWIDTH"]) - hls.average_rate(sizes)) <= 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("title", ["faststart.mp4", "tracks", "ladder", "vfr.mp4", "fragmented.mp4",
                                   "no_bframes_2997.mp4"])
def test_pictures_are_the_sources(get, tmp_path, title, kind):
    """Each decodes alone, without a warning, to exactly the source's picture of that time."""
    lists = trick.playlists(get, f"/files/{title}", kind)
    whole = {tuple(p): f for f in sources(title) for p in [trick.pictures(f)]}
    for _, playlist in lists:
        head = get.ok(playlist.map).body if kind == "cmaf" else b""
        suffix = ".mp4" if kind == "cmaf" else ".ts"
        shown = [trick.picture(head + get.ok(u).body, tmp_path, suffix) for u in playlist.uris]
        assert all(len(p) == 1 for p in shown)
        pictures, file = next((p, f) for p, f in whole.items() if shown[0][0] == p[0])
        track = boxes.Movie(file.read_bytes()).of_kind("vide")[0]
        order = sorted(track.samples, key=lambda s: s.pts)
        start = Fraction(0)
        for (md5,), segment in zip(shown, playlist.media.segments):
            number = min(range(len(order)), key=lambda i: abs(Fraction(order[i].pts, track.timescale) - start))
            assert md5 == pictures[number], f"at {float(start)} s"
            start += segment.duration


@pytest.mark.parametrize("title", VIDEO)
def test_fragments_follow_each_other(get, title):
    """One sample each, on the time line of the init segment, that lasts until the next one."""
    for _, playlist in trick.playlists(get, f"/files/{title}", "cmaf"):
        init = get.ok(playlist.map).body
        bodies = [get.ok(u).body for u in playlist.uris]
        for body in bodies:
            assert [b.type for b in boxes.walk(body) if b.type != b"free"] == [b"moof", b"mdat"]
        (track,) = boxes.Movie(init + b"".join(bodies)).tracks.values()
        assert len(track.samples) == len(bodies)
        assert all(s.sync and s.composition == 0 for s in track.samples)
        assert all(a.dts + a.duration == b.dts for a, b in zip(track.samples, track.samples[1:]))
        total = Fraction(sum(s.duration for s in track.samples), track.timescale)
        assert abs(total - playlist.media.duration()) < Fraction(1, 100000)


def test_track_files_bytes_count_as_ssix_says(get):
    """So that bit rates are exact without reading any fragment."""
    for _, playlist in trick.playlists(get, "/files/tracks", "cmaf"):
        lengths = [int(get(u, method="HEAD").headers["content-length"]) for u in playlist.uris]
        assert any(lengths == heads(f.read_bytes()) for f in media.cmaf_tracks().glob("*p.mp4"))


def heads(data):
    """Bytes of moof and key frame of each fragment."""
    (track,) = boxes.Movie(data).tracks.values()
    firsts = {}
    for sample in track.samples:
        firsts.setdefault(sample.fragment, sample)
    return [s.offset + s.size - track.fragments[n].start for n, s in sorted(firsts.items())]


@pytest.mark.parametrize("title", VIDEO)
def test_transport_streams_hold_one_picture(get, title):
    """PAT, PMT, and one IDR with its parameter sets at the time at which the whole stream has it."""
    plain = {}
    for playlist in walk.hls_title(get, f"/files/{title}", "hls").variants:
        stream = ts.Stream()
        for uri in playlist.uris:
            stream.feed(get.ok(uri).body)
        plain[playlist.path] = {p.pts for p in stream.of(stream.pid(True))}
    for _, playlist in trick.playlists(get, f"/files/{title}", "hls"):
        times = plain[playlist.path.replace("_iframes.m3u8", ".m3u8")]
        for uri in playlist.uris:
            stream = ts.Stream()
            stream.feed(get.ok(uri).body)
            assert set(stream.kinds.values()) <= set(ts.VIDEO) and len(stream.pes) == 1
            (picture,) = stream.pes
            assert picture.random_access and picture.pts == picture.dts and picture.pts in times
            assert {9, 7, 8, 5} <= {unit[0] & 31 for unit in ts.nal_units(picture.payload)}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_there(get, kind):
    ((_, playlist),) = trick.playlists(get, "/files/two_audio.mp4", kind)
    suffix = "ts" if kind == "hls" else "m4s"
    for leaf in (f"180p_iframe_{len(playlist.uris)}.{suffix}", f"180p_iframe_999999999.{suffix}",
                 f"180p_iframe_00.{suffix}", f"audio-eng_iframe_0.{suffix}", "audio-eng_iframes.m3u8",
                 "none_iframes.m3u8"):
        assert get(resolve(playlist.path, leaf)).status == 404, leaf


@pytest.mark.parametrize("kind", KINDS)
def test_http(get, kind):
    """As of other segments: kept for long, ranges, HEAD, conditions."""
    ((entry, playlist),) = trick.playlists(get, "/files/two_audio.mp4", kind)
    assert get.ok(playlist.path).headers["content-type"] == "application/vnd.apple.mpegurl"
    answer = get.ok(playlist.uris[1])
    assert answer.headers["content-type"] == ("video/mp2t" if kind == "hls" else "video/mp4")
    assert "immutable" in answer.headers["cache-control"]
    part = get(playlist.uris[1], headers={"Range": "bytes=100-299"})
    assert part.status == 206 and part.body == answer.body[100:300]
    assert get(playlist.uris[1], headers={"If-None-Match": answer.headers["etag"]}).status == 304
    assert len({get.ok(u).headers["etag"] for u in playlist.uris}) == len(playlist.uris)
    brief = get.ok(f"/files/two_audio.mp4/{kind}/180p_iframes.m3u8")
    assert "immutable" not in brief.headers["cache-control"]
    for segment in hls.parse_media(brief.text).segments:
        get.ok(resolve(f"/files/two_audio.mp4/{kind}/", segment.uri))


def test_tokens_are_carried(nginx, tmp_path, keys):
    key = keys["2026-11"]
    mezz.place(media.generated("one_segment.mp4"), tmp_path / "film.mp4")
    get = nginx(tmp_path, token="mezz_token required;", keys=[key]).client()
    token = key.token()
    for kind in KINDS:
        for entry, playlist in trick.playlists(get, "/files/film.mp4", kind, f"?token={token}"):
            assert hls.carries(entry["URI"], token)
            assert all(hls.carries(u, token) and get.ok(u) for u in playlist.uris)


@pytest.mark.parametrize("title", ["faststart.mp4", "tracks", "audio_only.mp4"])
def test_manifest(get, title):
    """A set of its own that refers to the video's, with the very same segments."""
    path, manifest = walk.mpd(get, f"/files/{title}")
    lists = trick.playlists(get, f"/files/{title}", "cmaf")
    assert [[r.id for r in s] for s in manifest.trick_sets] == (
        [[p.path.rpartition("/")[2].replace("_iframes.m3u8", "-iframes") for _, p in lists]] if lists else [])
    for representation, (entry, playlist) in zip((r for s in manifest.trick_sets for r in s), lists):
        assert [resolve(path, url) for url, _, _ in representation.media] == playlist.uris
        assert representation.bandwidth == int(entry["BANDWIDTH"])
        for (_, _, duration), segment in zip(representation.media, playlist.media.segments):
            assert abs(duration - segment.duration) < Fraction(1, 100000)
    assert dash.validate(get.ok(path).body) == ""
