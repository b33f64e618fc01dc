"""Sound that starts late: silence comes before it, so that all players begin with the first picture."""
from array import array
from fractions import Fraction

import pytest

import boxes
import codec_media
import media
import mezz
import rules
import ts
import walk
from test_bandwidth import measured
from test_play_ffmpeg import FORMATS, decode

LATE = 7.5  # seconds
CHANNELS = [1, 2, 6]
FILES = {f"{n}.mp4": lambda n=n: media.late_sound(n, LATE) for n in CHANNELS} | {"he_aac.mp4": codec_media.late_he_aac} | {
    f"{codec}.mp4": lambda codec=codec: codec_media.late(codec) for codec in codec_media.LATE}
CASES = [("1.mp4", "hls"), ("2.mp4", "hls"), ("2.mp4", "cmaf"), ("2.mp4", "dash"), ("6.mp4", "cmaf"), ("he_aac.mp4", "cmaf"),
         ("opus.mp4", "cmaf"), ("flac.mp4", "cmaf"), ("mp3.mp4", "cmaf"), ("low_mp3.mp4", "hls"), ("ac3.mp4", "cmaf"),
         ("ac3.mp4", "hls"), ("eac3.mp4", "cmaf"), ("eac3.mp4", "hls")]
# Samples a second and a frame, of those that are not AAC.
OTHERS = {"he_aac.mp4": (48000, 2048), "opus.mp4": (48000, 960), "flac.mp4": (48000, 4608), "mp3.mp4": (48000, 1152),
          "low_mp3.mp4": (22050, 576), "ac3.mp4": (48000, 1536), "eac3.mp4": (48000, 1536)}
PRIMING = 312  # samples of Opus that a decoder drops only where a stream begins,
CONVERGED = 9600  # and after how many it has forgotten what it decoded before (RFC 7845 section 4.6 asks for 80 ms)


@pytest.fixture(scope="module")
def site(nginx_for_module, tmp_path_factory):
    root = tmp_path_factory.mktemp("late")
    for name, made in FILES.items():
        mezz.place(made(), root / name)
    return nginx_for_module(root)


def begin(path):
    """When the first sample of the sound begins, priming too, which FFmpeg decodes as all else."""
    (track,) = boxes.Movie(path.read_bytes()).of_kind("soun")
    return Fraction(track.samples[0].pts, track.timescale)


@pytest.mark.parametrize("name, form", CASES)
def test_what_is_heard(site, name, form, tmp_path):
    """Nothing at all, and then, at its time, the source's sound."""
    source = decode(FILES[name](), tmp_path, None)[2]
    _, _, pcm, problems = decode(site.url(f"/files/{name}/{FORMATS[form]}"), tmp_path, None)
    rate, frame = OTHERS.get(name, (44100, 1024))
    channels = int(name[0]) if name not in OTHERS else codec_media.LATE.get(name[:-4], (None, 2))[1]
    assert problems == ""
    before = len(pcm) - len(source)
    heard, other = (PRIMING * 4 * channels, CONVERGED * 4 * channels) if name == "opus.mp4" else (0, 0)
    assert pcm[before + other:] == source[other:]
    assert not any(array("f", pcm[:before - heard])), "that is no silence"
    assert 0 <= (before - heard) / (4 * channels) - begin(FILES[name]()) * rate < frame


@pytest.mark.parametrize("kind", ["hls", "cmaf"])
def test_playlists(get, kind):
    found = walk.hls_title(get, "/files/2.mp4", kind)
    for playlist in found.playlists:
        assert not any(s.gap for s in playlist.media.segments)
        assert abs(playlist.media.duration() - 13) < Fraction(1, 20)
    for variant, peak, mean in measured(get, "2.mp4", kind):
        assert int(peak) <= int(variant["BANDWIDTH"]) and abs(int(variant["AVERAGE-BANDWIDTH"]) / mean - 1) <= 0.01


def test_cmaf(get):
    """Decoding times run from the first segment to the last without a gap; a range is a part of the whole."""
    ((_, playlist),) = walk.hls_title(get, "/files/2.mp4", "cmaf").audio
    init = get.ok(playlist.map).body
    bodies = [get.ok(uri).body for uri in playlist.uris]
    rules.check_track((init, bodies))
    first = rules.check_segment(init, bodies[0]).samples[0]
    assert -1024 < first.pts <= 0
    for uri, body in zip(playlist.uris, bodies):
        assert get(uri, headers={"Range": "bytes=50-3000"}).body == body[50:3001]
    rules.check_mpd(get.ok("/files/2.mp4/cmaf/manifest.mpd").body)


def test_ts(get):
    found = walk.hls_title(get, "/files/2.mp4", "hls")
    for playlist in found.playlists:
        stream = ts.Stream()
        for uri in playlist.uris:
            stream.feed(get.ok(uri).body)
        rules.check_stream(stream)
