"""Thumbnail tiles in DASH (DASH-IF IOP 4.3 section 6.2.6), from the storyboard of a title."""
import json
import shutil
import subprocess
from urllib.parse import urlsplit

import pytest

import dash
import media
import mezz
import walk
from client import resolve
from test_players import BROWSER, STATIC
from test_players import pytestmark as needs_browser

SCHEME = "http://dashif.org/guidelines/thumbnail_tile"
COLORS = ["red", "lime", "blue", "yellow", "magenta", "cyan", "white"]
RGB = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 0, 255), (0, 255, 255), (255, 255, 255)]
COLUMNS, ROWS, WIDTH, HEIGHT, INTERVAL = 3, 2, 80, 44, 2
THUMBS = {"poster": "thumbs/poster.jpg", "storyboard": "thumbs/storyboard.vtt", "sheets": 2, "columns": COLUMNS,
          "rows": ROWS, "tile_width": WIDTH, "tile_height": HEIGHT, "interval": INTERVAL}


def sheet(colors, path):
    """Tiles of one colour each."""
    tiles = [["-f", "lavfi", "-i", f"color={c}:size={WIDTH}x{HEIGHT}:duration=1:rate=1"] for c in colors]
    graph = "".join(f"[{i}]" for i in range(len(colors))) + f"concat=n={len(colors)},tile={COLUMNS}x{ROWS}"
    media.ffmpeg([*sum(tiles, []), "-filter_complex", graph, "-frames:v", "1", "-q:v", "2", "-f", "image2"], path)


def place_of(n):
    """Of a tile in its sheet."""
    return f"{n % COLUMNS * WIDTH},{n % (COLUMNS * ROWS) // COLUMNS * HEIGHT}"


def place(root, name="film", **thumbs):
    """13 s of film, and a storyboard of 7 tiles in two sheets."""
    folder = root / name
    mezz.place(media.generated("faststart.mp4"), folder / "film.mp4")
    (folder / "thumbs").mkdir()
    for n in range(2):
        sheet(COLORS[n * 6:n * 6 + 6], folder / "thumbs" / f"storyboard_{n}.jpg")
    (folder / "thumbs" / "poster.jpg").write_bytes((folder / "thumbs" / "storyboard_0.jpg").read_bytes())
    cues = [f"00:{n * INTERVAL:02}.000 --> 00:{(n + 1) * INTERVAL:02}.000\nstoryboard_{n // 6}.jpg#xywh={place_of(n)},{WIDTH},{HEIGHT}\n"
            for n in range(len(COLORS))]
    (folder / "thumbs" / "storyboard.vtt").write_text("\n".join(["WEBVTT\n", *cues]))
    (folder / "asset.json").write_text(json.dumps({**json.loads(media.asset(["film.mp4"])), "thumbs": {**THUMBS, **thumbs}}))
    return folder


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("tiles")
    place(root)
    return root


@pytest.fixture(scope="module")
def server(nginx_for_module, root, keys):
    return nginx_for_module(root, keys=[keys["2026-11"]], token="mezz_token required;", server=STATIC % BROWSER)


@pytest.fixture(scope="module")
def query(keys):
    return f"?token={keys['2026-11'].token(path='/files/film')}"


def test_manifest(server, root, query):
    get = server.client()
    path, manifest = walk.mpd(get, "/files/film", query)
    assert dash.validate(get.ok(path).body) == ""
    (tiles,) = manifest.tiles
    assert (tiles.columns, tiles.rows, tiles.width, tiles.height) == (COLUMNS, ROWS, COLUMNS * WIDTH, ROWS * HEIGHT)
    assert [(start, length) for _, start, length in tiles.media] == [(0, 12), (12, manifest.duration - 12)]
    sizes = []
    for n, (url, *_) in enumerate(tiles.media):
        body = get.ok(resolve(path, url)).body
        assert body == (root / "film" / "thumbs" / f"storyboard_{n}.jpg").read_bytes()
        sizes.append(len(body))
    assert tiles.bandwidth == max(sizes) * 8 // 12
    assert walk.mpd(get, "/files/film", query + "&from=5")[1].tiles == []  # no sheet begins there


def test_without_all_sheets_there_are_none(nginx, tmp_path):
    (place(tmp_path) / "thumbs" / "storyboard_1.jpg").unlink()
    bare = place(tmp_path, "bare")
    asset = json.loads((bare / "asset.json").read_text())
    del asset["thumbs"]["interval"]
    (bare / "asset.json").write_text(json.dumps(asset))
    get = nginx(tmp_path).client()
    for title in ("film", "bare"):
        assert walk.mpd(get, f"/files/{title}")[1].tiles == []


@pytest.mark.allows_errors("asset.json")
def test_tiles_that_cannot_be(nginx, tmp_path):
    wrong = [{"columns": 0}, {"rows": 65}, {"interval": 0}, {"interval": "2"}, {"tile_width": -1}, {"tile_height": 5000}]
    for i, thumbs in enumerate(wrong):
        place(tmp_path, str(i), **thumbs)
    get = nginx(tmp_path).client()
    assert [get(f"/files/{i}/cmaf/manifest.mpd").status for i in range(len(wrong))] == [422] * len(wrong)


@needs_browser
def test_players_show_them(server, query):
    """dash.js and Shaka know tiles of an MPD; hls.js and video.js leave it to a track of metadata, which all of them can show."""
    mpd, hls, board = (server.url(f"/files/film/{name}{query}") for name in
                       ("cmaf/manifest.mpd", "hls/master.m3u8", "thumbs/storyboard.vtt"))
    jobs = [{"player": "dashjs", "url": mpd}, {"player": "shaka", "url": mpd},
            {"player": "hlsjs", "url": hls, "storyboard": board}, {"player": "videojs", "url": hls, "storyboard": board}]
    times = [0.5, 2.5, 7, 11.5, 12.5]
    done = subprocess.run([shutil.which("node"), "tiles.mjs", server.url("/static/player.html"), json.dumps(times), json.dumps(jobs)],
                          cwd=BROWSER, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    for job, tiles in zip(jobs, json.loads(done.stdout), strict=True):
        for time, tile in zip(times, tiles, strict=True):
            n = int(time // INTERVAL)
            assert urlsplit(tile["url"]).path == f"/files/film/thumbs/storyboard_{n // 6}.jpg", job
            assert (tile["width"], tile["height"]) == (WIDTH, HEIGHT)
            assert f"{tile['x']},{tile['y']}" == place_of(n)
            assert all(abs(a - b) < 30 for a, b in zip(tile["color"], RGB[n])), (job, time, tile)
