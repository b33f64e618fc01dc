"""Real players in Chromium: t/browser/play.mjs loads a title, switches sound and subtitles, moves by key frames, seeks forward
and back, and plays to the end."""
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
MADE = ["video_only.mp4", "ladder"]
PLAYERS = {"hls.js TS": ("hlsjs", "hls/master.m3u8"), "hls.js CMAF": ("hlsjs", "cmaf/master.m3u8"),
           "dash.js": ("dashjs", "cmaf/manifest.mpd"), "Shaka DASH": ("shaka", "cmaf/manifest.mpd"),
           "Shaka CMAF": ("shaka", "cmaf/master.m3u8"), "Shaka TS": ("shaka", "hls/master.m3u8"),
           "native TS": ("native", "hls/master.m3u8"), "native CMAF": ("native", "cmaf/master.m3u8"),
           "video.js TS": ("videojs", "hls/master.m3u8"), "video.js CMAF": ("videojs", "cmaf/master.m3u8"),
           "video.js DASH": ("videojs", "cmaf/manifest.mpd")}
SOME = ["hls.js TS", "hls.js CMAF", "dash.js", "Shaka DASH", "video.js TS"]
CHOOSING = [p for p in PLAYERS if not p.startswith("native")]  # Chromium's own cannot be told to
TS = [p for p in CHOOSING if p.endswith(" TS")]
# All that MediaSource of Chromium takes (no HEVC, AC-3 or E-AC-3), each in two languages. "tracks" are those of the worker. MP3 it
# takes as bare frames only, which these have from a transport stream; mux.js of video.js does not look for it there.
CODECS = {"tracks": CHOOSING, "two_audio.mp4": ["hls.js TS", "dash.js", "video.js CMAF"], "he_aac.mp4": CHOOSING,
          "h264_mp3.mp4": ["hls.js TS", "Shaka TS", "native TS"], "av1_opus.mp4": [p for p in CHOOSING if p not in TS],
          "vp9_flac.mp4": [p for p in CHOOSING if p not in TS]}
# hls.js 1.7.4 may miss the end of what it appends to one buffer while the other is at it, and takes the segment for one that brought
# nothing. It goes on; a segment that it then loads again would be told of with a (2).
FALSE_ALARM = "bufferAppendNoProgress  Error: Fragment append did not increase buffered coverage (1)"
# What each can do with the I-frames: move fast, or show that of a time beside what plays. The others take no notice.
TRICKS = {"Shaka DASH": {"trick": True}, "Shaka CMAF": {"trick": True}, "hls.js TS": {"key_frames": [8.7, 3.2]},
          "hls.js CMAF": {"key_frames": [8.7, 3.2]}}
LATE = {"late.mp4": media.late_sound, "late_flac.mp4": lambda: codec_media.late("flac"),
        "late_mp3.mp4": lambda: codec_media.late("mp3")}
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


def two_languages(name):
    return media.generated(name) if name in media.SPECS else codec_media.two_languages(name)


@pytest.fixture(scope="module")
def theatre(nginx_for_module, tmp_path_factory, keys):
    root = tmp_path_factory.mktemp("theatre")
    for name in FILES:
        if (mezz.CORPUS / name).exists():
            mezz.place(mezz.CORPUS / name, root / name)
    for name in ("video_only.mp4", "vfr.mp4"):
        mezz.place(media.generated(name), root / name)
    for name, made in LATE.items():
        mezz.place(made(), root / name)
    media.place_ladder(root)
    for name in CODECS:
        for path in media.cmaf_tracks().glob("*.mp4") if name == "tracks" else [two_languages(name)]:
            mezz.place(path, root / name / path.name)
        (root / name / "film.en.vtt").write_text(CUES)
        (root / name / "film.de.srt").write_text(OTHER)
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
    def run(name, player, query="", permitted=(), **job):
        program, top = PLAYERS[player]
        if not chromiums:
            chromiums.append(Chromium())
        chromium = chromiums.pop()
        url = theatre.url(f"/files/{name}/{top}?token={keys['2026-11'].token(path=f'/files/{name}')}{query}")
        try:
            report = chromium.run(page=theatre.url("/static/player.html"), player=program, url=url,
                                  screenshot=str(tmp_path / "screen.png"), permitted=[FALSE_ALARM, *permitted], **job)
            assert report["failures"] == [], "\n".join(report["failures"])
        except BaseException:
            chromium.close()
            raise
        chromiums.append(chromium)
        assert report["frames"] > 30
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
# where it takes the network for slow; player.js forbids it that only once a title has begun.
@pytest.mark.parametrize("name, player", [(FILES[0], p) for p in PLAYERS if p != "video.js DASH"] +
                         [(name, p) for name in FILES[1:] for p in SOME])
def test_corpus_file(play, name, player, tmp_path):
    path = media.corpus(name)
    report = play(name, player)
    assert abs(report["duration"] - duration(path)) < 0.15
    assert (tmp_path / "screen.png").stat().st_size > 5000


@pytest.mark.parametrize("player", SOME)
@pytest.mark.parametrize("name", MADE)
def test_made_title(play, name, player):
    report = play(name, player)
    assert abs(report["duration"] - 13) < 0.15
    assert_times(report, media.generated(name) if name in media.SPECS else media.ladder("180p"))


def around(start, end, cues, step=0.1):
    """Times just within the ends of a cue, and just outside, with what is shown then."""
    shown = lambda at: [text for text, (a, b) in cues.items() if a <= at < b]
    return [{"at": round(t, 3), "cues": shown(t)} for t in (start - step, start + step, end - step, end + step)]


def choices(name, player):
    """What is chosen while a title plays."""
    if player == "native TS":
        return {}
    # The other sound, and back. Of MP3 hls.js offers none beside the one in the pictures' segments: it asks for MP3 in MP4.
    sounds = [{"language": "de", "tone": 880}, {"language": "en", "tone": 440}]
    sounds = sounds[::-1] if name == "tracks" else sounds[name == "h264_mp3.mp4" and player == "hls.js TS":]
    # Shaka 5.2 takes the earliest decoding time of a segment for its start, and leaves a hole of the pictures' delay before it,
    # unless it is told to put segments one behind the other.
    if player == "Shaka TS" and name != "tracks":
        return {"audio": sounds}
    english = {"First": (1, 3), "Across <i>two</i> boundaries": (5, 12.5), "At the boundary": (6, 7)}
    times = [t for start, end in [(6, 7), (1, 3), (5, 12.5)] for t in around(start, end, english)]
    made = {"audio": sounds, "language": "en", "cues": times if name == "tracks" else times[:4],
            "text": {"language": "de", "cues": around(1, 12, {"Andere": (1, 12)})}}
    if name == "tracks":
        made |= TRICKS.get(player, {})
    if player == "Shaka TS":
        made["config"] = {"manifest": {"hls": {"sequenceMode": True}}}
    return made


@pytest.mark.parametrize("name, player", [(name, player) for name in CODECS for player in CODECS[name]])
def test_codecs(play, name, player, tmp_path):
    """Each plays all, hears either language, shows either's cues within 0.1 s of their times, and moves by key frames if it can."""
    # hls.js and Chromium begin a transport stream with the frame of MP3 that lies 23 ms before the first picture: pictures come
    # later by as much, and where the machine is slow hls.js tells of a hole before them. It then also tells of stalls with all
    # data there; tasks.mjs knows real ones. And hls.js tells of loads that it gives up itself as it seeks.
    early = name == "h264_mp3.mp4" and player in ("hls.js TS", "native TS")
    permitted = ["bufferStalledError", "hls.js networkError aborted", *["bufferSeekOverHole"] * early]
    report = play(name, player, permitted=permitted, through=True, **choices(name, player))
    if not early and (player != "Shaka TS" or name == "tracks"):  # of which see choices()
        assert_times(report, media.ladder("180p") if name == "tracks" else two_languages(name))
    assert abs(report["duration"] - 13) < 0.15
    assert report["size"] == [320, 180] or name == "tracks"
    assert (tmp_path / "screen.png").stat().st_size > 5000


@pytest.mark.parametrize("player", ["hls.js TS", "hls.js CMAF", "dash.js"])
def test_times_of_a_variable_frame_rate(play, player):
    assert_times(play("vfr.mp4", player), media.generated("vfr.mp4"))


@pytest.mark.parametrize("name, player", [("late.mp4", "hls.js CMAF"), ("late_flac.mp4", "dash.js"),
                                          ("late_flac.mp4", "video.js CMAF"), ("late_mp3.mp4", "hls.js TS")])
def test_sound_that_starts_late(play, name, player):
    """Silence takes its place: each player begins with the first picture."""
    early = name == "late_mp3.mp4"  # a frame of silence, too: see test_codecs()
    report = play(name, player, permitted=["bufferSeekOverHole"] * early)
    assert min(report["times"]) < 0.3
    if not early:
        assert_times(report, LATE[name]())


@pytest.mark.parametrize("player", ["hls.js TS", "dash.js", "Shaka DASH"])
def test_a_part_is_played(play, player):
    """HLS from the very time, to the segment's end; DASH from the key frame before it, to the very end."""
    report = play("tracks", player, "&from=7.3&to=11.52")
    start = report["steps"][0]["time"]
    if player.startswith("hls"):
        assert abs(report["duration"] - 6) < 0.15 and start >= 1.3
    else:
        assert abs(report["duration"] - 5.52) < 0.15 and start < 1.3


@pytest.mark.parametrize("player", ["hls.js CMAF", "dash.js", "Shaka CMAF"])
def test_cues_of_a_part_are_shown_in_time(play, player):
    """Its clock begins at 6 s."""
    cues = {"Across <i>two</i> boundaries": (-1, 6.5), "At the boundary": (0, 1)}
    times = [*around(0, 1, cues)[2:], *around(0, 6.5, cues)[2:]]
    play("tracks", player, "&from=6&to=12.9", language="en", cues=times)
