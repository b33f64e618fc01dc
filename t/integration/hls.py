"""A strict reader of HLS playlists (RFC 8216bis): what it does not know or what breaks a rule is an error."""
import re
from dataclasses import dataclass, field
from fractions import Fraction
from urllib.parse import urlsplit

ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s][^,"]*)(?:,|$)')
KIND = {
    "BANDWIDTH": r"[1-9]\d*", "AVERAGE-BANDWIDTH": r"[1-9]\d*", "CODECS": r'"[A-Za-z0-9.,-]+"',
    "RESOLUTION": r"[1-9]\d*x[1-9]\d*", "FRAME-RATE": r"\d+(\.\d{1,3})?", "AUDIO": r'"[^"]+"', "SUBTITLES": r'"[^"]+"',
    "CLOSED-CAPTIONS": r'NONE|"[^"]+"', "VIDEO-RANGE": r"SDR|HLG|PQ", "HDCP-LEVEL": r"NONE|TYPE-[01]",
    "TYPE": r"AUDIO|VIDEO|SUBTITLES|CLOSED-CAPTIONS", "GROUP-ID": r'"[^"]+"', "NAME": r'"[^"]+"',
    "LANGUAGE": r'"[A-Za-z0-9-]+"', "DEFAULT": "YES|NO", "AUTOSELECT": "YES|NO", "FORCED": "YES|NO",
    "TIME-OFFSET": r"\d+\.\d{6}", "PRECISE": "YES|NO",
    "CHANNELS": r'"\d+(/[^"]*)?"', "URI": r'"[^"\s]+"', "STABLE-VARIANT-ID": r'"[^"]+"', "SCORE": r"\d+(\.\d+)?",
    "DATA-ID": r'"[A-Za-z0-9.-]+"', "VALUE": r'"[^"]*"',
    "CHARACTERISTICS": r'"[a-z.-]+(,[a-z.-]+)*"', "STABLE-RENDITION-ID": r'"[^"]+"', "BYTERANGE": r'"\d+(@\d+)?"', "ASSOC-LANGUAGE": r'"[^"]+"',
}


def attributes(text):
    """An attribute list as a dict; quoted strings without their quotes."""
    found, at = {}, 0
    while at < len(text):
        match = ATTRIBUTE.match(text, at)
        assert match, f"attribute list breaks at {text[at:]!r}"
        name, value = match.groups()
        assert name not in found, f"attribute {name} twice"
        assert name in KIND, f"unknown attribute {name}"
        assert re.fullmatch(KIND[name], value), f"{name}={value} has the wrong form"
        found[name] = value.strip('"')
        at = match.end()
    assert not text.endswith(","), "attribute list ends with a comma"
    return found


def lines_of(text):
    assert not text.startswith("\ufeff") and text.endswith("\n"), "no byte order mark, a line feed at the end"
    lines = text.replace("\r\n", "\n").split("\n")
    assert lines[0] == "#EXTM3U", lines[0]
    for line in lines[1:]:
        if line and (not line.startswith("#") or line.startswith("#EXT")):
            assert line == line.strip(), f"stray white space: {line!r}"
            yield line


@dataclass
class Master:
    version: int = 1
    independent: bool = False
    variants: list = field(default_factory=list)  # attributes with "uri"
    sound: list = field(default_factory=list)  # of a title with pictures: the variants without
    session_data: dict = field(default_factory=dict)  # value by DATA-ID
    media: list = field(default_factory=list)
    iframes: list = field(default_factory=list)
    start: Fraction = Fraction(0)

    def uris(self):
        return [e["uri"] for e in self.variants + self.sound] + [e["URI"] for e in self.media + self.iframes if "URI" in e]


def parse_master(text):
    master, seen, pending = Master(), set(), None
    for line in lines_of(text):
        tag, _, value = line.partition(":")
        if pending is not None:
            assert not line.startswith("#"), "EXT-X-STREAM-INF must be followed by its URI"
            pending["uri"] = line
            master.variants.append(pending)
            pending = None
        elif tag == "#EXT-X-STREAM-INF":
            pending = attributes(value)
            assert "BANDWIDTH" in pending
        elif tag == "#EXT-X-MEDIA":
            entry = attributes(value)
            assert {"TYPE", "GROUP-ID", "NAME"} <= entry.keys(), line
            master.media.append(entry)
        elif tag == "#EXT-X-I-FRAME-STREAM-INF":
            entry = attributes(value)
            assert {"BANDWIDTH", "URI"} <= entry.keys(), line
            master.iframes.append(entry)
        elif tag == "#EXT-X-SESSION-DATA":
            entry = attributes(value)
            assert entry.keys() == {"DATA-ID", "VALUE"} and entry["DATA-ID"] not in master.session_data, line
            master.session_data[entry["DATA-ID"]] = entry["VALUE"]
        else:
            assert tag not in seen, f"{tag} twice"
            seen.add(tag)
            if tag == "#EXT-X-VERSION":
                master.version = int(value)
            elif tag == "#EXT-X-INDEPENDENT-SEGMENTS":
                master.independent = True
            elif tag == "#EXT-X-START":
                master.start = start_offset(value)
            else:
                raise AssertionError(f"unexpected line {line!r}")
    assert pending is None and master.variants, "no variant"
    check_groups(master)
    part_sound(master)
    return master


def part_sound(master):
    """A player may begin with the first variant, so those without pictures come last (Apple's authoring
    specification)."""
    pictures = ["RESOLUTION" in v for v in master.variants]
    assert pictures == sorted(pictures, reverse=True), "a variant of sound before one of pictures"
    if any(pictures):
        master.sound = [v for v in master.variants if "RESOLUTION" not in v]
        master.variants = [v for v in master.variants if "RESOLUTION" in v]
    for v in master.sound:
        assert not any(c.startswith(("avc", "hvc", "hev", "av01", "vp09")) for c in v["CODECS"].split(",")), v
        assert "FRAME-RATE" not in v and "VIDEO-RANGE" not in v, v
        assert all(int(v["BANDWIDTH"]) <= int(w["BANDWIDTH"]) for w in master.variants), "sound above pictures"


KNOWN = {"AUDIO": {"public.accessibility.describes-video"},
         "SUBTITLES": {"public.accessibility.transcribes-spoken-dialog",
                       "public.accessibility.describes-music-and-sound"}}


def check_choices(kind, group, entries):
    """What is chosen by itself can be told apart by what it is chosen by (RFC 8216bis section 4.4.6.1)."""
    seen = set()
    for e in entries:
        characteristics = frozenset(e["CHARACTERISTICS"].split(",")) if "CHARACTERISTICS" in e else frozenset()
        assert characteristics <= KNOWN[kind], f"{kind} {group}: {characteristics}"
        assert {"DEFAULT", "AUTOSELECT"} <= e.keys(), e
        if e["AUTOSELECT"] != "YES":
            continue
        choice = (e.get("LANGUAGE"), e.get("ASSOC-LANGUAGE"), e.get("FORCED", "NO"), characteristics)
        assert choice not in seen, f"{kind} {group}: two AUTOSELECT=YES of {choice}"
        seen.add(choice)


def check_groups(master):
    groups = {}
    for entry in master.media:
        groups.setdefault((entry["TYPE"], entry["GROUP-ID"]), []).append(entry)
    for (kind, group), entries in groups.items():
        names = [e["NAME"] for e in entries]
        assert len(set(names)) == len(names), f"{kind} {group}: NAME is not unique"
        assert sum(e.get("DEFAULT") == "YES" for e in entries) <= 1, f"{kind} {group}: two defaults"
        check_choices(kind, group, entries)
        for e in entries:
            assert kind == "SUBTITLES" or "FORCED" not in e, "FORCED is for subtitles"
            assert kind != "SUBTITLES" or "URI" in e, "subtitles without a URI"
            assert e.get("DEFAULT") != "YES" or e.get("AUTOSELECT", "YES") == "YES", "DEFAULT needs AUTOSELECT"
    for variant in master.variants:
        if "AUDIO" in variant:
            assert ("AUDIO", variant["AUDIO"]) in groups, f"no audio group {variant['AUDIO']}"
        texts = {group for kind, group in groups if kind == "SUBTITLES"}
        assert {variant["SUBTITLES"]} <= texts if "SUBTITLES" in variant else not texts, "no group of subtitles"
        assert int(variant.get("AVERAGE-BANDWIDTH", 0)) <= int(variant["BANDWIDTH"]), "average above peak"


@dataclass
class Segment:
    uri: str
    duration: Fraction
    gap: bool = False  # there is nothing to be fetched


@dataclass
class Media:
    version: int = 1
    target: int = 0
    sequence: int = 0
    kind: str = ""
    independent: bool = False
    ended: bool = False
    iframes_only: bool = False
    map: str = ""
    start: Fraction = Fraction(0)
    segments: list = field(default_factory=list)

    def uris(self):
        return ([self.map] if self.map else []) + [s.uri for s in self.segments if not s.gap]

    def duration(self):
        return sum((s.duration for s in self.segments), Fraction(0))


SINGLE = {"#EXT-X-VERSION": "version", "#EXT-X-TARGETDURATION": "target", "#EXT-X-MEDIA-SEQUENCE": "sequence"}


def parse_media(text):
    """A VOD media playlist; checks the rules that need no other document."""
    media, seen, duration, gap = Media(), set(), None, False
    for line in lines_of(text):
        tag, _, value = line.partition(":")
        if tag == "#EXTINF":
            assert duration is None, "two EXTINF for one segment"
            number, comma, _ = value.partition(",")
            assert comma and re.fullmatch(r"\d+(\.\d+)?", number), line
            duration = Fraction(number)
        elif not line.startswith("#"):
            assert duration is not None, f"{line} without EXTINF"
            media.segments.append(Segment(line, duration, gap))
            duration, gap = None, False
        elif line == "#EXT-X-GAP":
            assert duration is not None and not gap, "EXT-X-GAP belongs to a segment"
            gap = True
        else:
            assert tag not in seen, f"{tag} twice"
            seen.add(tag)
            read_tag(media, tag, value, line)
    assert duration is None, "EXTINF without a segment"
    assert media.segments and media.ended and media.kind == "VOD", "a VOD playlist ends with EXT-X-ENDLIST"
    assert media.target > 0
    for segment in media.segments:
        assert segment.duration > 0
        assert int(segment.duration + Fraction(1, 2)) <= media.target, f"{segment} above target {media.target}"
    needed = (5 if media.map else 4) if media.iframes_only else 6 if media.map else 3
    assert media.version == needed, f"version {media.version}, {needed} needed"
    return media


def read_tag(media, tag, value, line):
    if tag in SINGLE:
        assert re.fullmatch(r"\d+", value), line
        setattr(media, SINGLE[tag], int(value))
    elif tag == "#EXT-X-PLAYLIST-TYPE":
        media.kind = value
    elif tag == "#EXT-X-MAP":
        assert not media.segments, "EXT-X-MAP after a segment"
        entry = attributes(value)
        assert entry.keys() == {"URI"}, line
        media.map = entry["URI"]
    elif tag == "#EXT-X-START":
        media.start = start_offset(value)
    elif tag == "#EXT-X-INDEPENDENT-SEGMENTS":
        media.independent = True
    elif tag == "#EXT-X-I-FRAMES-ONLY":
        media.iframes_only = True
    elif tag == "#EXT-X-ENDLIST":
        media.ended = True
    else:
        raise AssertionError(f"unexpected line {line!r}")


def start_offset(text):
    """Where in a playlist to begin, in seconds (4.4.2.2)."""
    entry = attributes(text)
    assert entry["PRECISE"] == "YES" and Fraction(entry["TIME-OFFSET"]) > 0, text
    return Fraction(entry["TIME-OFFSET"])


def peak_rate(segments, target):
    """Peak segment bit rate: the largest of any run of segments that lasts 0.5 to 1.5 target durations."""
    peak = Fraction(0)
    for first in range(len(segments)):
        size, duration = 0, Fraction(0)
        for length, seconds in segments[first:]:
            size, duration = size + length, duration + seconds
            if duration > Fraction(3, 2) * target:
                break
            if duration >= Fraction(1, 2) * target:
                peak = max(peak, 8 * size / duration)
    if not peak:
        peak = 8 * sum(n for n, _ in segments) / sum(s for _, s in segments)
    return peak


def average_rate(segments):
    return 8 * sum(n for n, _ in segments) / sum(s for _, s in segments)


def carries(uri, token, name="token"):
    """True if the token is in the reference's query, as it was given."""
    return f"{name}={token}" in urlsplit(uri).query.split("&")
