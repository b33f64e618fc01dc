"""A reader of static MPDs with SegmentTemplate (ISO/IEC 23009-1), and validation against the schema. Messages begin
with the clause, as those of rules.py; "own" is what the standard leaves open and Mezz never writes."""
import re
import shutil
import subprocess
from dataclasses import dataclass
from fractions import Fraction

from lxml import etree

from mezz import SCHEMAS

NS = {"d": "urn:mpeg:dash:schema:mpd:2011"}
TRICK_MODE = "http://dashif.org/guidelines/trickmode"
TILES = "http://dashif.org/guidelines/thumbnail_tile"
COLOURS = "urn:mpeg:mpegB:cicp:"


def seconds(text):
    match = re.fullmatch(r"P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?", text)
    assert match, f"DASH Annex B: duration {text!r}"
    return sum((Fraction(v or 0) * unit for v, unit in zip(match.groups(), (86400, 3600, 60, 1))), Fraction(0))


@dataclass
class Representation:
    id: str
    bandwidth: int
    mime: str
    codecs: str
    language: str
    attributes: dict
    init: str
    media: list  # (url, start, duration) in seconds from the period's start


@dataclass
class Text:
    """A text track that is one file."""
    id: str
    language: str
    label: str
    roles: list
    url: str


@dataclass
class Tiles:
    """Thumbnails: pictures of columns x rows tiles."""
    columns: int
    rows: int
    width: int  # pixels of a picture
    height: int
    bandwidth: int
    media: list  # as of a Representation


@dataclass
class Manifest:
    duration: Fraction
    min_buffer: Fraction
    sets: list  # of lists of Representation, those for trick play apart
    root: object
    texts: list  # Text
    trick_sets: list
    tiles: list  # Tiles

    def representations(self):
        return [r for s in self.sets for r in s]

    def uris(self):
        return [u for r in self.representations() for u in [r.init, *(m[0] for m in r.media)]]


def validate(data):
    """Schema errors as text; "" if valid or if there is no schema or xmllint here."""
    schema = SCHEMAS / "DASH-MPD.xsd"
    if not schema.exists() or not shutil.which("xmllint"):
        return ""
    done = subprocess.run(["xmllint", "--nonet", "--noout", "--schema", schema, "-"], input=data, capture_output=True)
    return "" if done.returncode == 0 else done.stderr.decode()


def parse(data):
    root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    assert root.tag == f"{{{NS['d']}}}MPD", f"DASH 5.3.1: {root.tag}"
    assert root.get("type", "static") == "static", f"own: an MPD of type {root.get('type')}"
    (period,) = root.findall("d:Period", NS)
    duration = seconds(root.get("mediaPresentationDuration"))
    base = "".join(e.text for e in root.findall("d:BaseURL", NS))
    sets, trick_sets, texts, images = [], [], [], []
    for s in period.findall("d:AdaptationSet", NS):
        if s.get("contentType") == "text":
            texts.append(text(s))
            continue
        if s.get("contentType") == "image":
            images.append(tiles(s, base, duration))
            continue
        found = [representation(r, s, base, duration) for r in s.findall("d:Representation", NS)]
        (trick_sets if is_trick(s, period) else sets).append(found)
    ids = [r.id for s in sets + trick_sets for r in s] + [t.id for t in texts]
    assert ids and len(set(ids)) == len(ids), f"DASH 5.3.5.2: representation ids {ids}"
    return Manifest(duration, seconds(root.get("minBufferTime")), sets, root, texts, trick_sets, images)


def is_trick(element, period):
    """True if the AdaptationSet is for trick play, of another one that exists (DASH-IF IOP 3.2.9)."""
    found = {e.get("schemeIdUri"): e.get("value") for e in element.findall("d:EssentialProperty", NS)}
    main = found.pop(TRICK_MODE, None)
    assert all(scheme.startswith(COLOURS) for scheme in found), "own: an unknown EssentialProperty"
    if main is None:
        return False
    others = period.xpath("d:AdaptationSet[@id=$id]", namespaces=NS, id=main)
    assert len(others) == 1 and others[0].get("contentType") == "video" and others[0] is not element, f"IOP 3.2.9: of {main}"
    assert found == {e.get("schemeIdUri"): e.get("value") for e in others[0].findall("d:EssentialProperty", NS)}, "own: colours"
    return True


def text(element):
    assert element.get("mimeType") == "text/vtt", f"own: text as {element.get('mimeType')}"
    (only,) = element.findall("d:Representation", NS)
    assert int(only.get("bandwidth")) > 0, f"DASH 5.3.5.2: no @bandwidth of {only.get('id')}"
    return Text(only.get("id"), element.get("lang", ""), element.findtext("d:Label", "", NS),
                [r.get("value") for r in element.findall("d:Role", NS)], only.findtext("d:BaseURL", None, NS))


def tiles(element, base, total):
    """An AdaptationSet of thumbnails (DASH-IF IOP 6.2.6)."""
    assert element.get("mimeType") == "image/jpeg", f"IOP 6.2.6: tiles as {element.get('mimeType')}"
    (only,) = element.findall("d:Representation", NS)
    (grid,) = only.findall("d:EssentialProperty", NS)
    assert grid.get("schemeIdUri") == TILES, f"IOP 6.2.6: tiles of {grid.get('schemeIdUri')}"
    assert re.fullmatch(r"[1-9]\d*x[1-9]\d*", grid.get("value")), f"IOP 6.2.6: {grid.get('value')} tiles"
    columns, rows = map(int, grid.get("value").split("x"))
    width, height = int(only.get("width")), int(only.get("height"))
    assert width % columns == height % rows == 0, f"IOP 6.2.6: {columns}x{rows} tiles in {width}x{height}"
    (template,) = only.findall("d:SegmentTemplate", NS)
    first, last, scale = (int(template.get(n)) for n in ("startNumber", "endNumber", "timescale"))
    times = regular_times(int(template.get("duration")), scale, total)
    media = [(base + template.get("media").replace("$Number$", str(first + i)), Fraction(start, scale), Fraction(length, scale))
             for i, (start, length) in enumerate(times) if first + i <= last]
    return Tiles(columns, rows, width, height, int(only.get("bandwidth")), media)


def inherited(element, parent):
    merged = {**dict(parent.attrib), **dict(element.attrib)}
    return merged


def representation(element, parent, base, total):
    attributes = inherited(element, parent)
    templates = [t for t in (element.find("d:SegmentTemplate", NS), parent.find("d:SegmentTemplate", NS))
                 if t is not None]
    values = {name: value for t in reversed(templates) for name, value in t.attrib.items()}
    timeline = next((t.find("d:SegmentTimeline", NS) for t in templates
                     if t.find("d:SegmentTimeline", NS) is not None), None)
    scale = int(values.get("timescale", 1))
    offset = int(values.get("presentationTimeOffset", 0))
    number = int(values.get("startNumber", 1))
    times = timeline_times(timeline) if timeline is not None else regular_times(int(values["duration"]), scale, total)
    assert timeline is None or "duration" not in values, "DASH 5.3.9.2.2: both @duration and SegmentTimeline"

    def fill(template, **known):
        url = base + re.sub(r"\$(\w*)(?:%0(\d+)d)?\$", lambda m: substitute(m, known), template)
        assert "$" not in url, f"DASH 5.3.9.4.4: {url}"
        return url

    media = [(fill(values["media"], RepresentationID=element.get("id"), Number=number + i, Time=start,
                   Bandwidth=element.get("bandwidth")),
              Fraction(start - offset, scale), Fraction(length, scale)) for i, (start, length) in enumerate(times)]
    init = fill(values["initialization"], RepresentationID=element.get("id"), Bandwidth=element.get("bandwidth"))
    return Representation(element.get("id"), int(element.get("bandwidth")), attributes.get("mimeType"),
                          attributes.get("codecs"), attributes.get("lang", ""), attributes, init, media)


def substitute(match, known):
    if not match[1]:
        return "$"
    return str(known[match[1]]).zfill(int(match[2] or 0))


def timeline_times(timeline):
    """[(start, duration)] in ticks; each S continues where the one before ended unless it says t."""
    times, now = [], 0
    for s in timeline.findall("d:S", NS):
        start, length, repeat = s.get("t"), int(s.get("d")), int(s.get("r", 0))
        assert length > 0 and repeat >= 0, f"own: S of {length}, r {repeat}"
        if start is not None:
            assert not times or int(start) == now, "DASH 5.3.9.6: a gap or overlap in the SegmentTimeline"
            now = int(start)
        for _ in range(repeat + 1):
            times.append((now, length))
            now += length
    return times


def regular_times(length, scale, total):
    count = -(-total * scale // length)
    return [(i * length, min(length, total * scale - i * length)) for i in range(int(count))]
