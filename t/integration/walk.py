"""Everything a title serves, found as a player finds it: from the top manifest down."""
from dataclasses import dataclass

import dash
import hls
from client import resolve


@dataclass
class Playlist:
    path: str
    media: hls.Media
    uris: list  # of segments, resolved
    map: str


def playlist(get, path):
    media = hls.parse_media(get.ok(path).text)
    return Playlist(path, media, [resolve(path, s.uri) for s in media.segments if not s.gap],
                    resolve(path, media.map) if media.map else "")


@dataclass
class Hls:
    path: str
    master: hls.Master
    variants: list  # Playlist of each entry of master.variants
    audio: list  # (entry of master.media, Playlist) with a URI
    texts: list  # the same of subtitles
    sound: list  # Playlist of each entry of master.sound

    @property
    def playlists(self):
        unique = {p.path: p for p in self.variants + self.sound + [p for _, p in self.audio]}
        return list(unique.values())


def hls_title(get, base, kind="hls", query=""):
    """The HLS presentation under {base}/hls or {base}/cmaf."""
    path = f"{base}/{kind}/master.m3u8{query}"
    master = hls.parse_master(get.ok(path).text)
    variants = [playlist(get, resolve(path, v["uri"])) for v in master.variants]
    with_uri = [(e, playlist(get, resolve(path, e["URI"]))) for e in master.media if "URI" in e]
    audio, texts = ([(e, p) for e, p in with_uri if e["TYPE"] == t] for t in ("AUDIO", "SUBTITLES"))
    sound = [playlist(get, resolve(path, v["uri"])) for v in master.sound]
    return Hls(path, master, variants, audio, texts, sound)


def rates(found, rows_of):
    """[(variant, peak, average)] where the dearest playable combination with a rendition of sound counts. `rows_of`
    tells [(bytes, seconds)] of a playlist's segments."""
    rows = {p.path: rows_of(p) for p in found.playlists}
    extra = {}
    for entry, playlist in found.audio:
        peak, mean = extra.get(entry["GROUP-ID"], (0, 0))
        extra[entry["GROUP-ID"]] = (max(peak, hls.peak_rate(rows[playlist.path], playlist.media.target)),
                                    max(mean, hls.average_rate(rows[playlist.path])))
    shown = {p.path for _, p in found.audio}
    for variant, playlist in zip(found.master.variants, found.variants):
        own, (peak, mean) = rows[playlist.path], extra.get(variant.get("AUDIO"), (0, 0)) if playlist.path not in shown else (0, 0)
        yield variant, hls.peak_rate(own, playlist.media.target) + peak, hls.average_rate(own) + mean


def mpd(get, base, query=""):
    path = f"{base}/cmaf/manifest.mpd{query}"
    return path, dash.parse(get.ok(path).body)


def one_of_each(get, base, query=""):
    """A path of every kind of URL of a title: {kind: path}."""
    ts, cmaf = hls_title(get, base, "hls", query), hls_title(get, base, "cmaf", query)
    found = {"ts master": ts.path, "ts playlist": ts.variants[0].path, "ts segment": ts.variants[0].uris[0],
             "cmaf master": cmaf.path, "cmaf playlist": cmaf.variants[0].path, "init": cmaf.variants[0].map,
             "cmaf segment": cmaf.variants[0].uris[0], "mpd": f"{base}/cmaf/manifest.mpd{query}"}
    if cmaf.audio:
        found["audio init"] = cmaf.audio[0][1].map
        found["audio segment"] = cmaf.audio[0][1].uris[0]
    return found


TYPES = {"ts master": "application/vnd.apple.mpegurl", "ts playlist": "application/vnd.apple.mpegurl",
         "cmaf master": "application/vnd.apple.mpegurl", "cmaf playlist": "application/vnd.apple.mpegurl",
         "ts segment": "video/mp2t", "init": "video/mp4", "cmaf segment": "video/mp4", "mpd": "application/dash+xml",
         "audio init": "audio/mp4", "audio segment": "audio/mp4"}
KINDS = list(TYPES)
IMMUTABLE = [k for k in KINDS if k not in ("ts master", "cmaf master", "mpd")]
