"""An ISO-BMFF reader for the tests (ISO/IEC 14496-12): boxes, and the samples of each track with their times.
Messages begin with the clause, as those of rules.py."""
import struct
from dataclasses import dataclass, field
from fractions import Fraction

CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"mvex", b"moof", b"traf", b"dinf"}


@dataclass
class Box:
    type: bytes
    start: int
    body: int
    end: int


def walk(data, start=0, end=None):
    """The boxes between two positions; they must fill the space exactly."""
    end = len(data) if end is None else end
    while start < end:
        assert end - start >= 8, f"BMFF 4.2: {end - start} stray bytes at {start}"
        size, kind = struct.unpack_from(">I4s", data, start)
        body = start + 8
        if size == 1:
            size, body = struct.unpack_from(">Q", data, start + 8)[0], start + 16
        elif size == 0:
            size = end - start
        assert body - start <= size <= end - start, f"BMFF 4.2: {kind} at {start}: size {size} of {end - start}"
        yield Box(kind, start, body, start + size)
        start += size


def find(data, path, start=0, end=None):
    """All boxes at a path such as "moov/trak/mdia"."""
    first, _, rest = path.partition("/")
    for b in walk(data, start, end):
        if b.type == first.encode():
            if rest:
                yield from find(data, rest, b.body, b.end)
            else:
                yield b


@dataclass
class Sample:
    offset: int
    size: int
    dts: int  # ticks, edit list applied
    duration: int
    composition: int
    sync: bool
    fragment: int = -1

    @property
    def pts(self):
        return self.dts + self.composition


@dataclass
class Fragment:
    base: int  # tfdt as written
    sequence: int
    start: int


@dataclass
class Track:
    id: int
    handler: str = ""
    timescale: int = 0
    codec: str = ""
    language: str = ""
    width: int = 0
    height: int = 0
    has_edit_list: bool = False
    shift: int = 0  # presentation time = media time + shift
    samples: list = field(default_factory=list)
    fragments: list = field(default_factory=list)
    defaults: tuple = (0, 0, 0)

    def presentation(self):
        """Sorted presentation times in seconds, exact."""
        return sorted(Fraction(s.pts, self.timescale) for s in self.samples)


class Movie:
    """A whole file, or an init segment followed by media segments."""

    def __init__(self, data):
        self.data = bytes(data)
        self.tracks = {}
        self.types = [b.type for b in walk(self.data)]
        moov = next(find(self.data, "moov"))
        movie_scale = self._movie_timescale(moov)
        for trak in find(self.data, "trak", moov.body, moov.end):
            track = self._trak(trak, movie_scale)
            self.tracks[track.id] = track
        for trex in find(self.data, "mvex/trex", moov.body, moov.end):
            track_id, _, duration, size, flags = struct.unpack_from(">5I", self.data, trex.body + 4)
            self.tracks[track_id].defaults = (duration, size, flags)
        for moof in find(self.data, "moof"):
            self._moof(moof)
        for track in self.of_kind("vide"):
            self._begin_at_zero(track)

    def _begin_at_zero(self, track):
        """Writers without edit lists delay pictures by their reordering; the first is taken to be shown at 0."""
        if track.has_edit_list or not track.samples or track.samples[0].dts != 0:
            return
        track.shift = -max(track.samples[0].composition, 0)
        for sample in track.samples:
            sample.dts += track.shift

    def of_kind(self, handler):
        return [t for t in self.tracks.values() if t.handler == handler]

    def _movie_timescale(self, moov):
        mvhd = next(find(self.data, "mvhd", moov.body, moov.end))
        return struct.unpack_from(">I", self.data, mvhd.body + (20 if self.data[mvhd.body] else 12))[0]

    def _one(self, box, path):
        return next(find(self.data, path, box.body, box.end), None)

    def _trak(self, trak, movie_scale):
        d = self.data
        tkhd, mdhd = self._one(trak, "tkhd"), self._one(trak, "mdia/mdhd")
        track = Track(struct.unpack_from(">I", d, tkhd.body + (20 if d[tkhd.body] else 12))[0])
        track.width, track.height = (v >> 16 for v in struct.unpack_from(">II", d, tkhd.end - 8))
        track.timescale = struct.unpack_from(">I", d, mdhd.body + (20 if d[mdhd.body] else 12))[0]
        code = struct.unpack_from(">H", d, mdhd.body + (32 if d[mdhd.body] else 20))[0]
        track.language = "".join(chr(0x60 + (code >> s & 31)) for s in (10, 5, 0))
        hdlr = self._one(trak, "mdia/hdlr")
        track.handler = d[hdlr.body + 8:hdlr.body + 12].decode() if hdlr else ""
        stbl = self._one(trak, "mdia/minf/stbl")
        stsd = self._one(stbl, "stsd")
        track.codec = d[stsd.body + 12:stsd.body + 16].decode("latin-1")
        elst = self._one(trak, "edts/elst")
        if elst:
            track.has_edit_list = True
            track.shift = self._shift(elst, movie_scale, track.timescale)
        self._tables(stbl, track)
        return track

    def _shift(self, elst, movie_scale, timescale):
        """Leading empty edits delay a track, the first real one says where its media begins."""
        version, count = self.data[elst.body], struct.unpack_from(">I", self.data, elst.body + 4)[0]
        fmt = ">QqI" if version else ">IiI"
        delay = 0
        for i in range(count):
            length, media_time, _ = struct.unpack_from(fmt, self.data, elst.body + 8 + i * struct.calcsize(fmt))
            if media_time >= 0:
                return delay * timescale // movie_scale - media_time
            delay += length
        return 0

    def _table(self, stbl, name, fmt):
        box = self._one(stbl, name)
        if box is None:
            return []
        count = struct.unpack_from(">I", self.data, box.body + 4)[0]
        step = struct.calcsize(fmt)
        return [struct.unpack_from(fmt, self.data, box.body + 8 + i * step) for i in range(count)]

    def _tables(self, stbl, track):
        stsz = self._one(stbl, "stsz")
        constant, count = struct.unpack_from(">II", self.data, stsz.body + 4) if stsz else (0, 0)
        if not count:
            return
        sizes = [constant] * count if constant else list(struct.unpack_from(f">{count}I", self.data, stsz.body + 12))
        durations = [d for n, d in self._table(stbl, "stts", ">II") for _ in range(n)]
        offsets = [o for n, o in self._table(stbl, "ctts", ">Ii") for _ in range(n)] or [0] * count
        syncs = {n for (n,) in self._table(stbl, "stss", ">I")} if self._one(stbl, "stss") else None
        chunks = [c for (c,) in self._table(stbl, "stco", ">I") or self._table(stbl, "co64", ">Q")]
        runs = self._table(stbl, "stsc", ">III")
        number, dts = 0, track.shift
        for i, chunk in enumerate(chunks, 1):
            for _ in range(next(n for first, n, _ in reversed(runs) if first <= i)):
                track.samples.append(Sample(chunk, sizes[number], dts, durations[number], offsets[number],
                                            syncs is None or number + 1 in syncs))
                chunk += sizes[number]
                dts += durations[number]
                number += 1

    def _moof(self, moof):
        sequence = struct.unpack_from(">I", self.data, self._one(moof, "mfhd").body + 4)[0]
        for traf in find(self.data, "traf", moof.body, moof.end):
            self._traf(moof, traf, sequence)

    def _traf(self, moof, traf, sequence):
        d = self.data
        tfhd, tfdt = self._one(traf, "tfhd"), self._one(traf, "tfdt")
        flags, track_id = struct.unpack_from(">II", d, tfhd.body)
        flags &= 0xFFFFFF
        track, at = self.tracks[track_id], tfhd.body + 8
        duration, size, sample_flags = track.defaults
        assert flags & 0x020000 and not flags & 1, "CMAF 7.5.16: tfhd: default-base-is-moof expected, no base offset"
        at += 4 if flags & 2 else 0
        if flags & 8:
            duration, at = struct.unpack_from(">I", d, at)[0], at + 4
        if flags & 0x10:
            size, at = struct.unpack_from(">I", d, at)[0], at + 4
        if flags & 0x20:
            sample_flags = struct.unpack_from(">I", d, at)[0]
        base = struct.unpack_from(">Q" if d[tfdt.body] else ">I", d, tfdt.body + 4)[0]
        track.fragments.append(Fragment(base, sequence, moof.start))
        dts = base + track.shift
        for trun in find(d, "trun", traf.body, traf.end):
            dts = self._trun(moof, trun, track, dts, (duration, size, sample_flags))

    def _trun(self, moof, trun, track, dts, defaults):
        d = self.data
        word, count = struct.unpack_from(">II", d, trun.body)
        flags, version, at = word & 0xFFFFFF, word >> 24, trun.body + 8
        offset = moof.start
        if flags & 1:
            offset, at = offset + struct.unpack_from(">i", d, at)[0], at + 4
        first = None
        if flags & 4:
            first, at = struct.unpack_from(">I", d, at)[0], at + 4
        for i in range(count):
            duration, size, sample_flags = defaults
            composition = 0
            if flags & 0x100:
                duration, at = struct.unpack_from(">I", d, at)[0], at + 4
            if flags & 0x200:
                size, at = struct.unpack_from(">I", d, at)[0], at + 4
            if flags & 0x400:
                sample_flags, at = struct.unpack_from(">I", d, at)[0], at + 4
            elif i == 0 and first is not None:
                sample_flags = first
            if flags & 0x800:
                composition, at = struct.unpack_from(">i" if version else ">I", d, at)[0], at + 4
            track.samples.append(Sample(offset, size, dts, duration, composition, not sample_flags & 0x10000,
                                        len(track.fragments) - 1))
            offset += size
            dts += duration
        assert at == trun.end, "BMFF 8.8.8: trun: size and count disagree"
        return dts
