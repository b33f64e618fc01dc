"""Folders without asset.json: which files are renditions, and what is said of those that cannot be."""
import pytest

import media
import mezz
import walk

SIZES = {"a": "320x180", "b": "480x270", "z": "640x360"}


def rendition(size, seconds):
    args = media.source(seconds=seconds) + ["-vf", f"scale={size.replace('x', ':')}"] + media.h264(crf=32) + media.AAC
    return media.cached("rendition.mp4", ["rendition", *args], lambda path: media.ffmpeg(args, path))


def place_renditions(folder, seconds):
    for (name, size), length in zip(SIZES.items(), seconds):
        mezz.place(rendition(size, length), folder / f"{name}.mp4")


@pytest.mark.parametrize("seconds", [(12, 12, 6), (12, 6, 12), (6, 12, 12)], ids=str)
@pytest.mark.parametrize("kind", ["hls", "cmaf"])
def test_a_short_rendition_is_left_out(nginx, tmp_path, kind, seconds):
    """One that ends long before the others would end playback or stretch segments; a warning names the title."""
    place_renditions(tmp_path / "title", seconds)
    server = nginx(tmp_path)
    found = walk.hls_title(server.client(), "/files/title", kind)
    sizes = {size for size, length in zip(SIZES.values(), seconds) if length == 12}
    assert {v["RESOLUTION"] for v in found.master.variants} == sizes
    for playlist in found.playlists:
        assert max(s.duration for s in playlist.media.segments) <= 6.5
        assert abs(playlist.media.duration() - 12) < 0.1
    warnings = [line for line in server.log.read_text().splitlines() if "[warn]" in line]
    assert len(warnings) == 1 and "left out" in warnings[0] and "/title" in warnings[0], warnings
    walk.hls_title(server.client(), "/files/title", kind)
    assert server.log.read_text().count("[warn]") == 1, "said again though the title was not read again"


def test_nothing_is_said_of_renditions_that_fit(nginx, tmp_path):
    place_renditions(tmp_path / "title", (12, 12, 12))
    server = nginx(tmp_path)
    assert len(walk.hls_title(server.client(), "/files/title").variants) == 3
    assert "[warn]" not in server.log.read_text()


def test_upper_case_names(nginx, tmp_path):
    """Names from cameras: A.MP4 counts as rendition and as a title."""
    for name in ("A.MP4", "B.Mp4"):
        mezz.place(rendition(SIZES[name[0].lower()], 12), tmp_path / "DCIM" / name)
    get = nginx(tmp_path).client()
    assert len(walk.hls_title(get, "/files/DCIM").variants) == 2
    for title in ("DCIM", "DCIM/A.MP4"):
        for path in walk.one_of_each(get, f"/files/{title}").values():
            get.ok(path)


@pytest.mark.parametrize("cache", ["", "open_file_cache max=100; open_file_cache_errors on;"])
def test_an_unknown_title_is_no_error(nginx, tmp_path, cache):
    """Anyone can ask for anything: the log stays quiet."""
    mezz.place(rendition("320x180", 12), tmp_path / "title" / "a.mp4")
    (tmp_path / "empty").mkdir()
    server = nginx(tmp_path, location=cache)
    for title in ("none", "none.mp4", "none/none", "title/none.mp4", "title/a.mp4/none", "empty", "NONE.MP4"):
        for top in ("hls/master.m3u8", "cmaf/manifest.mpd", "hls/0000000000000000/360p_0.ts"):
            assert server.client()(f"/files/{title}/{top}").status == 404, title
    log = server.log.read_text()
    assert not any(level in log for level in ("[error]", "[crit]", "[alert]", "[warn]")), log
