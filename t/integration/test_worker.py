"""The ingest worker makes a title of one file: renditions, index, pictures, and a module that plays it."""
import struct
import subprocess
from fractions import Fraction

import pytest

import boxes
import worker
from mezz import CORPUS

pytestmark = worker.needs_worker

H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """720p, 25 pictures a second, 5 s, two languages, subtitles."""
    folder = tmp_path_factory.mktemp("source")
    subtitles = folder / "s.srt"
    subtitles.write_text("1\n00:00:01,000 --> 00:00:02,500\n<i>Hello</i> & welcome\n\n"
                         "2\n00:00:03,000 --> 00:00:04,000\nBye\n")
    return worker.make(folder / "source.mkv", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25:duration=5",
                       "-f", "lavfi", "-i", "sine=440:sample_rate=44100:duration=5",
                       "-f", "lavfi", "-i", "sine=880:sample_rate=48000:duration=4", "-i", subtitles,
                       "-map", "0", "-map", "1", "-map", "2", "-map", "3", *H264, "-bf", "2", "-c:a", "aac",
                       "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=ger",
                       "-metadata:s:s:0", "language=eng", "-metadata", "title=Test & title")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return tmp_path_factory.mktemp("library")


@pytest.fixture(scope="module")
def title(source, library):
    result = worker.run(source, library / "title", "--video-id", "v-1", "--revision", "7", *worker.FAST)
    assert result.ready, result.json
    return result


def test_the_ladder_and_its_descriptor(title):
    asset = title.asset
    assert asset["version"] == 1 and asset["revision"] == 7 and asset["video_id"] == "v-1"
    assert asset["title"] == "Test & title" and asset["duration_ms"] == 5000
    assert title.names() == ["720p", "480p", "360p", "240p", "audio-eng", "audio-deu"]
    assert [(r["width"], r["height"]) for r in asset["renditions"][:4]] == [(1280, 720), (854, 480), (640, 360),
                                                                            (426, 240)]
    english, german = asset["renditions"][4:]
    assert (english["language"], english["label"], english["default"]) == ("en", "English", True)
    assert (german["language"], german["label"], german.get("default")) == ("de", "German", None)
    assert all(r["codecs"].startswith("avc1." if "height" in r else "mp4a.40.2") for r in asset["renditions"])
    # Forms of pictures that are not smaller than the JPEG are not there.
    visible = [name for name in worker.visible(title.folder) if not name.endswith((".webp", ".avif"))]
    assert visible == sorted(
        [f"{name}.mp4" for name in title.names()] +
        ["asset.json", "subs-eng.vtt", "thumbs/poster.jpg", "thumbs/storyboard.vtt", "thumbs/storyboard_0.jpg"])
    assert not list(title.folder.glob(".ingest-*"))


def test_every_picture_once_and_keyframes_at_the_same_times(title):
    times = [worker.keyframe_times(title.track(name)) for name in title.videos()]
    assert times[0] == [0, 2, 4]
    assert all(t == times[0] for t in times)
    for name in title.videos():
        assert title.track(name).presentation() == [Fraction(n, 25) for n in range(125)], name


def test_sound_covers_the_pictures_and_no_more(title):
    for name in ("audio-eng", "audio-deu"):
        track = title.track(name)
        end = Fraction(track.samples[-1].pts + track.samples[-1].duration, track.timescale)
        assert track.shift == -1024 and 5 <= end < 5 + Fraction(2 * 1024, 48000)
        for fragment, boundary in zip(track.fragments, (0, 2, 4)):
            assert abs(Fraction(fragment.base + track.shift, 48000) - boundary) <= Fraction(1024, 48000)


@pytest.mark.parametrize("name", ["720p", "240p", "audio-eng"])
def test_the_index_tells_the_truth(title, name):
    data, track = title.data(name), title.track(name)
    top = list(boxes.walk(data))
    kinds = [b.type for b in top]
    assert kinds[:4] == [b"ftyp", b"moov", b"sidx", b"ssix"]
    assert kinds[4:] == [b"moof", b"mdat"] * (len(kinds[4:]) // 2)
    sidx, ssix = top[2], top[3]
    words = struct.unpack_from(">5I2H", data, sidx.body)
    assert words[:6] == (0, track.id, track.timescale, 0, ssix.end - ssix.start, 0)
    moofs = [b for b in top if b.type == b"moof"]
    assert words[6] == len(moofs)
    at, position = ssix.body + 8, ssix.end
    for number, moof in enumerate(moofs):
        reference, duration, sap = struct.unpack_from(">3I", data, sidx.body + 24 + 12 * number)
        samples = [s for s in track.samples if s.fragment == number]
        assert moof.start == position and sap == 1 << 31 | 1 << 28
        assert duration == sum(s.duration for s in samples)
        count, first, rest = struct.unpack_from(">3I", data, at)
        at, position = at + 4 + 4 * count, position + reference
        assert first >> 24 == 1 and first & 0xFFFFFF == samples[0].offset + samples[0].size - moof.start
        assert rest >> 24 == 2 and (first & 0xFFFFFF) + (rest & 0xFFFFFF) == reference
        assert samples[0].sync and (track.handler == "soun" or not any(s.sync for s in samples[1:]))
    assert position == len(data)
    assert [f.sequence for f in track.fragments] == list(range(1, len(moofs) + 1))


def test_ffmpeg_decodes_every_rendition_without_a_warning(title):
    for name in title.names():
        done = subprocess.run(["ffmpeg", "-nostdin", "-v", "warning", "-i", title.folder / f"{name}.mp4", "-f", "null",
                               "-"], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, ""), name


def test_pictures_and_subtitles(title):
    thumbs = title.folder / "thumbs"
    for name, size in (("poster.jpg", "1280,720"), ("storyboard_0.jpg", "800,450")):
        done = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=width,height", "-of", "csv=p=0",
                               thumbs / name], capture_output=True, text=True)
        assert done.stdout.strip() == size and done.stderr == ""
    for form, magic in (("webp", b"WEBP"), ("avif", b"ftypavif")):
        poster = (thumbs / f"poster.{form}").read_bytes()
        assert magic in poster[:12] and len(poster) < (thumbs / "poster.jpg").stat().st_size
    assert (thumbs / "storyboard.vtt").read_text() == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nstoryboard_0.jpg#xywh=0,0,160,90\n"
        "\n00:00:02.000 --> 00:00:04.000\nstoryboard_0.jpg#xywh=160,0,160,90\n"
        "\n00:00:04.000 --> 00:00:05.000\nstoryboard_0.jpg#xywh=320,0,160,90\n")
    assert (title.folder / "subs-eng.vtt").read_text() == (
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\n<i>Hello</i> &amp; welcome\n"
        "\n00:00:03.000 --> 00:00:04.000\nBye\n")


def test_progress_is_told_and_ends_at_100(title):
    assert title.progress[0] == {"stage": "probe", "percent": 0.0}
    assert title.progress[-1] == {"stage": "publish", "percent": 100.0}
    for name in title.videos():
        percents = [p["percent"] for p in title.progress if p.get("rendition") == name]
        assert percents == sorted(percents) and percents[-1] == 100


def test_the_same_job_gives_the_same_bytes(title, source, tmp_path):
    again = worker.run(source, tmp_path / "again", "--video-id", "v-1", "--revision", "7", "--decoder-threads", "1",
                       *worker.FAST)
    assert worker.visible(again.folder) == worker.visible(title.folder)
    for name in worker.visible(title.folder):
        assert (again.folder / name).read_bytes() == (title.folder / name).read_bytes(), name


@pytest.mark.parametrize("manifest", ["hls/master.m3u8", "cmaf/master.m3u8"])
def test_the_module_plays_it(title, library, nginx, manifest):
    server = nginx(library)
    url = server.url(f"/files/title/{manifest}")
    master = server.client()(f"/files/title/{manifest}")
    assert master.status == 200 and master.text.count("#EXT-X-STREAM-INF") == 5  # and the sound alone
    frames = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-show_entries",
                             "stream=codec_name,height,nb_read_frames", "-of", "csv=p=0", url],
                            capture_output=True, text=True, timeout=60)
    assert frames.stderr == ""
    heights = sorted(line for line in set(frames.stdout.split()) if line.startswith("h264"))
    assert heights == ["h264,240,125", "h264,360,125", "h264,480,125", "h264,720,125"]


def test_60_pictures_a_second_are_halved_below(tmp_path):
    source = worker.make(tmp_path / "s.mp4", "-f", "lavfi", "-i",
                         "testsrc2=size=1280x720:rate=60000/1001:duration=4.2", *H264)
    result = worker.run(source, tmp_path / "title", *worker.FAST)
    full, half = result.track("720p"), result.track("480p")
    assert len(half.samples) == (len(full.samples) + 1) // 2
    assert full.timescale == half.timescale == 60000
    assert worker.keyframe_times(full) == worker.keyframe_times(half) == [0, Fraction(2002, 1000), Fraction(4004, 1000)]


def loudness(path, rate=48000):
    """Seconds at which sound begins."""
    pcm = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-ac", "1", "-f", "s16le", "-"],
                         capture_output=True, check=True).stdout
    samples = struct.unpack(f"<{len(pcm) // 2}h", pcm)
    return next(i for i, s in enumerate(samples) if abs(s) > 1000) / rate


def test_late_sound_stays_late(tmp_path):
    source = worker.make(tmp_path / "s.mkv", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=4",
                         "-itsoffset", "1.5", "-f", "lavfi", "-i", "sine=440:duration=1.5", *H264, "-c:a", "flac")
    result = worker.run(source, tmp_path / "title", *worker.FAST)
    assert abs(loudness(result.folder / "audio-und.mp4") - 1.5) < 0.05
    assert result.asset["duration_ms"] == 4000


def test_late_pictures_start_at_0(tmp_path):
    source = worker.make(tmp_path / "s.mkv", "-itsoffset", "1", "-f", "lavfi", "-i",
                         "testsrc2=size=320x180:rate=25:duration=2", "-f", "lavfi", "-i", "sine=440:duration=3",
                         *H264, "-c:a", "flac")
    result = worker.run(source, tmp_path / "title", *worker.FAST)
    assert result.track("240p").presentation() == [Fraction(n, 25) for n in range(75)]


def test_long_sound_keeps_the_last_picture(tmp_path):
    source = worker.make(tmp_path / "s.mkv", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=1",
                         "-f", "lavfi", "-i", "sine=440:duration=4", *H264, "-c:a", "flac")
    result = worker.run(source, tmp_path / "title", *worker.FAST)
    assert result.asset["duration_ms"] == 4000 and len(result.track("240p").samples) == 100


# name: (size of the best rendition, pictures in it, sounds, subtitles)
FACTS = {
    "iphone_ios9_rot90.mov": ((720, 1280), 14, 1, 0),
    "d_2audio_2subs.mkv": ((640, 480), None, 2, 2),
    "d_h264_interlaced_ac3.mkv": ((854, 480), 150, 1, 0),
    "avchd_1080i_ac3.mts": ((1920, 1080), 61, 1, 0),
    "d_hevc_main10_hdr10_tagged.mkv": ((640, 360), 72, 1, 0),
    "phone_rot90_hevc10_hlg.mov": ((1080, 1920), 40, 0, 0),
    "d_vp9_odd_321x181.webm": ((322, 180), 120, 1, 0),
    "sar_3x2_1280x1080.mp4": ((1920, 1080), None, 1, 0),
    "mpeg2_576.mxf": ((640, 480), None, 0, 0),
    "d_audio_starts_late_2s.mp4": ((426, 240), 192, 1, 0),
    "audio_eac3.mp4": (None, 0, 2, 0),  # stereo and 5.1
    "friday_audiofirst.mp4": ((640, 480), 185, 1, 0),
    "d_prores422_pcm.mov": ((640, 360), 72, 1, 0),
    "audio_shorter.mp4": ((320, 240), 36, 1, 0),
}


@pytest.mark.parametrize("name", FACTS)
def test_a_file_of_the_corpus(name, tmp_path):
    if not (CORPUS / name).exists():
        pytest.skip(f"{CORPUS / name} is missing")
    size, pictures, sounds, subtitles = FACTS[name]
    result = worker.run(CORPUS / name, tmp_path / "title", *worker.FAST)
    assert result.ready, result.json
    videos = result.videos()
    assert len(result.names()) - len(videos) == sounds and len(result.asset["subtitles"]) == subtitles
    for rendition in result.names():
        done = subprocess.run(["ffmpeg", "-nostdin", "-v", "warning", "-i", result.folder / f"{rendition}.mp4", "-f",
                               "null", "-"], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, ""), rendition
    if not size:
        assert not videos
        return
    best = result.asset["renditions"][0]
    assert (best["width"], best["height"]) == size
    assert pictures is None or len(result.track(videos[0]).samples) == pictures
    times = [worker.keyframe_times(result.track(v)) for v in videos]
    assert all(t == times[0] for t in times)
