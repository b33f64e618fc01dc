"""FFmpeg decodes each format in full, without a warning, to the source's own pictures and sound."""
import re
import subprocess
from fractions import Fraction

import pytest

import media
import walk

FORMATS = {"hls": "hls/master.m3u8", "cmaf": "cmaf/master.m3u8", "dash": "cmaf/manifest.mpd"}
MADE = ["faststart.mp4", "moov_last.mp4", "no_bframes_2997.mp4", "video_only.mp4", "audio_only.mp4",
        "vfr.mp4", "long_gop.mp4", "exact_12s.mp4", "one_segment.mp4", "fragmented.mp4"]
# Of 1024 samples: the most that an encoder puts before time 0. FFmpeg drops them from a progressive MP4, but decodes
# them from TS (which has no edit list) and, in version 5.1, from fragmented MP4 in spite of its edit list.
PRIMING_FRAMES = 3


def run_ffmpeg(source, outputs, options=()):
    """What ffmpeg said, at level warning, with its exit code if that is not 0."""
    command = ["ffmpeg", "-nostdin", "-v", "warning", "-xerror", "-y", *options, "-i", source, *outputs]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120)
    return done.stderr + (f"exit code {done.returncode}" if done.returncode else "")


def decode(source, folder, video="0:v:0", audio="0:a:0", options=()):
    """(video hashes, video times from the first frame on, PCM, stderr) of what ffmpeg makes of a source."""
    hashes, pcm, runs = folder / "video.txt", folder / "audio.pcm", []
    if video:
        runs.append(["-map", video, "-fps_mode", "passthrough", "-enc_time_base", "-1", "-f", "framemd5", hashes])
    if audio:
        runs.append(["-map", audio, "-c:a", "pcm_f32le", "-f", "f32le", pcm])
    # FFmpeg 5.1's DASH reader ends with the stream that ends first, so each stream has a run of its own there.
    runs = runs if str(source).endswith(".mpd") else [sum(runs, [])]
    problems = "".join(run_ffmpeg(source, outputs, options) for outputs in runs)
    frames, times = read_framemd5(hashes.read_text()) if video and hashes.exists() else ([], [])
    return frames, times, pcm.read_bytes() if audio and pcm.exists() else b"", problems


def read_framemd5(text):
    if "#tb 0: " not in text:
        return [], []
    base = Fraction(re.search(r"#tb 0: (\S+)", text)[1])
    rows = [line.split(",") for line in text.splitlines() if not line.startswith("#")]
    times = [int(row[2]) * base for row in rows]
    return [row[5].strip() for row in rows], [t - times[0] for t in times]


def assert_same(got, expected, channels, with_times=True):
    frames, times, pcm, problems = got
    assert problems == "", problems
    assert len(frames) == len(expected[0]), "number of pictures"
    assert frames == expected[0], f"picture {first_difference(frames, expected[0])} differs"
    drift = max((abs(a - b) for a, b in zip(times, expected[1])), default=0) if with_times else 0
    assert drift <= Fraction(1, 45000), f"presentation times differ by up to {float(drift)} s"
    extra = len(pcm) - len(expected[2])
    assert 0 <= extra <= PRIMING_FRAMES * 1024 * channels * 4, f"{extra / 4 / max(channels, 1)} audio samples too many"
    assert pcm[extra:] == expected[2], "sound differs"


def first_difference(a, b):
    return next(i for i, (x, y) in enumerate(zip(a, b)) if x != y)


def streams(path):
    """The source's kinds of streams and the channels of its first audio."""
    out = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=codec_type,channels", "-of", "csv=p=0",
                          str(path)], capture_output=True, text=True, check=True).stdout
    rows = [line.split(",") for line in out.split()]
    channels = next((int(row[1]) for row in rows if row[0] == "audio"), 0)
    return {row[0] for row in rows}, channels


def check_file(server, name, form, folder):
    path = media.any_file(name)
    kinds, channels = streams(path)
    wanted = {"video": "0:v:0" if "video" in kinds else None, "audio": "0:a:0" if "audio" in kinds else None}
    expected = decode(path, folder, **wanted)
    got = decode(server.url(f"/files/{name}/{FORMATS[form]}"), folder, **wanted)
    # FFmpeg 5.1 shifts times by the largest negative composition offset, and its DASH reader forgets the shift half
    # way; test_dash.py and test_cmaf.py read the times themselves.
    assert_same(got, expected, channels, with_times=form != "dash")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", MADE)
def test_generated(site, name, form, tmp_path):
    check_file(site, name, form, tmp_path)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("title", ["two_audio.mp4", "tracks"])
def test_two_languages(site, title, form, tmp_path):
    """Both audio tracks play from the top manifest; in which order FFmpeg lists them is its own affair."""
    sounds = [decode(media.generated("two_audio.mp4"), tmp_path, None, f"0:a:{i}")[2] for i in (0, 1)]
    for i in (0, 1):
        _, _, pcm, problems = decode(site.url(f"/files/{title}/{FORMATS[form]}"), tmp_path, None, f"0:a:{i}")
        assert problems == ""
        match = next((s for s in sounds if pcm.endswith(s) and len(pcm) - len(s) <= PRIMING_FRAMES * 4096), None)
        assert match is not None, f"track {i}: sound differs, or is there twice"
        sounds.remove(match)


@pytest.mark.parametrize("kind", ["hls", "cmaf"])
@pytest.mark.parametrize("title", ["ladder", "tracks"])
def test_every_rendition(site, get, title, kind, tmp_path):
    """Each variant of a folder shows the pictures of its own file."""
    sources = {media.LADDER[n][0]: media.ladder(n) for n in media.LADDER}
    seen = set()
    found = walk.hls_title(get, f"/files/{title}", kind)
    for entry, variant in zip(found.master.variants, found.variants):
        source = sources[entry["RESOLUTION"]]
        audio = "0:a:0" if title == "ladder" and kind == "hls" else None
        got = decode(site.url(variant.path), tmp_path, audio=audio)
        assert_same(got, decode(source, tmp_path, audio=audio), 1)
        seen.add(entry["RESOLUTION"])
    assert seen == set(sources)


@pytest.mark.parametrize("form", FORMATS)
def test_cmaf_tracks(site, form, tmp_path):
    """Separate track files play together: the pictures are those of a variant."""
    frames, _, _, problems = decode(site.url(f"/files/tracks/{FORMATS[form]}"), tmp_path, audio=None)
    assert problems == ""
    candidates = [decode(media.ladder(n), tmp_path, audio=None)[0] for n in media.LADDER]
    assert frames in candidates
