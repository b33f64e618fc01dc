"""A source whose codecs players know is copied: the same pictures and sound, at once, in files that the module packages."""
import subprocess
from fractions import Fraction

import pytest

import worker
from mezz import CORPUS

pytestmark = worker.needs_worker

X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "2", "-g", "50", "-keyint_min", "50",
        "-sc_threshold", "0"]


def hashes(path, stream, *options):
    """What each picture of a stream is, decoded, or each packet with -c copy."""
    done = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", f"0:{stream}:0", "-fps_mode", "passthrough",
                           *options, "-f", "framemd5", "-"], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return [line.split(",")[5].strip() for line in done.stdout.splitlines() if not line.startswith("#")]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """6 s at 25 pictures a second with B-pictures, a key frame every 2 s, sound and subtitles."""
    folder = tmp_path_factory.mktemp("remux")
    text = folder / "s.srt"
    text.write_text("1\n00:00:01,000 --> 00:00:02,500\nHello\n")
    return worker.make(folder / "s.mp4", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=6", "-f", "lavfi",
                       "-i", "sine=440:sample_rate=48000:duration=6", "-i", text, *X264, "-c:a", "aac", "-c:s", "mov_text",
                       "-metadata:s:a:0", "language=eng", "-metadata:s:s:0", "language=eng")


def remux(source, folder, *options):
    return worker.run(source, folder, *options, command="remux")


def test_an_mp4_is_copied(source, tmp_path, nginx):
    result = remux(source, tmp_path / "title", "--video-id", "v-1", "--revision", "2")
    assert result.ready, result.json
    assert result.names() == ["source", "audio-eng-source"]
    best = result.asset["renditions"][0]
    assert (best["width"], best["height"], result.asset["duration_ms"]) == (640, 360, 6000)
    assert worker.visible(result.folder) == ["asset.json", "audio-eng-source.mp4", "source.mp4", "subs-eng.vtt",
                                             "thumbs/poster.jpg"]
    video, sound = result.track("source"), result.track("audio-eng-source")
    assert worker.keyframe_times(video) == [0, 2, 4]
    assert video.presentation() == [Fraction(n, 25) for n in range(150)]
    assert [f.base for f in video.fragments] == [n * 2 * video.timescale for n in range(3)]
    assert sound.shift == -1024 and sound.presentation()[0] == Fraction(-1024, 48000)
    assert hashes(result.folder / "source.mp4", "v") == hashes(source, "v")
    assert hashes(result.folder / "audio-eng-source.mp4", "a", "-c", "copy") == hashes(source, "a", "-c", "copy")

    server = nginx(tmp_path)
    for manifest in ("hls/master.m3u8", "cmaf/master.m3u8"):
        done = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v", "-show_entries",
                               "stream=codec_name,nb_read_frames", "-of", "csv=p=0",
                               server.url(f"/files/title/{manifest}")], capture_output=True, text=True, timeout=60)
        assert done.stderr == "" and set(done.stdout.split()) == {"h264,150"}, manifest


@pytest.mark.parametrize("suffix", ["ts", "mkv", "flv"])
def test_other_containers_give_the_same_pictures(source, tmp_path, suffix):
    other = worker.make(tmp_path / f"s.{suffix}", "-i", source, "-map", "0:v", "-map", "0:a", "-c", "copy")
    result = remux(other, tmp_path / "title")
    assert result.ready, result.json
    video = result.track("source")
    assert hashes(result.folder / "source.mp4", "v") == hashes(source, "v")
    assert [round(float(t), 2) for t in worker.keyframe_times(video)] == [0, 2, 4]
    assert all(abs(float(a) - n / 25) < 0.002 for n, a in enumerate(video.presentation()))
    assert abs(result.asset["duration_ms"] - 6000) <= 40


def test_sound_that_players_do_not_know_is_transcoded(source, tmp_path):
    other = worker.make(tmp_path / "s.mkv", "-i", source, "-map", "0:v", "-map", "0:a", "-c:v", "copy", "-c:a", "pcm_s16le")
    result = remux(other, tmp_path / "title")
    assert result.asset["renditions"][1]["codecs"] == "mp4a.40.2"


@pytest.mark.parametrize("suffix", ["mp4", "ts"])
def test_gaps_in_the_sound_are_filled(source, tmp_path, suffix):
    """With silent packets; all others are the source's, where they were (as far as MPEG-TS tells)."""
    other = worker.make(tmp_path / f"s.{suffix}", "-i", source, "-map", "0:v", "-map", "0:a", "-c", "copy", "-bsf:a",
                        "noise=drop='between(n,100,149)+between(n,200,210)'")
    result = remux(other, tmp_path / "title")
    assert result.ready, result.json
    name = result.names()[1]
    made, kept = (hashes(path, "a", "-c", "copy") for path in (result.folder / f"{name}.mp4", source))
    silent = made[100]
    assert len(made) == len(kept) and made.count(silent) == 61 and set(made) == {silent, *kept[:100], *kept[150:200], *kept[211:]}
    assert suffix == "ts" or made == [silent if 100 <= n < 150 or 200 <= n < 211 else packet for n, packet in enumerate(kept)]
    times = [s.pts for s in result.track(name).samples]
    assert [time - times[0] for time in times] == [1024 * n for n in range(len(kept))]
    decoded = subprocess.run(["ffmpeg", "-v", "error", "-ss", "2.3", "-t", "0.7", "-i", result.folder / f"{name}.mp4", "-f",
                              "s16le", "-"], capture_output=True, check=True)
    assert suffix == "ts" or decoded.stderr == b"" and len(decoded.stdout) > 60000 and not any(decoded.stdout)


def test_sound_that_has_gaps_and_no_silent_packets_is_encoded(source, tmp_path):
    other = worker.make(tmp_path / "s.mkv", "-i", source, "-map", "0:v", "-map", "0:a", "-c:v", "copy", "-c:a", "libmp3lame",
                        "-bsf:a", "noise=drop='between(n,100,149)'")
    result = remux(other, tmp_path / "title")
    assert result.ready and result.asset["renditions"][1]["codecs"] == "mp4a.40.2"
    assert hashes(result.folder / "source.mp4", "v") == hashes(source, "v") and result.asset["duration_ms"] == 6000


REFUSED = {
    "open groups": (["-g", "50", "-x264-params", "open-gop=1:bframes=3"], ["-t", "20"], "too much between"),
    "a group of 20 s": (["-g", "1000"], ["-t", "20"], "too much between"),
    "4:4:4": (["-pix_fmt", "yuv444p"], [], "do not know their format"),
    "MPEG-4": (["-c:v", "mpeg4"], [], "do not know their format"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_would_not_play_is_refused_with_its_reason(what, tmp_path):
    codec, length, reason = REFUSED[what]
    source = worker.make(tmp_path / "s.mkv", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=20",
                         "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-sc_threshold", "0", *codec,
                         *(length or ["-t", "6"]))
    result = remux(source, tmp_path / "title")
    assert not result.ready and reason in result.reason and result.json["kind"] == "source"
    assert not (tmp_path / "title").exists()


# File: what the reason for refusing says, or None.
FILES = {
    "bee_720p.mp4": None,
    "bbb_480p_30s_aac51.mp4": None,
    "d_av1_opus.mp4": None,
    "d_vp9_odd_321x181.webm": None,
    "hevc_720p_23.976.mp4": None,
    "nal_length_2.mp4": None,
    "friday_audiofirst.mp4": None,
    "d_vfr_mixed.mp4": None,
    "d_audio_starts_late_2s.mp4": None,
    "d_hevc_main10_hdr10_tagged.mkv": None,
    "iphone_ios9_rot90.mov": "must be turned",
    "d_h264_high10.mp4": "do not know their format",
    "d_h264_interlaced_ac3.mkv": "interlaced",
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_corpus(name, tmp_path):
    if not (CORPUS / name).exists():
        pytest.skip(f"{CORPUS / name} is missing")
    result = remux(CORPUS / name, tmp_path / "title")
    if FILES[name]:
        assert not result.ready and FILES[name] in result.reason
        return
    assert result.ready, result.json
    for rendition in result.names():
        done = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", result.folder / f"{rendition}.mp4", "-f",
                               "null", "-"], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, ""), rendition
    assert hashes(result.folder / "source.mp4", "v") == hashes(CORPUS / name, "v")
