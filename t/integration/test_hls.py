"""HLS playlists: grammar, what they say of the streams, and that times are exact."""
import re
from fractions import Fraction

import pytest

import boxes
import hls
import media
import ts
import walk

FILES = ["faststart.mp4", "moov_last.mp4", "no_bframes_2997.mp4", "video_only.mp4", "audio_only.mp4", "two_audio.mp4",
         "vfr.mp4", "long_gop.mp4", "exact_12s.mp4", "one_segment.mp4", "fragmented.mp4", "minute.mp4"]
TITLES = FILES + ["ladder", "tracks"]


def truth(name):
    """The source as the tests' own box reader sees it."""
    return boxes.Movie(media.generated(name).read_bytes())


def video_of(movie):
    return next(iter(movie.of_kind("vide")), None)


@pytest.mark.parametrize("kind", ["hls", "cmaf"])
@pytest.mark.parametrize("title", TITLES)
def test_grammar_and_references(get, title, kind):
    """The strict reader accepts all playlists, and each reference answers."""
    found = walk.hls_title(get, f"/files/{title}", kind)
    assert found.master.independent or all(p.media.independent for p in found.playlists)
    for p in found.playlists:
        assert p.media.sequence == 0
        assert bool(p.map) == (kind == "cmaf")
        for path in [p.map, *p.uris]:
            assert not path or get(path, method="HEAD").status == 200, path


@pytest.mark.parametrize("kind", ["hls", "cmaf"])
@pytest.mark.parametrize("name", FILES)
def test_durations_add_up(get, name, kind):
    """The running sum of EXTINF stays at the segments' true starts, to the last digit written."""
    movie = truth(name)
    track = video_of(movie) or movie.of_kind("soun")[0]
    last = max(track.samples, key=lambda s: s.pts)
    total = Fraction(last.pts + last.duration, track.timescale)
    for variant in walk.hls_title(get, f"/files/{name}", kind).variants:
        assert abs(variant.media.duration() - total) < Fraction(1, 20), f"{float(variant.media.duration())}"


@pytest.mark.parametrize("kind", ["hls", "cmaf"])
@pytest.mark.parametrize("name", [f for f in FILES if f != "audio_only.mp4"])
def test_segments_begin_at_key_frames(get, name, kind):
    """Each boundary of the playlist is a key frame's presentation time, and the nearest to 6 s steps."""
    track = video_of(truth(name))
    keys = [Fraction(s.pts, track.timescale) for s in track.samples if s.sync]
    (variant,) = walk.hls_title(get, f"/files/{name}", kind).variants
    start = Fraction(0)
    for segment in variant.media.segments[:-1]:
        start += segment.duration
        near = min(keys, key=lambda k: abs(k - start))
        assert abs(near - start) <= Fraction(1, 1000), f"no key frame at {float(start)}"
    if name not in ("long_gop.mp4",):
        assert max(s.duration for s in variant.media.segments) <= 8


@pytest.mark.parametrize("kind", ["hls", "cmaf"])
def test_six_seconds(get, kind):
    (variant,) = walk.hls_title(get, "/files/faststart.mp4", kind).variants
    assert [round(float(s.duration), 3) for s in variant.media.segments] == [6, 6, 1]
    assert variant.media.target == 6


@pytest.mark.parametrize("seconds", [2, 4, 10])
@pytest.mark.parametrize("kind", ["hls", "cmaf"])
@pytest.mark.parametrize("title", ["faststart.mp4", "tracks", "ladder"])
def test_other_segment_durations(nginx, library, title, seconds, kind):
    get = nginx(library, segment=f"mezz_segment_duration {seconds}s;").client()
    for variant in walk.hls_title(get, f"/files/{title}", kind).variants:
        durations = [round(float(s.duration), 3) for s in variant.media.segments]
        assert durations == [seconds] * (13 // seconds) + ([13 % seconds] if 13 % seconds else [])


@pytest.mark.parametrize("kind", ["hls", "cmaf"])
@pytest.mark.parametrize("title", ["ladder", "tracks"])
def test_renditions_are_aligned(get, title, kind):
    found = walk.hls_title(get, f"/files/{title}", kind)
    assert len(found.variants) >= 3
    assert len({tuple(s.duration for s in v.media.segments) for v in found.variants}) == 1
    assert {v["RESOLUTION"] for v in found.master.variants} == {size for size, _ in media.LADDER.values()}


EXPECTED = {  # CODECS beginnings, RESOLUTION, FRAME-RATE
    "faststart.mp4": (["avc1.", "mp4a.40.2"], "320x180", "25.000"),
    "no_bframes_2997.mp4": (["avc1.", "mp4a.40.2"], "320x180", "29.970"),
    "video_only.mp4": (["avc1."], "320x180", "25.000"),
    "audio_only.mp4": (["mp4a.40.2"], None, None),
}


@pytest.mark.parametrize("kind", ["hls", "cmaf"])
@pytest.mark.parametrize("name", EXPECTED)
def test_variant_attributes(get, name, kind):
    codecs, resolution, rate = EXPECTED[name]
    (variant,) = walk.hls_title(get, f"/files/{name}", kind).master.variants
    given = variant["CODECS"].split(",")
    assert len(given) == len(codecs) and all(any(g.startswith(c) for g in given) for c in codecs)
    for codec in given:
        assert not codec.startswith("avc1.") or re.fullmatch(r"avc1\.[0-9A-Fa-f]{6}", codec)
    assert variant.get("RESOLUTION") == resolution
    assert (float(variant["FRAME-RATE"]) if rate else variant.get("FRAME-RATE")) == (float(rate) if rate else None)
    assert int(variant["BANDWIDTH"]) >= int(variant["AVERAGE-BANDWIDTH"]) > 0


def test_codecs_are_those_of_avcc(get):
    data = media.generated("faststart.mp4").read_bytes()
    at = data.index(b"avcC")
    expected = "avc1." + data[at + 5:at + 8].hex()
    (variant,) = walk.hls_title(get, "/files/faststart.mp4", "cmaf").master.variants
    assert expected in variant["CODECS"].lower().split(",")


@pytest.mark.parametrize("title", ["two_audio.mp4", "tracks"])
def test_audio_group(get, title):
    """Of several sounds each is a rendition of its own, in cmaf/ and in hls/, whose other segments hold pictures only."""
    for kind in ("cmaf", "hls"):
        found = walk.hls_title(get, f"/files/{title}", kind)
        entries = [e for e in found.master.media if e["TYPE"] == "AUDIO"]
        assert sorted(e["LANGUAGE"] for e in entries) == ["de", "en"] and all("URI" in e for e in entries)
        assert [e.get("DEFAULT") for e in entries].count("YES") == 1
        assert all(v["AUDIO"] == entries[0]["GROUP-ID"] and "mp4a" in v["CODECS"] for v in found.master.variants)
        assert all(e.get("CHANNELS", "1") == "1" for e in entries)
    for kind, playlists in (("vide", found.variants), ("soun", [p for _, p in found.audio])):
        for p in playlists:
            stream = ts.Stream()
            stream.feed(get.ok(p.uris[-1]).body)
            assert [k in ts.VIDEO for k in stream.kinds.values()] == [kind == "vide"]


@pytest.mark.parametrize("title", ["faststart.mp4", "ladder"])
def test_one_sound_is_in_the_segments_of_the_pictures(get, title):
    found = walk.hls_title(get, f"/files/{title}", "hls")
    assert not any("URI" in e for e in found.master.media if e["DEFAULT"] == "YES")
    assert all("mp4a" in v["CODECS"] for v in found.master.variants)
    for variant in found.variants:
        stream = ts.Stream()
        stream.feed(get.ok(variant.uris[-1]).body)
        assert sorted(k in ts.VIDEO for k in stream.kinds.values()) == [False, True]


@pytest.mark.parametrize("kind", ["hls", "cmaf"])
def test_playlists_are_stable(get, kind):
    """Asked again, every text is the same byte for byte."""
    found = walk.hls_title(get, "/files/tracks", kind)
    for path in [found.path, *(p.path for p in found.playlists)]:
        assert get.ok(path).body == get.ok(path).body
        hls.lines_of(get.ok(path).text)
