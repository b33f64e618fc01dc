"""What every title serves keeps the rules of the standards: rules.py, which names each by its clause."""
from fractions import Fraction

import pytest

import codec_media
import mezz
import rules
import ts
from client import resolve
from test_bandwidth import measured
from test_hls import TITLES

CODECS = ["hevc_eac3.mp4", "hdr10_ac3.mp4", "av1_opus.mp4", "vp9_flac.mp4", "h264_mp3.mp4", "he_aac.mp4"]
MIXED = ["mixed", "surround"]
NO_TS = ["av1_opus.mp4", "vp9_flac.mp4"]
ALL = TITLES + CODECS + MIXED


@pytest.fixture(scope="module")
def site(nginx_for_module, library, tmp_path_factory):
    root = tmp_path_factory.mktemp("conformance")
    for title in TITLES:
        (root / title).symlink_to(library / title)
    for title in CODECS:
        mezz.place(codec_media.generated(title), root / title)
    for name in ("h264_mp3.mp4", "hevc_eac3.mp4", "av1_opus.mp4"):
        mezz.place(codec_media.generated(name), root / "mixed" / name)
    for name in ("aac_eng.mp4", "ac3_51.mp4", "aac_deu.mp4"):
        mezz.place(codec_media.generated(name), root / "surround" / name)
    return nginx_for_module(root)


def presentation(get, title, kind):
    """(master, {path: (Media, I-frames only)}, paths of variants) after the rules of single playlists."""
    top = f"/files/{title}/{kind}/master.m3u8"
    master = rules.check_master(get.ok(top).text)
    paths = [resolve(top, uri) for uri in master.uris()]
    lists = {path: rules.check_media(get.ok(path).text, kind) for path in paths}
    return master, lists, [resolve(top, v["uri"]) for v in master.variants if "RESOLUTION" in v]


@pytest.mark.parametrize("kind", ["hls", "cmaf"])
@pytest.mark.parametrize("title", ALL)
def test_hls(get, title, kind):
    if kind == "hls" and title in NO_TS:
        assert get(f"/files/{title}/hls/master.m3u8").status == 302
        return
    master, lists, variants = presentation(get, title, kind)
    rules.check_together([m for m in lists.values() if not m.iframes_only])
    rules.check_aligned([lists[path] for path in variants])
    for media in lists.values():
        if media.iframes_only:
            whole = lists[variants[0]].duration()
            rules.need(abs(media.duration() - whole) <= Fraction(1, 1000), "RFC 4.4.3.6", "I-frames do not cover the title")
    has_iframes = {v["RESOLUTION"] for v in master.iframes}
    rules.need(not has_iframes or has_iframes == {v["RESOLUTION"] for v in master.variants if "RESOLUTION" in v},
               "RFC 4.4.6.3", "I-frames of some variants only")
    rules.check_rates(measured(get, title, kind))


@pytest.mark.parametrize("title", ALL)
def test_cmaf(get, title):
    """Headers, chunks and tracks; EXTINF is the time between the first pictures of segments."""
    _, lists, variants = presentation(get, title, "cmaf")
    for path, media in lists.items():
        init = get.ok(resolve(path, media.map)).body
        empty = rules.check_header(init)
        segments = [s for s in media.segments if not s.gap]
        bodies = [get.ok(resolve(path, s.uri)).body for s in segments]
        starts = []
        for body in bodies:
            track = rules.check_segment(init, body)
            starts.append(Fraction(min(s.pts for s in track.samples), track.timescale))
        if media.iframes_only:
            continue
        rules.check_track((init, bodies))
        for a, b, segment in zip(starts, starts[1:], segments):
            rules.need(empty.handler != "vide" or abs(b - a - segment.duration) < Fraction(1, 1000), "RFC 4.4.4.1",
                       f"{segment.uri} lasts {float(b - a)}, EXTINF {float(segment.duration)}")


@pytest.mark.parametrize("title", [t for t in ALL if t not in NO_TS])
def test_ts(get, title):
    _, lists, variants = presentation(get, title, "hls")
    for path, media in lists.items():
        stream = ts.Stream()
        if media.iframes_only:
            continue
        for segment in [s for s in media.segments if not s.gap]:
            stream.feed(get.ok(resolve(path, segment.uri)).body)
        rules.check_stream(stream)


@pytest.mark.parametrize("title", ALL)
def test_dash(get, title):
    rules.check_mpd(get.ok(f"/files/{title}/cmaf/manifest.mpd").body)
