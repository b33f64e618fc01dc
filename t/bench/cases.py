"""What is compared with what, and how good it is to be."""
import re
from dataclasses import dataclass, field
from pathlib import Path

import page_cache
from titles import MINUTE, TEN_HOURS, TEN_MINUTES

PLAIN = "plain-minute.mp4"


@dataclass
class Case:
    """`ours` are paths below a location; the baseline is nginx's static files of the same bytes, or other paths of ours.
    Targets: of the ratio of requests a second (at least), of CPU seconds (at most), of µs a request (at most)."""
    name: str
    what: str
    ours: list
    baseline: list = None
    connections: tuple = (16,)
    tls: bool = False
    rate: float = None
    cpu: float = None
    micros: float = None
    by: str = "request"  # or "byte": what costs are told for
    headers: dict = None  # of requests for ours
    listed: bool = True  # has a row in the table of targets


@dataclass
class Pair:
    """Paths of a case on a server."""
    ours: list
    baseline: list
    kind: str = field(default="static file")


def number_of_segments(text):
    return len(re.findall(r"^#EXTINF", text, re.M))


class Urls:
    """Finds the URLs of titles the way players do."""

    def __init__(self, server):
        self.server = server
        self.revisions = {}

    def revision(self, title):
        if title not in self.revisions:
            master = self.server.get(f"/mezz/{title}/cmaf/master.m3u8").decode()
            self.revisions[title] = re.search(r"^([0-9a-f]+)/", master, re.M)[1]
        return self.revisions[title]

    def segments(self, title, format, rendition, numbers, location="/mezz"):
        ending = {"cmaf": "m4s", "hls": "ts"}[format]
        name, rendition = getattr(title, "name", title), self.rendition(title, rendition)
        base = f"{location}/{name}/{format}/{self.revision(name)}/{rendition}"
        return [f"{base}_{n}.{ending}" for n in numbers]

    def playlist(self, title, rendition, location="/mezz", format="cmaf"):
        return [f"{location}/{title.name}/{format}/{self.revision(title.name)}/{self.rendition(title, rendition)}.m3u8"]

    def rendition(self, title, wanted):
        """`audio`: what the title's audio rendition is called."""
        if wanted != "audio":
            return wanted
        master = self.server.get(f"/mezz/{getattr(title, 'name', title)}/cmaf/master.m3u8").decode()
        return re.search(r"/(audio[^/\".]*)\.m3u8", master)[1]


def all_cases(urls):
    minute, ten = MINUTE.segments(), TEN_MINUTES.name
    cmaf = {r: urls.segments(MINUTE, "cmaf", r, minute) for r in ("1080p", "360p", "audio")}
    ts = {r: urls.segments(MINUTE, "hls", r, minute) for r in ("1080p", "360p")}
    plain = {r: urls.segments(PLAIN, "cmaf", r, range(MINUTE.segment_count - 1)) for r in ("1080p", "audio")}
    media = urls.playlist(TEN_MINUTES, "1080p")
    token = urls.server.key.token(path="/signed/", ttl=1 << 20, sub="viewer-0123456789", sid="session-0123456789")

    def signed(paths):
        return [path.replace("/mezz/", "/signed/") + f"?token={token}" for path in paths]

    def built(paths):
        return [path.replace("/mezz/", "/built/") for path in paths]

    master, mpd = [f"/mezz/{ten}/cmaf/master.m3u8"], [f"/mezz/{ten}/cmaf/manifest.mpd"]
    cases = [
        Case("cmaf-1080p", "CMAF video segment, 1080p", cmaf["1080p"], connections=(16, 64), rate=0.97, cpu=1.05,
             by="byte"),
        Case("cmaf-360p", "CMAF video segment, 360p", cmaf["360p"], connections=(16, 64), rate=0.97, cpu=1.05,
             by="byte"),
        Case("cmaf-audio", "CMAF audio segment", cmaf["audio"], rate=0.95, cpu=1.05, by="byte"),
        Case("plain-video", "CMAF video segment of an interleaved MP4", plain["1080p"], rate=0.90, by="byte"),
        Case("plain-audio", "CMAF audio segment of an interleaved MP4", plain["audio"], rate=0.50, by="byte"),
        Case("plain-uncached", "the same with mezz_segment_cache off", built(plain["audio"]), by="byte"),
        Case("ts-1080p", "TS segment, 1080p", ts["1080p"], rate=0.75, cpu=4, by="byte"),
        Case("ts-360p", "TS segment, 360p", ts["360p"], rate=0.65, cpu=3.5, by="byte"),
        Case("master", "hot master playlist", master, rate=1.0),
        Case("media", "hot media playlist", media, rate=1.0),
        Case("mpd", "hot MPD", mpd, rate=1.0),
        Case("built-master", "master playlist, built each time", built(master), micros=15),
        Case("built-media", "media playlist, built each time", built(media), micros=15),
        Case("built-mpd", "MPD, built each time", built(mpd), micros=40),
        Case("token-media", "media playlist with a token in each URL", signed(media), rate=0.8),
        Case("token-segment", "360p segment with a token / without", signed(cmaf["360p"]), cmaf["360p"], rate=0.97, by="byte"),
        Case("ten-hours", "360p segment of ten hours / of one minute",
             urls.segments(TEN_HOURS, "cmaf", "360p", TEN_HOURS.segments()), cmaf["360p"], rate=0.97, by="byte"),
        Case("download", "download, 360p", [f"/mezz/{MINUTE.name}/download/360p.mp4"], by="byte", listed=False),
        Case("poster", "picture from the worker", [f"/mezz/{MINUTE.name}/thumbs/poster.jpg"], by="byte", listed=False),
        Case("tls-cmaf", "CMAF video segment, 360p, TLS", cmaf["360p"], tls=True, by="byte", listed=False),
        Case("tls-ts", "TS segment, 360p, TLS", ts["360p"], tls=True, by="byte", listed=False),
    ]
    return {case.name: case for case in cases}


def prepare(server, case):
    """Stores what the case's paths answer as static files, unless it has a baseline of its own."""
    if case.baseline is not None:
        return Pair(case.ours, case.baseline, "another case")
    static, folder = [], server.folder / "static" / case.name
    folder.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(case.ours):
        plain = path.split("?")[0]
        name = f"{number}{Path(plain).suffix}"
        (folder / name).write_bytes(server.get(path, case.headers))
        # A thread for a file of a few KB would cost more than the file.
        static.append(f"/{'static' if case.by == 'byte' else 'small'}/{case.name}/{name}")
    page_cache.read_in(folder)
    return Pair(case.ours, static)
