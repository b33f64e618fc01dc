"""A strict reader of HLS playlists (RFC 8216bis): what it does not know or what breaks a rule is an error. Messages begin
with the clause, as those of rules.py; "own" is what the standard leaves open and Mezz never writes."""
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
        assert match, f"RFC 4.2: attribute list breaks at {text[at:]!r}"
        name, value = match.groups()
        assert name not in found, f"RFC 4.2: attribute {name} twice"
        assert name in KIND, f"own: unknown attribute {name}"
        assert re.fullmatch(KIND[name], value), f"RFC 4.2: {name}={value} has the wrong form"
        found[name] = value.strip('"')
        at = match.end()
    assert not text.endswith(","), "RFC 4.2: attribute list ends with a comma"
    return found


def lines_of(text):
    assert not text.startswith("\ufeff"), "RFC 4.1: a byte order mark"
    assert text.endswith("\n"), "RFC 4.1: the last line does not end"
    lines = text.replace("\r\n", "\n").split("\n")
    assert lines[0] == "#EXTM3U", f"RFC 4.4.1.1: begins with {lines[0]!r}"
    for line in lines[1:]:
        if line and (not line.startswith("#") or line.startswith("#EXT")):
            assert line == line.strip(), f"RFC 4.1: stray white space: {line!r}"
            yield line


ONCE = {"#EXT-X-VERSION": "RFC 4.4.1.2", "#EXT-X-INDEPENDENT-SEGMENTS": "RFC 4.4.2", "#EXT-X-START": "RFC 4.4.2",
        "#EXT-X-MAP": "own"}


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
            assert not line.startswith("#"), "RFC 4.4.6.2: EXT-X-STREAM-INF must be followed by its URI"
            pending["uri"] = line
            master.variants.append(pending)
            pending = None
        elif tag == "#EXT-X-STREAM-INF":
            pending = attributes(value)
            assert "BANDWIDTH" in pending, f"RFC 4.4.6.2: no BANDWIDTH: {line}"
        elif tag == "#EXT-X-MEDIA":
            entry = attributes(value)
            assert {"TYPE", "GROUP-ID", "NAME"} <= entry.keys(), f"RFC 4.4.6.1: {line}"
            master.media.append(entry)
        elif tag == "#EXT-X-I-FRAME-STREAM-INF":
            entry = attributes(value)
            assert {"BANDWIDTH", "URI"} <= entry.keys(), f"RFC 4.4.6.3: {line}"
            master.iframes.append(entry)
        elif tag == "#EXT-X-SESSION-DATA":
            entry = attributes(value)
            assert entry.keys() == {"DATA-ID", "VALUE"}, f"RFC 4.4.6.4: {line}"
            assert entry["DATA-ID"] not in master.session_data, f"RFC 4.4.6.4: {line} again"
            master.session_data[entry["DATA-ID"]] = entry["VALUE"]
        else:
            assert tag not in seen, f"{once(tag)}: {tag} twice"
            seen.add(tag)
            if tag == "#EXT-X-VERSION":
                master.version = int(value)
            elif tag == "#EXT-X-INDEPENDENT-SEGMENTS":
                master.independent = True
            elif tag == "#EXT-X-START":
                master.start = start_offset(value)
            else:
                raise AssertionError(f"own: unexpected line {line!r}")
    assert pending is None and master.variants, "RFC 4.4.6.2: no variant"
    check_groups(master)
    part_sound(master)
    return master


def once(tag):
    """The clause that lets a tag stand in a playlist but once."""
    return ONCE.get(tag, "RFC 4.4.3")


def part_sound(master):
    """A player may begin with the first variant, so those without pictures come last (Apple's authoring
    specification)."""
    pictures = ["RESOLUTION" in v for v in master.variants]
    assert pictures == sorted(pictures, reverse=True), "own: a variant of sound before one of pictures"
    if any(pictures):
        master.sound = [v for v in master.variants if "RESOLUTION" not in v]
        master.variants = [v for v in master.variants if "RESOLUTION" in v]
    for v in master.sound:
        assert not any(c.startswith(("avc", "hvc", "hev", "av01", "vp09")) for c in v["CODECS"].split(",")), f"RFC 4.4.6.2: {v}"
        assert "FRAME-RATE" not in v and "VIDEO-RANGE" not in v, f"RFC 4.4.6.2: {v}"
        assert all(int(v["BANDWIDTH"]) <= int(w["BANDWIDTH"]) for w in master.variants), "own: sound above pictures"


KNOWN = {"AUDIO": {"public.accessibility.describes-video"},
         "SUBTITLES": {"public.accessibility.transcribes-spoken-dialog",
                       "public.accessibility.describes-music-and-sound"}}


def check_choices(kind, group, entries):
    """What is chosen by itself can be told apart by what it is chosen by (RFC 4.4.6.1.1)."""
    seen = set()
    for e in entries:
        characteristics = frozenset(e["CHARACTERISTICS"].split(",")) if "CHARACTERISTICS" in e else frozenset()
        assert characteristics <= KNOWN[kind], f"RFC 4.4.6.1: {kind} {group}: {characteristics}"
        assert {"DEFAULT", "AUTOSELECT"} <= e.keys(), f"own: {e}"
        if e["AUTOSELECT"] != "YES":
            continue
        choice = (e.get("LANGUAGE"), e.get("ASSOC-LANGUAGE"), e.get("FORCED", "NO"), characteristics)
        assert choice not in seen, f"RFC 4.4.6.1.1: {kind} {group}: two AUTOSELECT=YES of {choice}"
        seen.add(choice)


def check_groups(master):
    groups = {}
    for entry in master.media:
        groups.setdefault((entry["TYPE"], entry["GROUP-ID"]), []).append(entry)
    for (kind, group), entries in groups.items():
        names = [e["NAME"] for e in entries]
        assert len(set(names)) == len(names), f"RFC 4.4.6.1.1: {kind} {group}: NAME is not unique"
        assert sum(e.get("DEFAULT") == "YES" for e in entries) <= 1, f"RFC 4.4.6.1.1: {kind} {group}: two defaults"
        check_choices(kind, group, entries)
        for e in entries:
            assert kind == "SUBTITLES" or "FORCED" not in e, "RFC 4.4.6.1: FORCED is for subtitles"
            assert kind != "SUBTITLES" or "URI" in e, "RFC 4.4.6.2.1: subtitles without a URI"
            assert e.get("DEFAULT") != "YES" or e.get("AUTOSELECT", "YES") == "YES", "RFC 4.4.6.1: DEFAULT needs AUTOSELECT"
    for variant in master.variants:
        if "AUDIO" in variant:
            assert ("AUDIO", variant["AUDIO"]) in groups, f"RFC 4.4.6.2: no audio group {variant['AUDIO']}"
        texts = {group for kind, group in groups if kind == "SUBTITLES"}
        assert {variant["SUBTITLES"]} <= texts if "SUBTITLES" in variant else not texts, "RFC 4.4.6.2: no group of subtitles"
        assert int(variant.get("AVERAGE-BANDWIDTH", 0)) <= int(variant["BANDWIDTH"]), "RFC 4.4.6.2: average above peak"


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
            assert duration is None, "RFC 4.4.4.1: two EXTINF for one segment"
            number, comma, _ = value.partition(",")
            assert comma and re.fullmatch(r"\d+(\.\d+)?", number), f"RFC 4.4.4.1: {line}"
            duration = Fraction(number)
        elif not line.startswith("#"):
            assert duration is not None, f"RFC 4.4.4.1: {line} without EXTINF"
            media.segments.append(Segment(line, duration, gap))
            duration, gap = None, False
        elif line == "#EXT-X-GAP":
            assert duration is not None and not gap, "RFC 4.4.4.7: EXT-X-GAP belongs to a segment"
            gap = True
        else:
            assert tag not in seen, f"{once(tag)}: {tag} twice"
            seen.add(tag)
            read_tag(media, tag, value, line)
    assert duration is None, "RFC 4.4.4.1: EXTINF without a segment"
    assert media.segments, "own: no segment"
    assert media.ended, "RFC 4.4.3.4: no EXT-X-ENDLIST"
    assert media.kind == "VOD", f"RFC 4.4.3.5: EXT-X-PLAYLIST-TYPE {media.kind!r}"
    assert media.target > 0, "RFC 4.4.3.1: no EXT-X-TARGETDURATION"
    for segment in media.segments:
        assert segment.duration > 0, f"own: {segment} lasts no time"
        assert int(segment.duration + Fraction(1, 2)) <= media.target, f"RFC 4.4.3.1: {segment} above target {media.target}"
    needed = (5 if media.map else 4) if media.iframes_only else 6 if media.map else 3
    assert media.version == needed, f"RFC 8: version {media.version}, {needed} needed"
    return media


def read_tag(media, tag, value, line):
    if tag in SINGLE:
        assert re.fullmatch(r"\d+", value), f"RFC 4.2: {line}"
        setattr(media, SINGLE[tag], int(value))
    elif tag == "#EXT-X-PLAYLIST-TYPE":
        media.kind = value
    elif tag == "#EXT-X-MAP":
        assert not media.segments, "RFC 4.4.4.5: EXT-X-MAP after a segment"
        entry = attributes(value)
        assert entry.keys() == {"URI"}, f"RFC 4.4.4.5: {line}"
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
        raise AssertionError(f"own: unexpected line {line!r}")


def start_offset(text):
    """Where in a playlist to begin, in seconds (RFC 4.4.2.2)."""
    entry = attributes(text)
    assert "TIME-OFFSET" in entry, f"RFC 4.4.2.2: {text}"
    assert entry["PRECISE"] == "YES" and Fraction(entry["TIME-OFFSET"]) > 0, f"own: {text}"
    return Fraction(entry["TIME-OFFSET"])


def peak_rate(segments, target):
    """Peak segment bit rate (RFC 4.1): the largest of any run of segments that lasts 0.5 to 1.5 target durations."""
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
