"""MPEG-TS segments: legal streams whose clocks and counters go on from segment to segment."""
from fractions import Fraction

import pytest

import boxes
import media
import ts
import walk
from test_hls import TITLES


def streams(get, title):
    """(name, Stream) of each rendition of hls/, all segments fed in order."""
    for playlist in walk.hls_title(get, f"/files/{title}", "hls").playlists:
        stream = ts.Stream()
        for uri in playlist.uris:
            stream.feed(get.ok(uri).body)
        yield playlist, stream


@pytest.mark.parametrize("title", TITLES)
def test_packets_tables_and_counters(get, title):
    """Whole packets, right CRCs, one PMT, continuity counters that never jump, also between segments."""
    for _, stream in streams(get, title):
        assert 1 <= len(stream.kinds) <= 2
        assert all(kind in ts.VIDEO or kind == ts.AAC for kind in stream.kinds.values())
        assert {stream.pcr_pid} == {pid for pid, _ in stream.pcrs}


@pytest.mark.parametrize("title", TITLES)
def test_clocks(get, title):
    """PCR rises, comes at least every 100 ms and before what it times; DTS rise on each PID."""
    for _, stream in streams(get, title):
        clock = [value for _, value in stream.pcrs]
        assert all(a < b for a, b in zip(clock, clock[1:])), "13818-1 2.7.2: PCR goes back"
        gap = max((b - a for a, b in zip(clock, clock[1:])), default=0)
        assert gap <= ts.CLOCK // 10 + ts.CLOCK // 1000, f"13818-1 2.7.2: {gap / ts.CLOCK} s between clock references"
        for pid in stream.kinds:
            dts = [p.dts for p in stream.of(pid)]
            assert all(a < b for a, b in zip(dts, dts[1:])), f"13818-1 2.4.3.7: PID {pid}: DTS goes back"
            assert all(p.pts >= p.dts for p in stream.of(pid)), f"13818-1 2.4.3.7: PID {pid}: a PTS before its DTS"
        assert clock[0] <= 300 * min(p.dts for p in stream.pes), "13818-1 2.4.2: the first PCR is later than the first DTS"


@pytest.mark.parametrize("title", [t for t in TITLES if t != "audio_only.mp4"])
def test_segments_stand_alone(get, title):
    """A segment's first picture is an IDR with delimiter and parameter sets, marked for random access."""
    for _, stream in streams(get, title):
        video = stream.pid(True)
        if video is None:
            continue
        for start in stream.segments:
            first = next(p for p in stream.pes[start:] if p.pid == video)
            kinds = [unit[0] & 31 for unit in ts.nal_units(first.payload)]
            assert first.random_access, "13818-1 2.4.3.5: no random_access_indicator"
            assert kinds[0] == 9, f"13818-1 2.14.1: access unit delimiter: {kinds}"
            assert {7, 8, 5} <= set(kinds), f"own: begins with {kinds}"
            assert kinds.index(7) < kinds.index(8) < kinds.index(5), f"own: parameter sets, then the picture: {kinds}"


@pytest.mark.parametrize("title", [t for t in TITLES if t != "audio_only.mp4"])
def test_one_picture_a_pes(get, title):
    for _, stream in streams(get, title):
        for p in stream.of(stream.pid(True)) if stream.pid(True) else []:
            units = [unit[0] & 31 for unit in ts.nal_units(p.payload)]
            assert units.count(9) == 1 and units[0] == 9, f"13818-1 2.14.1: access unit delimiter: {units}"
            assert 0xE0 <= p.stream_id <= 0xEF, f"13818-1 2.4.3.7: stream_id {p.stream_id}"


def content(movie, track):
    return [movie.data[s.offset:s.offset + s.size] for s in track.samples]


@pytest.mark.parametrize("name", [t for t in TITLES if t.endswith(".mp4")])
def test_sound_is_the_sources(get, name):
    """Every AAC frame of the source comes once in a rendition, in order, with a header that fits."""
    heard = set()
    movie = boxes.Movie(media.generated(name).read_bytes())
    sounds = {t.id: content(movie, t) for t in movie.of_kind("soun")}
    for _, stream in streams(get, name):
        pid = stream.pid(False)
        if pid is None:
            continue
        frames = [f for p in stream.of(pid) for f in ts.adts_frames(p.payload)]
        assert len({f[:2] for f in frames}) == 1, "the ADTS header changes"
        payloads = [f[2] for f in frames]
        match = next((i for i, c in sounds.items() if c == payloads or c[-len(payloads):] == payloads), None)
        assert match is not None, "frames are missing, twice or altered"
        assert len(sounds[match]) - len(payloads) <= 3, "more than priming was left out"
        heard.add(match)
    assert heard == sounds.keys() or name == "video_only.mp4"


@pytest.mark.parametrize("name", [t for t in TITLES if t.endswith(".mp4") and t != "audio_only.mp4"])
def test_times_are_the_sources(get, name):
    """PTS are the source's presentation times, to 1/90000 s, with one offset for the whole rendition."""
    movie = boxes.Movie(media.generated(name).read_bytes())
    for _, stream in streams(get, name):
        offsets = []
        for video in (True, False):
            pid, track = stream.pid(video), next(iter(movie.of_kind("vide" if video else "soun")), None)
            if pid is None or (not video and len(movie.of_kind("soun")) > 1):
                continue
            got = sorted(p.pts for p in stream.of(pid))
            times = {round(t * 90000) for t in track.presentation()}
            offset = got[0] - nearest(min(times) if video else first_sound(times, got, offsets), times)
            assert all(abs(nearest(t - offset, times) - (t - offset)) <= 1 for t in got)
            if video:
                assert len(got) == len(times)
            offsets.append(offset)
        assert not offsets or max(offsets) - min(offsets) <= 2, f"sound and pictures are {offsets} off"


def first_sound(times, got, offsets):
    return nearest(got[0] - offsets[0], times) if offsets else min(times)


def nearest(value, times):
    return min(times, key=lambda t: abs(t - value))


@pytest.mark.parametrize("title", ["faststart.mp4", "ladder", "tracks", "vfr.mp4"])
def test_segment_durations_match_extinf(get, title):
    for playlist, stream in streams(get, title):
        pid = stream.pid(True)
        if pid is None:
            continue
        starts = []
        for i, start in enumerate(stream.segments):
            end = stream.segments[i + 1] if i + 1 < len(stream.segments) else None
            starts.append(min(p.pts for p in stream.pes[start:end] if p.pid == pid))
        for a, b, segment in zip(starts, starts[1:], playlist.media.segments):
            assert abs(Fraction(b - a, 90000) - segment.duration) < Fraction(1, 500)


@pytest.mark.parametrize("title", ["faststart.mp4", "tracks", "two_audio.mp4", "fragmented.mp4"])
def test_bytes_are_repeatable(site, get, title):
    uris = [u for p in walk.hls_title(get, f"/files/{title}", "hls").playlists for u in p.uris]
    first = {u: get.ok(u).body for u in uris}
    assert all(get.ok(u).body == body for u, body in first.items())
    site.reload()
    assert all(get.ok(u).body == body for u, body in first.items())
    assert all(int(get(u, method="HEAD").headers["content-length"]) == len(body) for u, body in first.items())
