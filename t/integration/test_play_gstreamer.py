"""GStreamer plays each format in full: the source's own pictures, and all of its sound."""
import shutil
import subprocess

import pytest

import codec_media
import media
import mezz
from test_play_ffmpeg import FORMATS

LAUNCH = shutil.which("gst-launch-1.0")
EVERYWHERE = ["faststart.mp4", "video_only.mp4", "vfr.mp4", "h264_mp3.mp4", "hevc_eac3.mp4"]
NOT_IN_TS = ["av1_opus.mp4", "vp9_flac.mp4"]
CASES = [(name, form, "playbin") for name in EVERYWHERE for form in FORMATS] + \
        [(name, form, "playbin") for name in NOT_IN_TS for form in FORMATS if form != "hls"] + \
        [("faststart.mp4", form, "playbin3") for form in FORMATS]
RATE = 48000
PRIMING = 3 * 1152  # samples that an encoder puts before time 0, and a decoder need not drop

pytestmark = pytest.mark.skipif(LAUNCH is None, reason="GStreamer is not installed")


def file_of(name):
    return media.generated(name) if name in media.SPECS else codec_media.generated(name)


@pytest.fixture(scope="module")
def site(nginx_for_module, tmp_path_factory):
    root = tmp_path_factory.mktemp("gstreamer")
    for name in EVERYWHERE + NOT_IN_TS:
        mezz.place(file_of(name), root / name)
    return nginx_for_module(root)


def raw(path, kind, *options):
    """What ffmpeg decodes of a file, as bare samples; empty without a stream of that kind."""
    done = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", f"0:{kind}:0?", *options, "-"],
                          capture_output=True)
    return done.stdout


def play(url, player, folder):
    """(pictures, sound) as bare samples."""
    pictures, sound = folder / "pictures", folder / "sound"
    # Told how fast the network is, it stays with the pictures: where the machine is slow GStreamer 1.22 else goes over to the
    # variant of sound alone, and then waits for pictures for ever, of other packagers' titles too.
    command = [LAUNCH, "-q", player, "connection-speed=100000", f"uri={url}",
               f"video-sink=videoconvert ! video/x-raw,format=I420 ! filesink location={pictures}",
               f"audio-sink=audioconvert ! audioresample ! audio/x-raw,format=S16LE,channels=1,rate={RATE} ! "
               f"filesink location={sound}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)
    said = done.stdout + done.stderr
    assert done.returncode == 0 and "WARN" not in said and "ERROR" not in said, said
    return pictures.read_bytes(), sound.read_bytes() if sound.exists() else b""


@pytest.mark.parametrize("name, form, player", CASES)
def test_plays_all(site, tmp_path, name, form, player):
    path = file_of(name)
    pictures, sound = play(site.url(f"/files/{name}/{FORMATS[form]}"), player, tmp_path)
    assert pictures == raw(path, "v", "-fps_mode", "passthrough", "-pix_fmt", "yuv420p", "-f", "rawvideo"), "pictures differ"
    expected = len(raw(path, "a", "-ac", "1", "-ar", str(RATE), "-f", "s16le")) // 2
    assert 0 <= len(sound) // 2 - expected <= PRIMING, f"{len(sound) // 2} samples of {expected}"
