"""The titles that the bench plays: made once and kept in .build/bench/media.

The ingest worker encodes one title of 24 s. Longer ones repeat its fragments, with their times and indexes set right;
beyond a few minutes only some repetitions are written and the others are holes in the file, so that ten hours take as
little room as ten minutes. A title's worth() says which of its segments are there.
"""
import json
import os
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

import boxes
import mezz
import worker

SECONDS = 24  # whole groups of pictures of 2 s and whole frames of AAC at 48 kHz
SEGMENT = 6
WRITTEN = 3  # repetitions of a long title that are no holes
VERSION = 4


@dataclass(frozen=True)
class Scale:
    """How large the pictures are, by what the renditions are called."""
    name: str
    source: str
    ladder: tuple  # (name, height, kbit/s)


FULL = Scale("full", "1920x1080", (("1080p", 1080, 5000), ("720p", 720, 2500), ("360p", 360, 800), ("240p", 240, 400)))
# Made in a moment: for a look whether all works.
SMALL = Scale("small", "256x144", (("1080p", 144, 300), ("720p", 120, 200), ("360p", 96, 100), ("240p", 72, 60)))


@dataclass(frozen=True)
class Title:
    name: str
    repetitions: int

    @property
    def segment_count(self):
        return self.repetitions * SECONDS // SEGMENT

    @property
    def step(self):
        """Of this many repetitions one is written."""
        return 1 if self.repetitions <= 2 * WRITTEN else self.repetitions // WRITTEN

    def segments(self):
        """Those whose bytes are there, but for the last ones of a repetition: audio may lie over its end."""
        each = SECONDS // SEGMENT
        return [k * each + i for k in range(0, self.repetitions, self.step) for i in range(each - 1)]


MINUTE = Title("minute", 3)
TEN_MINUTES = Title("ten-minutes", 25)
TWO_HOURS = Title("two-hours", 300)
TEN_HOURS = Title("ten-hours", 1500)


class Media:
    """A folder of titles, for `mezz_storage`; plain-*.mp4 are ordinary MP4 files."""

    def __init__(self, cache, scale=FULL):
        self.root, self.scale = Path(cache) / f"media-{scale.name}-{VERSION}", scale

    def make(self, say):
        done = self.root / "complete"
        if done.exists():
            return self
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        say(f"making the titles ({self.scale.name}), once")
        source = self._source()
        encoded = self._encode(source)
        for title in (MINUTE, TEN_MINUTES, TWO_HOURS, TEN_HOURS):
            repeat_title(encoded, self.root / title.name, title)
        self._mux(encoded / "1080p.mp4", encoded / "audio.mp4", MINUTE, "plain-minute.mp4")
        self._mux(encoded / "240p.mp4", encoded / "audio.mp4", TWO_HOURS, "plain-two-hours.mp4")
        source.unlink()
        (self.root / ".ladder.json").unlink()
        shutil.rmtree(encoded)
        done.touch()
        return self

    def _source(self):
        # Noise, so that the encoder needs as many bits as its cap allows.
        picture = f"testsrc2=size={self.scale.source}:rate=25:duration={SECONDS},noise=alls=12:allf=t"
        tone = f"anoisesrc=color=pink:sample_rate=48000:duration={SECONDS}"
        return ffmpeg(self.root / ".source.mkv", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone, "-ac", "2",
                      "-c:v", "libx264", "-preset", "ultrafast", "-qp", "20", "-pix_fmt", "yuv420p", "-c:a", "pcm_s16le")

    def _encode(self, source):
        ladder = self.root / ".ladder.json"
        ladder.write_text(json.dumps([{"name": name, "height": height, "max_kbps": kbps}
                                      for name, height, kbps in self.scale.ladder]))
        folder = self.root / ".encoded"
        result = worker.run(source, folder, "--ladder", ladder, "--preset", "ultrafast", timeout=1800)
        assert result.ready, result.json
        audio = next(r["file"] for r in result.asset["renditions"] if "height" not in r)
        if audio != "audio.mp4":
            os.link(folder / audio, folder / "audio.mp4")
        return folder

    def _mux(self, video, audio, title, name):
        more = ["-stream_loop", str(title.repetitions - 1)]
        return ffmpeg(self.root / name, *more, "-i", video, *more, "-i", audio, "-map", "0:v", "-map", "1:a", "-c", "copy",
                      "-t", str(title.repetitions * SECONDS), "-movflags", "+faststart")


def ffmpeg(path, *arguments):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments), str(path)], check=True)
    return path


def repeat_title(encoded, folder, title):
    folder.mkdir()
    asset = json.loads((encoded / "asset.json").read_text())
    for rendition in asset["renditions"]:
        repeat_track(encoded / rendition["file"], folder / rendition["file"], title)
    asset.pop("subtitles", None)
    (folder / "asset.json").write_text(json.dumps(asset))
    if (encoded / "thumbs").exists():
        shutil.copytree(encoded / "thumbs", folder / "thumbs")


def repeat_track(source, target, title):
    """Writes a track file that has the fragments of another one several times."""
    data = source.read_bytes()
    top = {box.type: box for box in boxes.walk(data) if box.type in (b"ftyp", b"moov", b"sidx", b"ssix")}
    head = data[top[b"ftyp"].start:top[b"moov"].end]
    sidx = Sidx(data, top[b"sidx"])
    heads = first_ranges(data, top[b"ssix"])
    count = title.repetitions * len(sidx.sizes)
    assert count < 1 << 16, "a sidx has at most 65535 references"
    ssix = box(b"ssix", struct.pack(">II", 0, count) + title.repetitions * b"".join(
        struct.pack(">III", 2, 1 << 24 | first, 2 << 24 | size - first) for first, size in zip(heads, sidx.sizes)))
    index = sidx.repeated(title.repetitions, len(ssix)) + ssix
    fragments = data[sidx.first_byte:sidx.first_byte + sum(sidx.sizes)]
    with open(target, "wb") as out:
        out.write(head + index)
        begin = out.tell()
        for k in range(title.repetitions):
            if k % title.step == 0:
                out.seek(begin + k * len(fragments))
                out.write(shifted(fragments, sidx.sizes, k))
        out.truncate(begin + title.repetitions * len(fragments))


class Sidx:
    def __init__(self, data, where):
        body = where.start + 8
        version = data[body]
        self.id, self.timescale = struct.unpack_from(">II", data, body + 4)
        self.earliest, first = struct.unpack_from(">QQ" if version else ">II", data, body + 12)
        at = body + (28 if version else 20)
        (count,) = struct.unpack_from(">H", data, at + 2)
        entries = list(struct.iter_unpack(">III", data[at + 4:at + 4 + 12 * count]))
        self.sizes = [size for size, _, _ in entries]
        self.durations = [duration for _, duration, _ in entries]
        self.sap = entries[0][2]
        self.first_byte = where.end + first

    def repeated(self, times, first_offset):
        entries = b"".join(struct.pack(">III", size, duration, self.sap)
                           for size, duration in zip(self.sizes, self.durations)) * times
        head = struct.pack(">IIIQQHH", 1 << 24, self.id, self.timescale, self.earliest, first_offset, 0,
                           times * len(self.sizes))
        return box(b"sidx", head + entries)


def first_ranges(data, ssix):
    """Bytes of moof and IDR of each subsegment."""
    at, heads = ssix.start + 16, []
    (count,) = struct.unpack_from(">I", data, ssix.start + 12)
    for _ in range(count):
        (ranges,) = struct.unpack_from(">I", data, at)
        heads.append(struct.unpack_from(">I", data, at + 4)[0] & 0xFFFFFF)
        at += 4 + 4 * ranges
    return heads


def shifted(fragments, sizes, k):
    """The fragments as they are in repetition k: later, and numbered on."""
    out = bytearray(fragments)
    times = [struct.unpack_from(">Q", out, find(fragments, b"tfdt", at) + 12)[0] for at in starts(sizes)]
    total = times[-1] + (times[-1] - times[-2] if len(times) > 1 else 0) - times[0]
    for number, (at, time) in enumerate(zip(starts(sizes), times)):
        struct.pack_into(">I", out, find(fragments, b"mfhd", at) + 12, 1 + k * len(sizes) + number)
        struct.pack_into(">Q", out, find(fragments, b"tfdt", at) + 12, time + k * total)
    return bytes(out)


def find(fragments, kind, at):
    """The start of the next box of that type."""
    found = fragments.index(kind, at) - 4
    assert kind != b"tfdt" or fragments[found + 8] == 1, "tfdt must have version 1"
    return found


def starts(sizes):
    at = 0
    for size in sizes:
        yield at
        at += size


def box(kind, payload):
    return struct.pack(">I", 8 + len(payload)) + kind + payload


