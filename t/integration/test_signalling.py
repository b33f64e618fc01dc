"""What tracks are for, from a file's dispositions through the worker to what playlists and manifests say."""
import pytest

import dash
import media
import vtt
import walk
import worker
from client import resolve

AUDIO = [("eng", "default", ""), ("eng", "visual_impaired", ""), ("eng", "comment", "The makers"), ("fre", "0", "")]
TEXTS = [("eng", "default", ""), ("eng", "hearing_impaired", ""), ("eng", "forced", ""), ("ger", "0", "Deutsch (forced)")]
DESCRIBES = "public.accessibility.describes-video"
TRANSCRIBES = "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound"
TVA = "urn:tva:metadata:cs:AudioPurposeCS:2007"


def film(folder):
    """Pictures, four audio tracks and four of text; the text names its track."""
    args = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=4"]
    for n, _ in enumerate(AUDIO):
        args += ["-f", "lavfi", "-i", f"sine=frequency={220 * (n + 1)}:sample_rate=48000:duration=4"]
    for n, _ in enumerate(TEXTS):
        (folder / f"{n}.srt").write_text(f"1\n00:00:01,000 --> 00:00:02,000\nText {n}\n")
        args += ["-i", folder / f"{n}.srt"]
    for n in range(1 + len(AUDIO) + len(TEXTS)):
        args += ["-map", n]
    for kind, tracks in (("a", AUDIO), ("s", TEXTS)):
        for n, (language, disposition, title) in enumerate(tracks):
            args += [f"-metadata:s:{kind}:{n}", f"language={language}", f"-disposition:{kind}:{n}", disposition]
            args += [f"-metadata:s:{kind}:{n}", f"title={title}"] if title else []
    return worker.make(folder / "film.mkv", *args, "-metadata", 'title=A "title"', *media.h264(), *media.AAC, "-c:s", "srt")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("signalling")
    result = worker.run(film(root), root / "title", *worker.FAST)
    assert result.ready, result.json
    return root


@pytest.fixture(scope="module")
def get(nginx_for_module, root):
    return nginx_for_module(root).client()


def said(entries):
    return [(e["NAME"], e["LANGUAGE"], e["DEFAULT"], e["AUTOSELECT"], e.get("FORCED"), e.get("CHARACTERISTICS"))
            for e in entries]


@worker.needs_worker
@pytest.mark.parametrize("kind", ["hls", "cmaf"])
def test_hls(get, kind):
    found = walk.hls_title(get, "/files/title", kind)
    assert found.master.session_data == {"com.apple.hls.title": "A 'title'"}
    assert said(e for e in found.master.media if e["TYPE"] == "AUDIO") == [
        ("English", "en", "YES", "YES", None, None), ("English (audio description)", "en", "NO", "YES", None, DESCRIBES),
        ("The makers", "en", "NO", "NO", None, None), ("French", "fr", "NO", "YES", None, None)]
    assert said(e for e, _ in found.texts) == [
        ("English", "en", "YES", "YES", "NO", None), ("English (SDH)", "en", "NO", "YES", "NO", TRANSCRIBES),
        ("English (forced)", "en", "NO", "YES", "YES", None), ("Deutsch (forced)", "de", "NO", "YES", "YES", None)]
    assert [p.path.rpartition("/")[2] for _, p in found.texts] == [
        "subs-eng.m3u8", "subs-eng-sdh.m3u8", "subs-eng-forced.m3u8", "subs-deu-forced.m3u8"]
    for n, (_, playlist) in enumerate(found.texts):
        assert [c.text for c in vtt.parse(get.ok(playlist.uris[0]).text)[1]] == [f"Text {n}"]
    (sound,) = found.master.sound
    assert sound["CODECS"] == "mp4a.40.2" and sound["AUDIO"] == found.master.variants[0]["AUDIO"]
    assert sound["uri"].endswith("/audio-eng.m3u8")


@worker.needs_worker
def test_dash(get):
    path, manifest = walk.mpd(get, "/files/title")
    assert dash.validate(get.ok(path).body) == ""
    found = []
    for s in manifest.root.iterfind(".//d:AdaptationSet", dash.NS):
        if s.get("contentType") in ("audio", "text"):
            purpose = [e.get("value") for e in s.findall("d:Accessibility", dash.NS) if e.get("schemeIdUri") == TVA]
            roles = [e.get("value") for e in s.findall("d:Role", dash.NS)]
            found.append((s.findtext("d:Label", "", dash.NS), s.get("lang"), roles, purpose))
    assert found == [
        ("English", "en", ["main"], []), ("English (audio description)", "en", ["alternate"], ["1"]),
        ("The makers", "en", ["commentary"], []), ("French", "fr", ["alternate"], []),
        ("English", "en", ["subtitle", "main"], []), ("English (SDH)", "en", ["caption"], ["2"]),
        ("English (forced)", "en", ["forced-subtitle"], []), ("Deutsch (forced)", "de", ["forced-subtitle"], [])]


@worker.needs_worker
def test_thumbnail_tiles(get, root):
    """The worker's storyboard is what the manifest says of it."""
    path, manifest = walk.mpd(get, "/files/title")
    (tiles,) = manifest.tiles
    assert (tiles.columns, tiles.rows, tiles.width, tiles.height) == (5, 5, 800, 450)
    assert [(start, length) for _, start, length in tiles.media] == [(0, manifest.duration)]
    (url, *_), = tiles.media
    sheet = root / "title" / "thumbs" / "storyboard_0.jpg"
    assert get.ok(resolve(path, url)).body == sheet.read_bytes()
    assert tiles.bandwidth == sheet.stat().st_size * 8 // 50
