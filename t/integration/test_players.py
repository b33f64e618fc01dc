"""Real players in Chromium: t/browser/play.mjs loads, seeks forward and back, and plays to the end; switches sound,
subtitles and to trick play."""
import bisect
import json
import os
import select
import shutil
import subprocess

import pytest

import boxes
import codec_media
import media
import mezz

BROWSER = mezz.REPO / "t" / "browser"
CHROMIUM = os.environ.get("MEZZ_CHROMIUM", "/usr/bin/chromium")
FILES = ["bbb_480p_30s_aac51.mp4", "flower_540p.mp4", "d_moov_at_end_60fps.mp4"]
MADE = ["faststart.mp4", "video_only.mp4", "two_audio.mp4", "tracks", "ladder"]
TEXT_TITLES = ["faststart.mp4", "tracks"]
PLAYERS = {"hls.js TS": ("hlsjs", "hls/master.m3u8"), "hls.js CMAF": ("hlsjs", "cmaf/master.m3u8"),
           "dash.js": ("dashjs", "cmaf/manifest.mpd"), "Shaka DASH": ("shaka", "cmaf/manifest.mpd"),
           "Shaka HLS": ("shaka", "cmaf/master.m3u8"), "native TS": ("native", "hls/master.m3u8"),
           "native CMAF": ("native", "cmaf/master.m3u8"), "video.js TS": ("videojs", "hls/master.m3u8"),
           "video.js CMAF": ("videojs", "cmaf/master.m3u8"), "video.js DASH": ("videojs", "cmaf/manifest.mpd")}
# What Chromium decodes besides H.264 and AAC; of MP3 it takes only bare frames, as a transport stream has them.
CODECS = {"av1_opus.mp4": ["hls.js CMAF", "dash.js", "Shaka DASH", "Shaka HLS", "video.js CMAF", "video.js DASH"],
          "vp9_flac.mp4": ["hls.js CMAF", "dash.js", "Shaka DASH", "video.js DASH"], "h264_mp3.mp4": ["hls.js TS"]}
AUDIO_PLAYERS = ["hls.js TS", "hls.js CMAF", "dash.js", "Shaka DASH", "video.js CMAF", "video.js DASH"]
TRICK_PLAYERS = ["Shaka DASH", "Shaka HLS"]
TEXT_PLAYERS = [p for p in PLAYERS if not p.startswith("native")]
CUES = """WEBVTT

00:01.000 --> 00:03.000
First

00:05.000 --> 00:12.500 line:0
Across <i>two</i> boundaries

00:06.000 --> 00:07.000
At the boundary
"""
OTHER = "1\n00:00:01,000 --> 00:00:12,000\nAndere\n"
STATIC = "location /static/ { alias %s/; }"

pytestmark = pytest.mark.skipif(not (os.path.exists(CHROMIUM) and shutil.which("node")
                                     and (BROWSER / "node_modules" / "playwright-core").exists()),
                                reason="needs chromium, node, and `npm ci` in t/browser")


@pytest.fixture(scope="module")
def theatre(nginx_for_module, tmp_path_factory, keys):
    root = tmp_path_factory.mktemp("theatre")
    for name in FILES:
        if (mezz.CORPUS / name).exists():
            mezz.place(mezz.CORPUS / name, root / name)
    for name in [*MADE[:3], "vfr.mp4"]:
        mezz.place(media.generated(name), root / name)
    for name in CODECS:
        mezz.place(codec_media.generated(name), root / name)
    mezz.place(media.late_sound(), root / "late.mp4")
    media.place_tracks(root)
    media.place_ladder(root)
    for name in TEXT_TITLES:
        for path in [media.generated(name)] if name in media.SPECS else media.cmaf_tracks().glob("*.mp4"):
            mezz.place(path, root / f"text-{name}" / path.name)
        (root / f"text-{name}" / "film.en.vtt").write_text(CUES)
        (root / f"text-{name}" / "film.de.srt").write_text(OTHER)
    return nginx_for_module(root, workers=2, server=STATIC % BROWSER, token="mezz_token required;",
                            keys=[keys["2026-11"]])


class Chromium:
    """One browser for all tests of a process; each job has a page and a cache of its own."""

    def __init__(self):
        self.process = subprocess.Popen(["node", "play.mjs"], cwd=BROWSER, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def run(self, **job):
        """What play.mjs reports of a job."""
        print(json.dumps(job), file=self.process.stdin, flush=True)
        ready, _, _ = select.select([self.process.stdout], [], [], 400)
        answer = self.process.stdout.readline() if ready else ""
        assert answer, "play.mjs ended" if ready else "play.mjs does not answer"
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()


@pytest.fixture(scope="session")
def chromiums():
    """Holds the one that runs; a test that fails leaves it to be started anew."""
    running = []
    yield running
    for one in running:
        one.close()


@pytest.fixture
def play(theatre, keys, chromiums, tmp_path):
    """play(name, player, query, **job): the report of a job that succeeded."""
    def run(name, player, query="", **job):
        program, top = PLAYERS[player]
        if not chromiums:
            chromiums.append(Chromium())
        chromium = chromiums.pop()
        url = theatre.url(f"/files/{name}/{top}?token={keys['2026-11'].token(path=f'/files/{name}')}{query}")
        try:
            report = chromium.run(page=theatre.url("/static/player.html"), player=program, url=url,
                                  screenshot=str(tmp_path / "screen.png"), **job)
            assert report["failures"] == [], "\n".join(report["failures"])
        except BaseException:
            chromium.close()
            raise
        chromiums.append(chromium)
        assert set(job) - {"permitted"} or report["frames"] > 30
        return report
    return run


def assert_times(report, path):
    """Chromium shows each picture at a time that the source has, by our own reader; all in between come."""
    (track,) = boxes.Movie(path.read_bytes()).of_kind("vide")
    truth = [float(t) for t in track.presentation()]
    assert len(report["times"]) > 10
    for shown in report["times"]:
        at = bisect.bisect(truth, shown)
        assert min(abs(shown - t) for t in truth[max(at - 1, 0):at + 1]) < 0.0011, f"a picture at {shown}"


def duration(path):
    out = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path],
                         capture_output=True, text=True, check=True)
    return float(out.stdout)


# Of an MPD video.js 8.24 takes the set for trick play for a rendition, in spite of its EssentialProperty, and begins with it
# in some titles; player.js forbids it that only once a title has begun.
@pytest.mark.parametrize("player", [p for p in PLAYERS if p != "video.js DASH"])
@pytest.mark.parametrize("name", FILES)
def test_corpus_file(play, name, player, tmp_path):
    path = media.corpus(name)
    report = play(name, player)
    assert abs(report["duration"] - duration(path)) < 0.15
    assert (tmp_path / "screen.png").stat().st_size > 5000


@pytest.mark.parametrize("player", ["hls.js TS", "hls.js CMAF", "dash.js", "Shaka DASH", "video.js TS"])
@pytest.mark.parametrize("name", MADE)
def test_made_title(play, name, player):
    report = play(name, player)
    assert abs(report["duration"] - 13) < 0.15
    assert_times(report, media.generated(name) if name in media.SPECS else media.ladder("180p"))


@pytest.mark.parametrize("player", ["hls.js TS", "hls.js CMAF", "dash.js"])
def test_times_of_a_variable_frame_rate(play, player):
    assert_times(play("vfr.mp4", player), media.generated("vfr.mp4"))


@pytest.mark.parametrize("player", ["hls.js CMAF", "dash.js"])
def test_sound_that_starts_late(play, player):
    """Silence takes its place: each player begins with the first picture."""
    report = play("late.mp4", player)
    assert min(report["times"]) < 0.3
    assert_times(report, media.late_sound())


@pytest.mark.parametrize("player", AUDIO_PLAYERS)
@pytest.mark.parametrize("name", ["two_audio.mp4", "tracks"])
def test_audio_is_switched(play, name, player):
    """The other language is heard, then the first again."""
    tones = {"de": 880, "en": 440}
    play(name, player, audio=[{"language": lang, "tone": tones[lang]} for lang in ("de", "en")])


@pytest.mark.parametrize("player", TRICK_PLAYERS)
def test_trick_play(play, player):
    play("tracks", player, trick=True)


@pytest.mark.parametrize("name, player", [(name, player) for name in CODECS for player in CODECS[name]])
def test_codecs(play, name, player, tmp_path):
    # hls.js begins a transport stream with the frame of MP3 that lies 23 ms before the first picture: pictures come later
    # by as much, and where the machine is slow it tells of a hole before them.
    early = (name, player) == ("h264_mp3.mp4", "hls.js TS")
    report = play(name, player, permitted=["bufferSeekOverHole"] if early else [])
    if not early:
        assert_times(report, codec_media.generated(name))
    assert abs(report["duration"] - 13) < 0.15 and report["size"] == [320, 180]
    assert (tmp_path / "screen.png").stat().st_size > 5000


def around(start, end, cues, step=0.1):
    """Times just within the ends of a cue, and just outside, with what is shown then."""
    shown = lambda at: [text for text, (a, b) in cues.items() if a <= at < b]
    return [{"at": round(t, 3), "cues": shown(t)} for t in (start - step, start + step, end - step, end + step)]


@pytest.mark.parametrize("player", TEXT_PLAYERS)
@pytest.mark.parametrize("name", TEXT_TITLES)
def test_cues_are_shown_in_time(play, name, player):
    """Within 0.1 s of their times, once each, and those of the language that was chosen."""
    cues = {"First": (1, 3), "Across <i>two</i> boundaries": (5, 12.5),
            "At the boundary": (6, 7)}
    times = [t for start, end in [(6, 7), (1, 3), (5, 12.5)] for t in around(start, end, cues)]
    report = play(f"text-{name}", player, language="en", cues=times)
    assert len([s for s in report["steps"] if s["what"].startswith("cues")]) == len(times)
    german = {"Andere": (1, 12)}
    play(f"text-{name}", player, language="de", cues=around(1, 12, german))


@pytest.mark.parametrize("player", ["hls.js TS", "dash.js", "Shaka DASH"])
def test_a_part_is_played(play, player):
    """HLS from the very time, to the segment's end; DASH from the key frame before it, to the very end."""
    report = play("tracks", player, "&from=7.3&to=11.52")
    start = report["steps"][0]["time"]
    if player.startswith("hls"):
        assert abs(report["duration"] - 6) < 0.15 and start >= 1.3
    else:
        assert abs(report["duration"] - 5.52) < 0.15 and start < 1.3


@pytest.mark.parametrize("player", ["hls.js CMAF", "dash.js", "Shaka HLS"])
def test_cues_of_a_part_are_shown_in_time(play, player):
    """Its clock begins at 6 s."""
    cues = {"Across <i>two</i> boundaries": (-1, 6.5), "At the boundary": (0, 1)}
    times = [*around(0, 1, cues)[2:], *around(0, 6.5, cues)[2:]]
    play("text-tracks", player, "&from=6&to=12.9", language="en", cues=times)
