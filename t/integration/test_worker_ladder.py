"""What a ladder can ask for: other codecs, HDR kept, caps fitted to the title."""
import json
import subprocess

import pytest

import worker

pytestmark = worker.needs_worker

X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
CODECS = [{"name": "360p", "height": 360, "max_kbps": 800},
          {"name": "360p-hevc", "height": 360, "max_kbps": 600, "codec": "hevc"},
          {"name": "240p-av1", "height": 240, "max_kbps": 300, "codec": "av1"}]


def ladder(folder, rungs):
    path = folder / "ladder.json"
    path.write_text(json.dumps(rungs))
    return ["--ladder", path]


def shown(path, *entries):
    done = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "stream=" + ",".join(entries),
                           "-of", "default=nw=1", path], capture_output=True, text=True, check=True)
    return dict(line.split("=", 1) for line in done.stdout.split())


@pytest.fixture(scope="module")
def hdr(tmp_path_factory):
    """2.5 s of HDR10."""
    folder = tmp_path_factory.mktemp("hdr")
    return worker.make(folder / "s.mkv", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=24:duration=2.5", "-c:v", "libx265",
                       "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-x265-params",
                       "log-level=error:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:hdr10=1:max-cll=1000,400:"
                       "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)")


def test_codecs_share_keyframes_and_keep_hdr(hdr, tmp_path, nginx):
    result = worker.run(hdr, tmp_path / "title", *worker.FAST, *ladder(tmp_path, CODECS))
    assert result.ready, result.json
    assert result.names() == [rung["name"] for rung in CODECS]
    for name in result.names():
        assert worker.keyframe_times(result.track(name)) == [0, 2], name
        assert len(result.track(name).samples) == 60, name
    colors = "codec_name", "pix_fmt", "color_transfer", "color_primaries"
    wide = {"color_transfer": "smpte2084", "color_primaries": "bt2020", "pix_fmt": "yuv420p10le"}
    assert shown(result.folder / "360p.mp4", *colors) == {
        "codec_name": "h264", "pix_fmt": "yuv420p", "color_transfer": "bt709", "color_primaries": "bt709"}
    assert shown(result.folder / "360p-hevc.mp4", *colors) == {"codec_name": "hevc", **wide}
    assert shown(result.folder / "240p-av1.mp4", *colors) == {"codec_name": "av1", **wide}
    frame = subprocess.run(["ffprobe", "-v", "error", "-read_intervals", "%+#1", "-show_frames",
                            result.folder / "360p-hevc.mp4"], capture_output=True, text=True).stdout
    assert "max_luminance=10000000/10000" in frame and "max_content=1000" in frame

    master = nginx(tmp_path).client()("/files/title/cmaf/master.m3u8").text
    ranges = {line.split('CODECS="')[1][:4]: line.split("VIDEO-RANGE=")[1].split(",")[0]
              for line in master.splitlines() if line.startswith("#EXT-X-STREAM-INF")}
    assert ranges == {"avc1": "SDR", "hvc1": "PQ", "av01": "PQ"}

    again = worker.run(hdr, tmp_path / "again", "--decoder-threads", "1", *worker.FAST, *ladder(tmp_path, CODECS))
    for name in result.names():
        assert again.data(name) == result.data(name), name


def test_a_ladder_without_standard_range_has_pictures_all_the_same(hdr, tmp_path):
    result = worker.run(hdr, tmp_path / "title", *worker.FAST, *ladder(tmp_path, CODECS[1:2]))
    assert result.ready and result.names() == ["360p-hevc"]
    assert (result.folder / "thumbs/poster.jpg").read_bytes().startswith(b"\xff\xd8")


def test_an_easy_title_costs_less_and_a_hard_one_what_the_ladder_allows(tmp_path):
    sources = {"easy": "gradients=size=640x360:rate=25:duration=6:speed=0.001:seed=1:n=2",
               "hard": "nullsrc=size=640x360:rate=25:duration=6,geq=random(1)*255:128:128"}
    made = {}
    for name, description in sources.items():
        source = worker.make(tmp_path / f"{name}.mkv", "-f", "lavfi", "-i", description, *X264, "-crf", "12")
        for choice in ("on", "off"):
            result = worker.run(source, tmp_path / name / choice, "--per-title", choice, *worker.FAST)
            made[name, choice] = {r["name"]: (r["crf"], r["max_kbps"]) for r in result.asset["renditions"]}
    plain = {"360p": (23, 800), "240p": (23, 400)}
    assert made["easy", "off"] == made["hard", "off"] == made["hard", "on"] == plain
    for name, (crf, cap) in made["easy", "on"].items():
        assert 23 < crf <= 29 and plain[name][1] / 4 <= cap < plain[name][1]


@pytest.mark.parametrize("rung, complaint", [({"codec": "vp9"}, "codec"), ({"codec": "hevc", "crf": 60}, "crf"),
                                             ({"name": "source"}, "name")])
def test_a_wrong_rung_is_named(rung, complaint, tmp_path):
    done = subprocess.run([worker.BINARY, "transcode", "/dev/null", tmp_path / "t",
                           *map(str, ladder(tmp_path, [{"name": "a", "height": 360, "max_kbps": 800, **rung}]))],
                          capture_output=True, text=True)
    assert done.returncode == 2 and f'"{complaint}"' in done.stderr


def test_surround_sound_is_kept_beside_stereo_and_loudness_is_told(tmp_path):
    chapters = tmp_path / "chapters.txt"
    chapters.write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1500\ntitle=One & only\n"
                        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=1500\nEND=9000\ntitle=Two\n")
    source = worker.make(tmp_path / "s.mkv", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=4", "-f", "lavfi",
                         "-i", "sine=1000:sample_rate=48000:duration=4", "-i", chapters, "-map", "0", "-map", "1", "-map", "1",
                         "-map_chapters", "2", "-filter:a:0", "volume=0.5,pan=5.1|FL=c0|FR=c0|FC=c0|LFE=c0|BL=c0|BR=c0",
                         *X264, "-c:a", "flac", "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fre")
    result = worker.run(source, tmp_path / "title", *worker.FAST)
    sounds = {r["name"]: r for r in result.asset["renditions"] if "height" not in r}
    assert {name: r["codecs"] for name, r in sounds.items()} == {"audio-eng": "mp4a.40.2", "audio-eng-51": "ec-3",
                                                                  "audio-fra": "mp4a.40.2"}
    assert [name for name, r in sounds.items() if r.get("default")] == ["audio-eng"]
    for name, channels in (("audio-eng", "2"), ("audio-eng-51", "6"), ("audio-fra", "2")):
        track = result.track(name)
        assert abs((track.samples[-1].pts + track.samples[-1].duration) / track.timescale - 4) < 0.07
        done = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=channels", "-of", "csv=p=0",
                               result.folder / f"{name}.mp4"], capture_output=True, text=True)
        assert (done.stdout.strip().strip(","), done.stderr) == (channels, "")
    heard = sounds["audio-eng-51"]["loudness"]
    # Three times a sine at 1/16 in front, twice behind with 1.5 dB more (ITU-R BS.1770-4): -19.4 LUFS.
    assert abs(heard["integrated_lufs"] + 19.4) < 0.3 and abs(heard["true_peak_dbtp"] + 24.1) < 0.5
    assert result.asset["chapters"] == [{"start_ms": 0, "end_ms": 1500, "title": "One & only"},
                                        {"start_ms": 1500, "end_ms": 4000, "title": "Two"}]
    assert (result.folder / "chapters.vtt").read_text() == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nOne &amp; only\n\n00:00:01.500 --> 00:00:04.000\nTwo\n")
