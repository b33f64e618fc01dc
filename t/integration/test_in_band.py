"""Parameter sets that only the pictures hold, not the sample entry (avc3 and hev1 with an empty configuration)."""
import subprocess

import pytest

import boxes
import cmaf_writer
import codec_media
import media
import mezz
import walk
from test_codecs import codecs_of
from test_play_ffmpeg import FORMATS, decode

H264 = ["-bsf:v", "h264_mp4toannexb", "-tag:v", "avc3"]  # their sets come before each key frame
HEVC = ["-bsf:v", "hevc_mp4toannexb", "-tag:v", "hev1"]


def emptied(data, box, head, count):
    """Without the arrays of avcC or hvcC: in their place free space, so that nothing moves."""
    at = data.index(box) - 4
    size = int.from_bytes(data[at:at + 4], "big")
    kept = data[at + 8:at + 8 + head] + count
    space = size - 8 - len(kept)
    return data[:at] + cmaf_writer.box(box, kept) + cmaf_writer.box(b"free", bytes(space - 8)) + data[at + size:]


def without_avc_sets(path):
    path.write_bytes(emptied(path.read_bytes(), b"avcC", 5, b"\xe0\0"))


def without_hevc_sets(path):
    path.write_bytes(emptied(path.read_bytes(), b"hvcC", 22, b"\0"))


def changing(folder):
    """4 s of pictures with one SPS, then as many with another."""
    parts = []
    for references in (1, 3):
        part = folder / f"{references}.h264"
        source = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=4"]
        media.ffmpeg([*source, *media.h264(bframes=0, extra=f":ref={references}"), "-f", "h264"], part)
        parts.append(part.read_bytes())
    (folder / "both.h264").write_bytes(b"".join(parts))
    media.ffmpeg(["-framerate", "25", "-i", folder / "both.h264", "-c", "copy", "-tag:v", "avc3"], folder / "changing.mp4")
    return folder / "changing.mp4"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("in_band")
    copy = ["-map", "0:v", "-map", "0:a", "-c", "copy"]
    media.ffmpeg(["-i", media.generated("faststart.mp4"), *copy, *H264], root / "avc3.mp4")
    media.ffmpeg(["-i", codec_media.generated("hev1.mp4"), *copy, *HEVC], root / "hev1.mp4")
    cmaf_writer.write_track(root / "avc3.mp4", "0:v:0", root / "track.mp4")
    changing(root)
    for name in ("avc3.mp4", "track.mp4", "changing.mp4"):
        without_avc_sets(root / name)
    without_hevc_sets(root / "hev1.mp4")
    return root


@pytest.fixture(scope="module")
def site(nginx_for_module, root):
    return nginx_for_module(root)


# name: its codecs, and a file with the same pictures
CASES = {"avc3.mp4": ("avc1.64000c mp4a.40.2", lambda root: media.generated("faststart.mp4")),
         "track.mp4": ("avc1.64000c", lambda root: media.generated("faststart.mp4")),
         "hev1.mp4": ("hvc1.1.6.L60.90 mp4a.40.2", lambda root: codec_media.generated("hev1.mp4")),
         "changing.mp4": ("avc3.64000c", lambda root: root / "both.h264")}


@pytest.mark.parametrize("name", CASES)
def test_plays(site, root, get, tmp_path, name):
    """The header has the first sets, and is named for pictures to be asked where later ones differ."""
    codecs, same = CASES[name]
    found = walk.hls_title(get, f"/files/{name}", "cmaf")
    assert codecs_of(found) == codecs
    init = get.ok(found.variants[0].map).body
    entry = codecs[:4].encode()
    assert init.count(entry) == 1 and boxes.Movie(init).of_kind("vide")
    for form in ("hls", "cmaf"):
        got = decode(site.url(f"/files/{name}/{FORMATS[form]}"), tmp_path, audio=None)
        assert got[3] == "" and got[0] == decode(same(root), tmp_path, audio=None)[0], form


@pytest.mark.allows_errors("no parameter sets in avcC nor in the first key frame")
def test_without_any(nginx, root, tmp_path):
    """Where the pictures have none either, the answer says so."""
    subprocess.run(["ffmpeg", "-v", "error", "-i", media.generated("one_segment.mp4"), "-c", "copy", "-bsf:v",
                    "filter_units=remove_types=7-8", tmp_path / "film.mp4"], check=True)
    without_avc_sets(tmp_path / "film.mp4")
    assert nginx(tmp_path).client()("/files/film.mp4/cmaf/master.m3u8").status == 422
