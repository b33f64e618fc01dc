"""Files beyond 4 GiB (with holes, so that they take no space) and titles of ten hours."""
import struct
from fractions import Fraction

import pytest

import boxes
import media
import walk
from test_play_ffmpeg import decode

HOLE = 5 << 30
TIMES = 2770  # 13 s so often are ten hours
PLAIN = (b"moov", b"trak", b"edts", b"mdia", b"minf", b"stbl")


def box(kind, *payload):
    body = b"".join(payload)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def changed(data, tables, start=0, end=None):
    """The boxes of a place; a function of `tables` gives what takes the place of a table, of its payload."""
    out = b""
    for b in boxes.walk(data, start, end):
        if b.type in PLAIN:
            out += box(b.type, changed(data, tables, b.body, b.end))
        elif b.type in tables:
            out += tables[b.type](data[b.body:b.end])
        else:
            out += data[b.start:b.end]
    return out


def write(path, parts):
    """Bytes one after another; a number is a hole of so many."""
    with open(path, "wb") as file:
        for part in parts:
            file.seek(part, 1) if isinstance(part, int) else file.write(part)


def with_hole(source, path):
    """The second half of the chunks lies beyond a hole, moov at the end."""
    data = source.read_bytes()
    top = {b.type: b for b in boxes.walk(data)}
    mdat, moov = top[b"mdat"], top[b"moov"]
    tables = [struct.unpack_from(f">{count}I", data, at + 8)
              for at, count in ((b.body, struct.unpack_from(">I", data, b.body + 4)[0])
                                for b in boxes.find(data, "moov/trak/mdia/minf/stbl/stco"))]
    offsets = sorted(offset for table in tables for offset in table)
    cut, longer = offsets[len(offsets) // 2], 8  # mdat's header grows

    def far(payload):
        count = struct.unpack_from(">I", payload, 4)[0]
        places = [o + longer + (HOLE if o >= cut else 0) for o in struct.unpack_from(f">{count}I", payload, 8)]
        return box(b"co64", payload[:8], struct.pack(f">{count}Q", *places))

    head = struct.pack(">I4sQ", 1, b"mdat", mdat.end - mdat.start + longer + HOLE)
    write(path, [data[:mdat.start], head, data[mdat.body:cut], HOLE, data[cut:mdat.end],
                 changed(data, {b"stco": far}, moov.start, moov.end)])


def fragments_with_hole(source, path):
    """The second half of the fragments lies beyond a free box."""
    data = source.read_bytes()
    moofs = [b.start for b in boxes.walk(data) if b.type == b"moof"]
    end = next((b.start for b in boxes.walk(data) if b.type == b"mfra"), len(data))
    middle = moofs[len(moofs) // 2]
    write(path, [data[:middle], struct.pack(">I4sQ", 1, b"free", HOLE + 16), HOLE, data[middle:end]])


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("huge")
    for name, make in (("moov_last.mp4", with_hole), ("fragmented.mp4", fragments_with_hole)):
        make(media.generated(name), folder / name)
        assert (folder / name).stat().st_size > HOLE > (folder / name).stat().st_blocks * 512 * 100
    return folder


@pytest.mark.parametrize("name", ["moov_last.mp4", "fragmented.mp4"])
def test_beyond_4_gib(nginx, library, root, name):
    """Whatever the small file gives, the one with a hole gives to the byte."""
    small, large = (nginx(folder).client() for folder in (library, root))
    for kind in ("hls", "cmaf"):
        pairs = [walk.hls_title(get, f"/files/{name}", kind).playlists for get in (small, large)]
        for a, b in zip(*pairs, strict=True):
            assert [s.duration for s in a.media.segments] == [s.duration for s in b.media.segments]
            for one, other in zip(([a.map] if a.map else []) + a.uris, ([b.map] if b.map else []) + b.uris, strict=True):
                assert small.ok(one).body == large.ok(other).body, other
    path = f"/files/{name}/download/180p.mp4"
    expected = small.ok(path).body
    assert large.ok(path).body == expected
    tail = large(path, headers={"Range": "bytes=-1000"})
    assert tail.status == 206 and tail.body == expected[-1000:]


def ten_hours(source, path):
    """The same 13 s again and again: tables that say the same samples so often."""
    data = source.read_bytes()
    top = {b.type: b for b in boxes.walk(data)}
    stbl = "moov/trak/mdia/minf/stbl/"
    samples, chunks = (struct.unpack_from(">I", data, next(boxes.find(data, stbl + name)).body + at)[0]
                       for name, at in (("stsz", 8), ("stco", 4)))

    def repeated(kind, width, fields=1, shift=0):
        """A table of entries, again and again; its first field grows by `shift` each time."""
        def make(payload):
            count = struct.unpack_from(">I", payload, 4)[0]
            rows = payload[8:8 + count * width * fields]
            if shift:
                first = [struct.unpack_from(">I", rows, i * width * fields)[0] for i in range(count)]
                rest = [rows[i * width * fields + width:(i + 1) * width * fields] for i in range(count)]
                rows = b"".join(struct.pack(">I", f + n * shift) + r for n in range(TIMES) for f, r in zip(first, rest))
            else:
                rows *= TIMES
            return box(kind, payload[:4], struct.pack(">I", count * TIMES), rows)
        return make

    def sizes(payload):
        return box(b"stsz", payload[:8], struct.pack(">I", samples * TIMES), payload[12:] * TIMES)

    def edit(payload):
        flags, count, duration = struct.unpack_from(">III", payload)
        assert (flags, count) == (0, 1)
        return box(b"elst", payload[:8], struct.pack(">I", duration * TIMES), payload[12:])

    tables = {b"stsz": sizes, b"stts": repeated(b"stts", 4, 2), b"ctts": repeated(b"ctts", 4, 2),
              b"stss": repeated(b"stss", 4, 1, samples), b"stsc": repeated(b"stsc", 4, 3, chunks),
              b"stco": repeated(b"stco", 4), b"elst": edit}
    moov = top[b"moov"]
    write(path, [data[:moov.start], changed(data, tables, moov.start, moov.end), data[moov.end:]])


def test_ten_hours(nginx, tmp_path):
    source = media.generated("video_only.mp4")
    ten_hours(source, tmp_path / "long.mp4")
    server = nginx(tmp_path)
    get = server.client()
    frames = decode(source, tmp_path, audio=None)[0]
    for kind in ("cmaf", "hls"):
        (playlist,) = walk.hls_title(get, "/files/long.mp4", kind).variants
        segments = playlist.media.segments
        assert playlist.media.duration() == 13 * TIMES and max(s.duration for s in segments) <= Fraction(13, 2)
        starts = [sum((s.duration for s in segments[:n]), Fraction(0)) for n in (1, len(segments) // 2, len(segments) - 1)]
        assert all(start * 25 == round(start * 25) for start in starts), "not where pictures begin"
        whole = tmp_path / f"last.{kind}"
        whole.write_bytes(b"".join(get.ok(uri).body for uri in [playlist.map] * (kind == "cmaf") + playlist.uris[-1:]))
        shown, _, _, problems = decode(whole, tmp_path, audio=None)
        assert problems == "" and shown == frames[-len(shown):] and len(shown) == segments[-1].duration * 25
    assert walk.mpd(get, "/files/long.mp4")[1].duration == 13 * TIMES
