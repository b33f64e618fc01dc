"""A strict reader of WebVTT, as far as our segments go. Messages begin with the clause; "RFC" is RFC 8216bis."""
import re
from dataclasses import dataclass
from fractions import Fraction

TIME = r"(\d{2,}):([0-5]\d):([0-5]\d\.\d{3})"
TIMING = re.compile(rf"{TIME} --> {TIME}(?: (\S.*))?")
MAP = re.compile(r"X-TIMESTAMP-MAP=LOCAL:00:00:00\.000,MPEGTS:(\d+)")


@dataclass(frozen=True)
class Cue:
    start: Fraction  # seconds
    end: Fraction
    text: str
    settings: str


def seconds(hours, minutes, rest):
    return int(hours) * 3600 + int(minutes) * 60 + Fraction(rest)


def parse(text):
    """(MPEGTS of the map, None if there is none; cues)."""
    assert "\0" not in text, "WebVTT 4.1: a null character"
    assert "\r" not in text and text.endswith("\n"), "own: lines that end otherwise"
    head, *blocks = text[:-1].split("\n\n")
    lines = head.split("\n")
    assert lines[0] == "WEBVTT" and len(lines) <= 2, f"WebVTT 4.1: begins with {lines}"
    match = MAP.fullmatch(lines[1]) if len(lines) == 2 else None
    assert len(lines) == 1 or match, f"RFC 3.1.4: {lines[1]}"
    return int(match[1]) if match else None, [cue(b) for b in blocks]


def cue(block):
    timing, *lines = block.split("\n")
    match = TIMING.fullmatch(timing)
    assert match, f"WebVTT 4.1: {timing}"
    start, end = seconds(*match.groups()[:3]), seconds(*match.groups()[3:6])
    assert start < end, f"WebVTT 4.1: {timing}"
    assert lines and all(lines) and not any("-->" in line for line in lines), f"WebVTT 4.1: {lines}"
    return Cue(start, end, "\n".join(lines), match[7] or "")
