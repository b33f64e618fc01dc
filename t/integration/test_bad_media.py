"""Broken and hostile files: refused with the reason in the log, by the same worker, in bounded memory."""
import os
import random
import re
import shutil
from pathlib import Path
from urllib.parse import quote

import pytest

import media
import mezz
import walk

TOPS = ("hls/master.m3u8", "cmaf/master.m3u8", "cmaf/manifest.mpd")
MEMORY = 192 * 1024  # KiB that a worker's own memory may grow by, whatever the file says
REFUSED = re.compile(r"mezz")

pytestmark = pytest.mark.allows_errors(REFUSED.pattern)

# What no reading of the file makes playable; the rest of hostile/ may be refused or play what is sound in it.
HOPELESS = ("a01 a04 a08 a09 a11 a12 a13 a14 a16 a17 a20 a21 b01 b02 b03 b04 b05 b06 b07 b08 b15 b20 b21 b22 b28 "
            "b31 b43 b47 b51 c02 c04 c11").split()


def hostile_files():
    return sorted(p.name for p in mezz.HOSTILE.glob("*") if p.suffix.lower() in (".mp4", ".mov"))


@pytest.fixture(scope="module")
def arena(nginx_for_module, tmp_path_factory):
    """A server over a folder to which each test adds its file; healthy.mp4 is always there."""
    root = tmp_path_factory.mktemp("bad")
    mezz.place(media.generated("one_segment.mp4"), root / "healthy.mp4")
    server = nginx_for_module(root)
    walk.one_of_each(server.client(), "/files/healthy.mp4")
    return server


def own_memory(server):
    (pid,) = server.workers()
    return int(re.search(r"RssAnon:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


def try_everything(server, name):
    """Asks for all that a title has; returns the top statuses. Bodies are always whole."""
    get, base = server.client(), "/files/" + quote(name)
    before, workers = own_memory(server), server.workers()
    statuses = [get(f"{base}/{top}").status for top in TOPS]
    if statuses[0] == 200:
        follow(get, base)
    assert server.workers() == workers, "another worker answers now"
    for path in walk.one_of_each(get, "/files/healthy.mp4").values():
        assert get(path).status == 200
    assert own_memory(server) - before < MEMORY
    return statuses


def follow(get, base):
    for kind in ("hls", "cmaf"):
        for playlist in walk.hls_title(get, base, kind).playlists:
            for uri in [playlist.map, *playlist.uris[:3], playlist.uris[-1]]:
                answer = get(uri) if uri else None
                assert answer is None or answer.status in (200, 404, 422), uri
                assert answer is None or int(answer.headers["content-length"]) == len(answer.body)


def log_of(server, name):
    return [line for line in server.log.read_text(errors="replace").splitlines() if name in line and "[error]" in line]


def assert_reason(server, name):
    """An error line names the file, what is wrong in which box, and where."""
    lines = log_of(server, name)
    assert lines, f"no [error] line about {name}"
    assert any(re.search(r"\b[a-zA-Z0-9]{4}\b.*?: ?.*(offset|at|byte)s? \d+", line) for line in lines), lines[-1]


@pytest.mark.parametrize("name", hostile_files())
def test_hostile(arena, name):
    shutil.copyfile(mezz.HOSTILE / name, arena.root / name)
    statuses = try_everything(arena, name)
    assert set(statuses) <= {200, 404, 422} and len(set(statuses)) == 1, statuses
    if name.split("_")[0] in HOPELESS:
        assert statuses[0] in (404, 422), statuses
    if statuses[0] == 422:
        assert_reason(arena, name)


@pytest.mark.parametrize("cut", [0, 1, 7, 8, 9, 31, 40, 100, 1000, 5000, 0.3, 0.5, 0.9, -1])
@pytest.mark.parametrize("name", ["faststart.mp4", "moov_last.mp4"])
def test_truncated(arena, name, cut):
    """A file that lacks bytes that its samples need is refused; with moov last it has no moov at all."""
    data = media.generated(name).read_bytes()
    keep = int(len(data) * cut) if isinstance(cut, float) else cut if cut >= 0 else len(data) + cut
    bad = f"cut-{cut}-{name}"
    (arena.root / bad).write_bytes(data[:keep])
    statuses = try_everything(arena, bad)
    assert statuses == [422] * 3
    assert_reason(arena, bad)


@pytest.mark.parametrize("seed", range(40))
def test_bits_flipped_in_moov(arena, seed):
    data = bytearray(media.generated("faststart.mp4").read_bytes())
    start = data.index(b"moov")
    end = data.index(b"mdat")
    chance = random.Random(seed)
    for _ in range(chance.choice((1, 1, 3, 20))):
        at = chance.randrange(start, end)
        data[at] ^= 1 << chance.randrange(8)
    name = f"flip-{seed}.mp4"
    (arena.root / name).write_bytes(data)
    statuses = try_everything(arena, name)
    assert set(statuses) <= {200, 404, 422}, statuses


@pytest.mark.parametrize("seed", range(12))
def test_bits_flipped_in_track_files(arena, seed):
    """Flips in moov, sidx, ssix and the moofs of a CMAF track file."""
    chance = random.Random(seed)
    folder = media.place_tracks(arena.root, f"tracks-{seed}", only=("180p", "audio-eng"))
    victim = folder / "180p.mp4"
    data = bytearray(victim.read_bytes())
    victim.unlink()
    heads = [(data.index(b"moov"), data.index(b"mdat"))]
    for _ in range(chance.choice((1, 2, 10))):
        at = chance.randrange(*heads[0])
        data[at] ^= 1 << chance.randrange(8)
    victim.write_bytes(data)
    statuses = try_everything(arena, folder.name)
    assert set(statuses) <= {200, 404, 422}, statuses


def test_media_bytes_are_not_judged(arena):
    """What lies in mdat is sent as it is: a broken picture is the decoder's affair."""
    data = bytearray(media.generated("faststart.mp4").read_bytes())
    start = data.index(b"mdat") + 4
    chance = random.Random(1)
    for _ in range(2000):
        data[chance.randrange(start, len(data))] ^= 0xFF
    (arena.root / "noise.mp4").write_bytes(data)
    assert try_everything(arena, "noise.mp4") == [200] * 3


def test_a_file_that_shrinks_is_never_a_partial_200(arena):
    """Cut while it is served: whole answers of the old revision or refusals, nothing between."""
    path = arena.root / "shrinks.mp4"
    shutil.copyfile(media.generated("minute.mp4"), path)
    get = arena.client()
    known = walk.one_of_each(get, "/files/shrinks.mp4")
    with open(path, "r+b") as f:
        f.truncate(100000)
    for kind, url in known.items():
        assert get(url).status in (200, 404, 422), kind
    assert get(known["ts master"]).status == 422


def test_a_moov_above_the_limit_is_refused(nginx, library):
    server = nginx(library, location="mezz_max_moov 64k;")
    assert server.client()("/files/big_moov.mp4/hls/master.m3u8").status == 422
    assert_reason(server, "big_moov.mp4")
    assert server.client()("/files/faststart.mp4/hls/master.m3u8").status == 200


@pytest.mark.parametrize("kind", ["folder", "fifo", "unreadable link"])
def test_things_that_are_no_files(arena, kind):
    name = kind.replace(" ", "-") + ".mp4"
    path = arena.root / name
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to(arena.root / "gone.mp4")
    assert set(try_everything(arena, name)) <= {404, 422}
