"""CMAF track files as the ingest worker writes them: ftyp moov sidx ssix (moof mdat)*."""
import struct
import subprocess
from pathlib import Path

import boxes

VERSION = 2


def write_track(source, stream, output, *, language=None, seconds=2):
    """Remuxes one stream of `source` (closed GOPs of 2 s) into a track file with its own index."""
    audio = ":a" in stream
    flags = "cmaf+frag_keyframe+skip_trailer" + ("+delay_moov" if audio else "")
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", source, "-map", stream, "-c", "copy",
               "-map_metadata", "-1", "-movflags", flags, "-strict", "-2", "-f", "mp4"]
    if audio:
        command += ["-frag_duration", str(seconds * 1000000), "-use_editlist", "1"]
    if language:
        command += ["-metadata:s:0", f"language={language}"]
    raw = Path(output).with_suffix(".raw")
    subprocess.run([*map(str, command), raw], check=True)
    Path(output).write_bytes(with_index(raw.read_bytes()))
    raw.unlink()


def with_index(data):
    """Drops what libavformat wrote besides ftyp, moov, moof and mdat, and puts sidx and ssix before the fragments."""
    top = list(boxes.walk(data))
    head = b"".join(data[b.start:b.end] for b in top if b.type in (b"ftyp", b"moov"))
    media = [b for b in top if b.type in (b"moof", b"mdat")]
    assert [b.type for b in media[::2]] == [b"moof"] * (len(media) // 2), "moof and mdat must alternate"
    (track,) = boxes.Movie(data).tracks.values()
    fragments = fragment_list(data, media, track)
    end = track.fragments[-1].base + sum(s.duration for s in track.samples if s.fragment == len(fragments) - 1)
    times = [f.base for f in track.fragments] + [end]
    durations = [b - a for a, b in zip(times, times[1:])]
    ssix = box(b"ssix", struct.pack(">II", 0, len(fragments)) + b"".join(
        struct.pack(">III", 2, 1 << 24 | idr, 2 << 24 | size - idr) for size, idr in fragments))
    references = b"".join(struct.pack(">III", size, duration, 1 << 31 | 1 << 28)
                          for (size, _), duration in zip(fragments, durations))
    sidx = box(b"sidx", struct.pack(">IIIIIHH", 0, track.id, track.timescale, 0, len(ssix), 0, len(fragments))
               + references)
    return head + sidx + ssix + b"".join(data[b.start:b.end] for b in media)


def fragment_list(data, media, track):
    """(bytes of moof and mdat, bytes up to the end of the first sample) of each fragment."""
    result = []
    for number, (moof, mdat) in enumerate(zip(media[::2], media[1::2])):
        first = next(s for s in track.samples if s.fragment == number)
        assert first.sync, "a fragment must start with a sync sample"
        result.append((mdat.end - moof.start, first.offset + first.size - moof.start))
    return result


def box(kind, payload):
    return struct.pack(">I", 8 + len(payload)) + kind + payload
