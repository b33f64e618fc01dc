"""Media that the tests need: made by ffmpeg once and kept under .build/test/media, or taken from the corpus."""
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import cmaf_writer
from mezz import BUILD, CORPUS, place

CACHE = BUILD / "test" / "media"


def source(size="320x180", rate="25", seconds=13, audio=("sine=frequency=440:sample_rate=48000",)):
    """ffmpeg inputs: a moving test picture (size None: none) and tones."""
    args = ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}"] if size else []
    for tone in audio:
        args += ["-f", "lavfi", "-i", f"{tone}:duration={seconds}"]
    return args


def h264(gop=50, bframes=2, crf=30, extra=""):
    return ["-c:v", "libx264", "-preset", "veryfast", "-threads", "1", "-crf", str(crf), "-pix_fmt", "yuv420p",
            "-g", str(gop), "-keyint_min", str(gop), "-sc_threshold", "0", "-bf", str(bframes),
            "-x264-params", "open-gop=0" + extra]


AAC = ["-c:a", "aac", "-b:a", "96k"]
FASTSTART = ["-movflags", "+faststart"]
STEREO44 = ("sine=frequency=440:sample_rate=44100",)
THIN_OUT = "select='lt(t,5)+not(mod(n,5))'"

# name: arguments of ffmpeg between the inputs' options and the output's name
SPECS = {
    "faststart.mp4": source() + h264() + AAC + FASTSTART,
    "moov_last.mp4": source() + h264() + AAC,
    "no_bframes_2997.mp4": source(rate="30000/1001", audio=STEREO44) + h264(gop=60, bframes=0) + AAC + ["-ac", "2"],
    "video_only.mp4": source(audio=()) + h264(),
    "audio_only.mp4": source(size=None) + AAC,
    "two_audio.mp4": source(audio=("sine=frequency=440:sample_rate=48000", "sine=frequency=880:sample_rate=48000"))
                     + h264() + AAC + ["-map", "0:v", "-map", "1:a", "-map", "2:a", "-metadata:s:a:0",
                                       "language=eng", "-metadata:s:a:1", "language=deu"],
    "vfr.mp4": source() + ["-vf", THIN_OUT, "-fps_mode", "vfr"] + h264(gop=20) + AAC,
    "long_gop.mp4": source() + h264(gop=250) + AAC,
    "exact_12s.mp4": source(seconds=12) + h264() + AAC,
    "one_segment.mp4": source(seconds=3) + h264() + AAC,
    "minute.mp4": source(seconds=60, size="640x360") + h264(crf=24) + AAC,
    "big_moov.mp4": source(size="64x64", rate="60", seconds=120) + h264(gop=120, crf=40) + AAC,
    "fragmented.mp4": source() + h264() + AAC + ["-movflags", "+frag_keyframe+empty_moov+default_base_moof"],
}
LADDER = {"180p": ("320x180", 32), "270p": ("480x270", 30), "360p": ("640x360", 28)}


def ffmpeg(args, output):
    """Runs ffmpeg; the output appears only when it is whole."""
    aside = output.with_name(f"{os.getpid()}-{output.name}")
    done = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, args), aside],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    aside.replace(output)


def cached(name, recipe, make):
    """A file or folder of the cache, made anew when its recipe changes."""
    key = hashlib.sha256(json.dumps(recipe).encode()).hexdigest()[:12]
    path = CACHE / key / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path)
    return path


def generated(name):
    return cached(name, SPECS[name], lambda path: ffmpeg(SPECS[name], path))


def corpus(name):
    """A corpus file; skips the test when it is not there."""
    path = CORPUS / name
    if not path.exists():
        pytest.skip(f"{name} is not in {CORPUS}")
    return path


def any_file(name):
    return generated(name) if name in SPECS else corpus(name)


def ladder(name):
    """The same content encoded at one size of the ladder, keyframes aligned, with audio (progressive)."""
    size, crf = LADDER[name]
    args = source() + ["-vf", f"scale={size.replace('x', ':')}"] + h264(crf=crf) + AAC + FASTSTART
    return cached(f"{name}.mp4", ["ladder", *args], lambda path: ffmpeg(args, path))


def late_sound(channels=2, seconds=7.5):
    """13 s of pictures, and from a time on a tone in each channel."""
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[channels]
    tone = f"aevalsrc={'|'.join(['sin(2764*t)/4'] * channels)}:s=44100:d={13 - seconds}:c={layout}"
    args = source(audio=()) + ["-itsoffset", str(seconds), "-f", "lavfi", "-i", tone] + h264() + AAC
    return cached(f"late_{channels}.mp4", args, lambda path: ffmpeg(args, path))


def asset(renditions):
    """asset.json for files that stand beside it."""
    described = [{"name": Path(file).stem, "file": file} for file in renditions]
    return json.dumps({"version": 1, "revision": 1, "renditions": described})


def place_ladder(root, title="ladder"):
    """Three progressive renditions with an asset.json; returns the title's folder."""
    folder = Path(root) / title
    for name in LADDER:
        place(ladder(name), folder / f"{name}.mp4")
    (folder / "asset.json").write_text(asset(sorted(p.name for p in folder.glob("*.mp4"))))
    return folder


def cmaf_tracks():
    """A folder of CMAF track files as the worker writes them: three video tracks and two audio languages."""
    recipe = ["cmaf", cmaf_writer.VERSION, sorted(LADDER)]

    def make(path):
        aside = path.with_name(f"{os.getpid()}-{path.name}")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        for name in LADDER:
            cmaf_writer.write_track(ladder(name), "0:v:0", aside / f"{name}.mp4")
        for index, language in enumerate(("eng", "deu")):
            cmaf_writer.write_track(generated("two_audio.mp4"), f"0:a:{index}", aside / f"audio-{language}.mp4",
                                    language=language)
        try:
            aside.rename(path)
        except OSError:  # another process was first
            shutil.rmtree(aside)

    return cached("tracks", recipe, make)


def place_tracks(root, title="tracks", only=None):
    """The CMAF track files (or those named) with an asset.json; returns the title's folder."""
    folder = Path(root) / title
    for file in sorted(cmaf_tracks().glob("*.mp4")):
        if only is None or file.stem in only:
            place(file, folder / file.name)
    (folder / "asset.json").write_text(asset(sorted(p.name for p in folder.glob("*.mp4"))))
    return folder
