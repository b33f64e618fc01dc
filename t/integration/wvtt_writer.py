"""MP4 files of one wvtt track (ISO/IEC 14496-30), progressive or in fragments of one sample each."""
import struct

SCALE = 1000


def box(kind, *parts):
    payload = b"".join(parts)
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def full(kind, flags, *parts, version=0):
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def samples_of(cues):
    """Samples of [(start, end, text, settings)] in ms: a new one wherever a cue begins or ends, none shown: vtte."""
    times = sorted({0, *(t for start, end, *_ in cues for t in (start, end))})
    for begin, end in zip(times, times[1:]):
        shown = [cue(text, settings) for a, b, text, settings in cues if a < end and b > begin]
        yield end - begin, b"".join(shown) or box(b"vtte")


def cue(text, settings):
    parts = [box(b"sttg", settings.encode())] if settings else []
    return box(b"vttc", *parts, box(b"payl", text.encode()))


def track(samples, offset, language, kinds, fragmented):
    code = sum((ord(c) - 0x60) << shift for c, shift in zip(language, (10, 5, 0)))
    entry = box(b"wvtt", bytes(6), b"\0\1", box(b"vttC", b"WEBVTT"))
    sizes, times = ([s for _, s in samples], [d for d, _ in samples]) if not fragmented else ([], [])
    table = box(
        b"stbl", full(b"stsd", 0, struct.pack(">I", 1), entry),
        full(b"stts", 0, struct.pack(">I", len(times)), *(struct.pack(">II", 1, d) for d in times)),
        full(b"stsc", 0, struct.pack(">I", bool(sizes)), struct.pack(">III", 1, len(sizes), 1) if sizes else b""),
        full(b"stsz", 0, struct.pack(">II", 0, len(sizes)), *(struct.pack(">I", len(s)) for s in sizes)),
        full(b"stco", 0, struct.pack(">I", bool(sizes)), struct.pack(">I", offset) if sizes else b""))
    head = full(b"mdhd", 0, struct.pack(">IIIIHH", 0, 0, SCALE, sum(times), code, 0))
    handler = full(b"hdlr", 0, bytes(4), b"text", bytes(12), b"WebVTT text handler\0")
    udta = box(b"udta", *(full(b"kind", 0, b"urn:mpeg:dash:role:2011\0", k.encode(), b"\0") for k in kinds))
    media = box(b"mdia", head, handler, box(b"minf", full(b"nmhd", 0), table))
    return box(b"trak", full(b"tkhd", 3, struct.pack(">IIII", 0, 0, 1, 0), bytes(4 + 16 + 36 + 8)), media, udta)


def fragment(number, start, duration, sample):
    def moof(offset):
        run = full(b"trun", 0x301, struct.pack(">IiII", 1, offset, duration, len(sample)))
        traf = box(b"traf", full(b"tfhd", 0x20000, struct.pack(">I", 1)), full(b"tfdt", 0, struct.pack(">I", start)), run)
        return box(b"moof", full(b"mfhd", 0, struct.pack(">I", number)), traf)
    return moof(len(moof(0)) + 8) + box(b"mdat", sample)


def write(path, cues, language="und", kinds=(), fragmented=False):
    samples = list(samples_of(cues))
    ftyp = box(b"ftyp", b"iso6\0\0\0\0iso6")

    def moov(offset):
        extends = [box(b"mvex", full(b"trex", 0, struct.pack(">IIIII", 1, 1, 0, 0, 0)))] if fragmented else []
        head = full(b"mvhd", 0, struct.pack(">IIII", 0, 0, SCALE, 0), bytes(80))
        return box(b"moov", head, track(samples, offset, language, kinds, fragmented), *extends)

    head = ftyp + moov(len(ftyp + moov(0)) + 8)
    if not fragmented:
        path.write_bytes(head + box(b"mdat", *(s for _, s in samples)))
        return
    starts = [sum(d for d, _ in samples[:i]) for i in range(len(samples))]
    path.write_bytes(head + b"".join(fragment(i + 1, start, d, s) for i, (start, (d, s)) in enumerate(zip(starts, samples))))
