"""The MPD: valid by the schema, over the very URLs of the CMAF playlists, with exact times."""
from fractions import Fraction

import pytest

import boxes
import dash
import media
import walk
from client import resolve
from test_hls import FILES, TITLES


@pytest.mark.parametrize("title", TITLES)
def test_schema(get, title):
    answer = get.ok(f"/files/{title}/cmaf/manifest.mpd")
    assert dash.validate(answer.body) == "", "DASH Annex B"
    dash.parse(answer.body)


@pytest.mark.parametrize("title", TITLES)
def test_urls_are_those_of_hls(get, title):
    """DASH and HLS players share cache entries: the same inits and segments, none beside."""
    path, manifest = walk.mpd(get, f"/files/{title}")
    found = walk.hls_title(get, f"/files/{title}", "cmaf")
    expected = {u for p in found.playlists for u in [p.map, *p.uris]}
    assert {resolve(path, u) for u in manifest.uris()} == expected


@pytest.mark.parametrize("title", TITLES)
def test_timeline_matches_the_segments(get, title):
    """Every entry's start and duration are those of the segment's own samples."""
    path, manifest = walk.mpd(get, f"/files/{title}")
    for r in manifest.representations():
        init = get.ok(resolve(path, r.init)).body
        step = Fraction(0)
        for url, start, duration in r.media:
            movie = boxes.Movie(init + get.ok(resolve(path, url)).body)
            (track,) = movie.tracks.values()
            first = min(s.pts for s in track.samples)
            last = max(track.samples, key=lambda s: s.pts)
            assert abs(Fraction(first, track.timescale) - start) <= priming(track, start), f"{r.id}: {url}"
            assert abs(Fraction(last.pts + last.duration, track.timescale) - start - duration) < Fraction(1, 20)
            assert start == step or not step
            step = start + duration


def priming(track, start):
    """How far a segment's first sample may lie from its start: a frame of sound, or the encoder's priming."""
    if track.handler == "vide":
        return Fraction(1, 1000)
    return Fraction(3 * 1024 if not start else 1024, track.timescale)


@pytest.mark.parametrize("name", FILES)
def test_duration(get, name):
    movie = boxes.Movie(media.generated(name).read_bytes())
    ends = [Fraction(max(s.pts + s.duration for s in t.samples), t.timescale) for t in movie.tracks.values()]
    _, manifest = walk.mpd(get, f"/files/{name}")
    assert min(ends) - Fraction(1, 10) <= manifest.duration <= max(ends) + Fraction(1, 10)


@pytest.mark.parametrize("title", ["ladder", "tracks"])
def test_one_adaptive_set(get, title):
    """The renditions of a title switch within one set, aligned; sound is in sets by language."""
    _, manifest = walk.mpd(get, f"/files/{title}")
    video = [s for s in manifest.sets if s[0].mime == "video/mp4"]
    assert len(video) == 1 and len(video[0]) == 3
    assert len({tuple((m[1], m[2]) for m in r.media) for r in video[0]}) == 1
    assert video[0][0].attributes.get("segmentAlignment") == "true"
    assert video[0][0].attributes.get("startWithSAP") == "1"
    audio = [s for s in manifest.sets if s[0].mime == "audio/mp4"]
    assert audio
    if title == "tracks":
        assert sorted(s[0].language for s in audio) == ["de", "en"]


def test_attributes(get):
    _, manifest = walk.mpd(get, "/files/no_bframes_2997.mp4")
    video = next(r for r in manifest.representations() if r.mime == "video/mp4")
    audio = next(r for r in manifest.representations() if r.mime == "audio/mp4")
    assert (video.attributes["width"], video.attributes["height"]) == ("320", "180")
    assert video.attributes["frameRate"] == "30000/1001"
    assert video.codecs.startswith("avc1.") and audio.codecs == "mp4a.40.2"
    assert audio.attributes["audioSamplingRate"] == "44100"


@pytest.mark.parametrize("title", TITLES)
def test_bandwidth_lets_a_buffer_of_min_buffer_time_never_run_dry(get, title):
    """5.3.5.2 of ISO/IEC 23009-1: at @bandwidth, after minBufferTime, every segment arrives in time."""
    path, manifest = walk.mpd(get, f"/files/{title}")
    for r in manifest.representations():
        sizes = [int(get(resolve(path, m[0]), method="HEAD").headers["content-length"]) for m in r.media]
        for first in range(len(sizes)):
            sent = 0
            for i in range(first, len(sizes)):
                sent += sizes[i] * 8
                played = r.media[i][1] - r.media[first][1] + r.media[i][2]
                assert sent <= r.bandwidth * (played + manifest.min_buffer), f"DASH 5.3.5.2: {r.id}: segments {first}..{i}"
        mean = 8 * sum(sizes) / sum(m[2] for m in r.media)
        assert r.bandwidth <= 3 * mean, f"{r.id}: {r.bandwidth} for a mean of {float(mean)}"
