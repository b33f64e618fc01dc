"""Text tracks: sidecar files become segmented WebVTT in HLS and one file each in DASH."""
import json
import os
import re
from fractions import Fraction

import pytest

import boxes
import dash
import media
import mezz
import services
import stack
import ts
import vtt
import walk
import worker
from client import resolve

ENGLISH = """WEBVTT

STYLE
::cue { color: red }

first
00:00.500 --> 00:03.000 line:0 align:left
<v Ann>Hello</v> & <script>welcome</script>

00:05.000 --> 00:12.500
All along

00:11.000 --> 00:10.000
Ends before it begins

00:04.000 --> 00:05.000
Out of order
"""
GERMAN = ("\ufeff1\r\n00:00:01,000 --> 00:00:02,500\r\n{\\an8}<I>Schild</I>\r\n\r\n"
          "2\r\n00:00:09,000 --> 00:00:10,000\r\nTür\r\n")
SDH = "WEBVTT\n\n00:02.000 --> 00:03.000\n[music]\n"
TEXTS = {"film.en.vtt": ENGLISH, "film.de.forced.srt": GERMAN, "film.en.sdh.vtt": SDH}
TS_BASE = 900000


def place(root, title="film", texts=TEXTS, source="faststart.mp4"):
    folder = root / title
    mezz.place(media.generated(source), folder / "film.mp4")
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode())
    return folder


def describe(folder, subtitles, renditions=("film.mp4",)):
    made = json.loads(media.asset(renditions))
    made["subtitles"] = subtitles
    (folder / "asset.json").write_text(json.dumps(made))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("subs")
    place(root)
    mezz.place(media.generated("faststart.mp4"), root / "plain" / "film.mp4")
    media.place_tracks(root)
    described = root / "tracks"
    (described / "e.vtt").write_text(ENGLISH)
    describe(described, [{"name": "subs-eng", "file": "e.vtt", "language": "en", "label": "English", "default": True}],
             sorted(p.name for p in described.glob("*.mp4")))
    return root


@pytest.fixture(scope="module")
def server(nginx_for_module, root):
    return nginx_for_module(root)


@pytest.fixture
def get(server):
    return server.client()


def test_multivariant_playlists_name_them(get):
    for kind in ("hls", "cmaf"):
        found = walk.hls_title(get, "/files/film", kind)
        assert all(v["SUBTITLES"] == "subs" for v in found.master.variants)
        by_name = {e["NAME"]: e for e, _ in found.texts}
        assert by_name.keys() == {"en", "de forced", "en SDH"}
        assert {n: (e["LANGUAGE"], e["FORCED"], e["DEFAULT"], e["AUTOSELECT"]) for n, e in by_name.items()} == {
            "en": ("en", "NO", "NO", "YES"), "de forced": ("de", "YES", "NO", "YES"), "en SDH": ("en", "NO", "NO", "YES")}
        assert by_name["en SDH"]["CHARACTERISTICS"].startswith("public.accessibility.transcribes-spoken-dialog,")
        assert "CHARACTERISTICS" not in by_name["en"]
    (entry, _), = walk.hls_title(get, "/files/tracks", "cmaf").texts
    assert (entry["NAME"], entry["DEFAULT"], entry["LANGUAGE"]) == ("English", "YES", "en")


@pytest.mark.parametrize("kind", ["hls", "cmaf"])
@pytest.mark.parametrize("title", ["film", "tracks"])
def test_segments_are_those_of_the_video(get, title, kind):
    found = walk.hls_title(get, f"/files/{title}", kind)
    for _, text in found.texts:
        for variant in found.variants:
            assert [round(s.duration, 2) for s in text.media.segments] == pytest.approx(
                [round(s.duration, 2) for s in variant.media.segments], abs=0.1)
            assert text.media.target == variant.media.target


def cues_of(get, playlist, mpegts):
    """All cues of a playlist; each stands in all segments that it is shown in, and in no other."""
    seen, start = {}, Fraction(0)
    for segment, uri in zip(playlist.media.segments, playlist.uris):
        base, cues = vtt.parse(get.ok(uri).text)
        assert base == mpegts
        for cue in cues:
            assert cue.start < start + segment.duration and cue.end > start, uri
            seen.setdefault(cue, []).append(start)
        start += segment.duration
    for cue, starts in seen.items():
        ends = [s + d.duration for s, d in zip(starts, playlist.media.segments)]
        assert starts[0] <= cue.start and (max(ends) >= cue.end or len(starts) > 1), cue
    return sorted(seen, key=lambda c: c.start)


@pytest.mark.parametrize("kind,mpegts", [("hls", TS_BASE), ("cmaf", 0)])
def test_cues(get, kind, mpegts):
    found = {e["NAME"]: p for e, p in walk.hls_title(get, "/files/film", kind).texts}
    english = cues_of(get, found["en"], mpegts)
    assert [(c.start, c.end, c.text, c.settings) for c in english] == [
        (Fraction(1, 2), 3, "<v Ann>Hello</v> &amp; &lt;script&gt;welcome&lt;/script&gt;", "line:0 align:left"),
        (4, 5, "Out of order", ""), (5, Fraction(25, 2), "All along", "")]
    german = cues_of(get, found["de forced"], mpegts)
    assert [(c.start, c.text, c.settings) for c in german] == [(1, "<i>Schild</i>", "line:0"), (9, "Tür", "")]
    texts = [get.ok(u).text for u in found["en SDH"].uris]
    assert texts[1] == texts[2] == f"WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:{mpegts}\n"


def test_the_map_is_the_time_of_the_first_picture(get):
    """What the map calls 0 is the presentation time of the first picture, in TS and in CMAF."""
    found = walk.hls_title(get, "/files/film", "hls")
    stream = ts.Stream()
    stream.feed(get.ok(found.variants[0].uris[0]).body)
    first = min(p.pts for p in stream.pes if stream.kinds[p.pid] in ts.VIDEO)
    assert abs(first - TS_BASE) < 90
    cmaf = walk.hls_title(get, "/files/film", "cmaf").variants[0]
    (track,) = boxes.Movie(get.ok(cmaf.map).body + get.ok(cmaf.uris[0]).body).tracks.values()
    assert abs(min(s.pts for s in track.samples)) / track.timescale < 0.001


def test_manifest(get):
    path, manifest = walk.mpd(get, "/files/film")
    assert dash.validate(get.ok(path).body) == ""
    assert {(t.id, t.language, *t.roles) for t in manifest.texts} == {
        ("subs-en", "en", "subtitle"), ("subs-de-forced", "de", "forced-subtitle"), ("subs-en-sdh", "en", "caption")}
    whole = {t.id: vtt.parse(get.ok(resolve(path, t.url)).text) for t in manifest.texts}
    base, cues = whole["subs-en"]
    assert base is None and [c.start for c in cues] == [Fraction(1, 2), 4, 5]
    path, manifest = walk.mpd(get, "/files/tracks")
    assert dash.validate(get.ok(path).body) == ""
    (text,) = manifest.texts
    assert (text.id, text.label, text.roles) == ("subs-eng", "English", ["subtitle", "main"])


def one_of_each(get):
    path, manifest = walk.mpd(get, "/files/film")
    urls = [resolve(path, manifest.texts[0].url)]
    for kind in ("hls", "cmaf"):
        _, playlist = walk.hls_title(get, "/files/film", kind).texts[0]
        urls += [playlist.path, playlist.uris[0]]
    return urls


@pytest.mark.parametrize("protocol", ["h1", "h2"])
def test_http(server, protocol):
    get = server.client(protocol)
    for url in one_of_each(server.client()):
        answer = get.ok(url)
        text = url.endswith(".vtt")
        assert answer.headers["content-type"] == ("text/vtt; charset=utf-8" if text else "application/vnd.apple.mpegurl")
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        head = get(url, method="HEAD")
        assert head.status == 200 and head.headers["content-length"] == str(len(answer.body))
        etag = answer.headers["etag"]
        assert re.fullmatch(r'"[^"]+"', etag) and head.headers["etag"] == etag
        assert get(url, headers={"If-None-Match": etag}).status == 304
        part = get(url, headers={"Range": "bytes=3-9"})
        assert part.status == 206 and part.body == answer.body[3:10]
        bare = re.sub(r"/[0-9a-f]{16}/", "/", url)
        assert get.ok(bare).headers["cache-control"] == "public, max-age=5"
        if text:
            assert get.ok(bare).body == answer.body
    etags = [get(u).headers["etag"] for u in one_of_each(server.client()) if u.endswith(".vtt")]
    assert len(set(etags)) == len(etags)


def test_gzip(nginx, root):
    get = nginx(root, location="gzip on; gzip_types text/vtt; gzip_min_length 1;").client()
    path, manifest = walk.mpd(get, "/files/film")
    answer = get(resolve(path, manifest.texts[0].url), headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"


def test_what_is_not_there(get):
    revision = walk.hls_title(get, "/files/film").texts[0][1].path.split("/")[-2]
    for path in ("subs/none.m3u8", "subs/none.vtt", "subs/none_0.vtt", "subs/subs-en_99.vtt", "subs/film.m3u8",
                 "hls/none_0.vtt", "hls/subs-en_99.vtt", "hls/subs-en_0.ts", "cmaf/subs-en.m3u8", "cmaf/subs-en_0.m4s",
                 "subs/0000000000000000/subs-en.vtt", f"subs/{revision}/720p.vtt", "subs/master.m3u8",
                 f"cmaf/{revision}/subs-en_init.mp4"):
        assert get(f"/files/film/{path}").status == 404, path
    assert get("/files/plain/subs/subs-en.vtt").status == 404


def test_the_token_goes_along(nginx, root, keys):
    server = nginx(root, keys=[keys["2026-11"]], token="mezz_token required;")
    get, token = server.client(), keys["2026-11"].token(path="/files/film")
    for url in [u for k in ("hls", "cmaf") for u in _urls(get, k, token)]:
        assert url.endswith(f"?token={token}"), url
        answer = get.ok(url)
        assert answer.headers["cache-control"].startswith("public" if ".vtt" in url else "private")
        assert get(url.partition("?")[0]).status == 403


def _urls(get, kind, token):
    for _, playlist in walk.hls_title(get, "/files/film", kind, f"?token={token}").texts:
        yield from [playlist.path, *playlist.uris]
    path, manifest = walk.mpd(get, "/files/film", f"?token={token}")
    yield from (resolve(path, t.url) for t in manifest.texts)


def test_a_title_without_them(get, library, nginx):
    """Texts change nothing but revision and what is said of them."""
    other = nginx(library).client()
    for path in ("hls/master.m3u8", "cmaf/master.m3u8", "cmaf/manifest.mpd"):
        plain, bare = (re.sub(r"[0-9a-f]{16}/", "", g.ok(f"/files/{t}/{path}").text)
                       for g, t in ((get, "plain"), (other, "faststart.mp4")))
        assert plain == bare and "subs" not in plain.lower() and "text" not in plain


def test_a_changed_file_is_a_new_revision(nginx, tmp_path):
    folder = place(tmp_path)
    get = nginx(tmp_path).client()
    before = walk.hls_title(get, "/files/film")
    (folder / "film.en.vtt").write_text(ENGLISH.replace("All along", "All alone"))
    after = walk.hls_title(get, "/files/film")
    assert before.variants[0].path != after.variants[0].path
    assert any("All alone" in get.ok(u).text for _, p in after.texts for u in p.uris)
    (folder / "film.de.forced.srt").unlink()
    assert len(walk.hls_title(get, "/files/film").texts) == 2


BROKEN = {"a.en.vtt": b"no such thing", "b.de.srt": b"", "c.fr.vtt": os.urandom(5000), "d.it.srt": b"\0" * 10000,
          "e.es.vtt": b" " * ((16 << 20) + 1), "f.pt.vtt": b"WEBVTT\n\n" + b"0:1.0 --> 0:2.0\nx\n\n" * 100001}


def test_what_cannot_be_read_is_left_out(nginx, tmp_path):
    """The title plays without them, and each is named in a warning."""
    folder = place(tmp_path)
    for name, data in BROKEN.items():
        (folder / name).write_bytes(data)
    (folder / "g.nl.vtt").mkdir()
    server = nginx(tmp_path)
    assert len(walk.hls_title(server.client(), "/files/film").texts) == len(TEXTS)
    warnings = [line for line in server.log.read_text().splitlines() if "[warn]" in line and "left out" in line]
    assert len(warnings) == len(BROKEN) and all(any(name in w for w in warnings) for name in BROKEN)


def test_a_missing_file_of_an_asset_is_left_out(nginx, tmp_path):
    folder = place(tmp_path)
    describe(folder, [{"name": "subs-a", "file": "gone.vtt"}, {"name": "subs-b", "file": "film.en.vtt"}])
    server = nginx(tmp_path)
    ((entry, _),) = walk.hls_title(server.client(), "/files/film").texts
    assert entry["NAME"] == "Subtitles" and "gone.vtt" in server.log.read_text()


@pytest.mark.allows_errors("asset.json")
def test_an_asset_that_is_wrong(nginx, tmp_path):
    folder = place(tmp_path)
    get = nginx(tmp_path).client()
    for wrong in ({}, [{"name": "a_b", "file": "film.en.vtt"}], [{"name": "a", "file": "../film/film.en.vtt"}],
                  [{"name": "film", "file": "film.en.vtt"}]):
        describe(folder, wrong)
        assert get("/files/film/hls/master.m3u8").status == 422


def test_many_workers_and_a_small_zone(nginx, root):
    """What the zone cannot keep is read again."""
    server = nginx(root, workers=2, zone="mezz_zone shared:1m;")
    for _ in range(3):
        for url in one_of_each(server.client()):
            server.client().ok(url)
        server.reload()



def two_languages(folder):
    (folder / "e.srt").write_text("1\n00:00:00,500 --> 00:00:02,000\nHello\n\n"
                                  "2\n00:00:03,000 --> 00:00:07,500\nAcross\n")
    (folder / "d.srt").write_text("1\n00:00:01,000 --> 00:00:04,000\n<i>Hallo</i>\n")
    return worker.make(folder / "two.mkv", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=9", "-i",
                       folder / "e.srt", "-i", folder / "d.srt", "-map", "0", "-map", "1", "-map", "2", "-c:v", "libx264",
                       "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:s", "srt", "-metadata:s:s:0", "language=eng",
                       "-metadata:s:s:1", "language=ger")


@worker.needs_worker
@services.needs_postgres
@services.needs_redis
@pytest.mark.skipif(mezz.ASAN, reason="the module does nothing here that it does not elsewhere")
def test_through_the_worker(nginx, keys, tmp_path):
    sources = {"made": two_languages(tmp_path)}
    if (mezz.CORPUS / "d_2audio_2subs.mkv").exists():
        sources["corpus"] = mezz.CORPUS / "d_2audio_2subs.mkv"
    whole = stack.Stack(nginx, keys)
    try:
        ids = {name: whole.create(path) for name, path in sources.items()}
        for name, video_id in ids.items():
            whole.wait_for(video_id, within=300)
            check_video(whole, video_id)
            if name == "made":
                check_made(whole, video_id)
    finally:
        whole.close()


def check_video(whole, video_id):
    get, query = whole.nginx.client(), "?" + whole.stream(video_id)["hls_url"].partition("?")[2]
    asset = json.loads((whole.processed / video_id / "asset.json").read_text())
    assert len(asset["subtitles"]) == 2
    for kind, mpegts in (("hls", TS_BASE), ("cmaf", 0)):
        found = walk.hls_title(get, f"/v/{video_id}", kind, query)
        assert [(e["NAME"], e["LANGUAGE"]) for e, _ in found.texts] == [(s["label"], s["language"]) for s in asset["subtitles"]]
        for (_, playlist), made in zip(found.texts, asset["subtitles"]):
            _, expected = vtt.parse((whole.processed / video_id / made["file"]).read_text())
            assert cues_of(get, playlist, mpegts) == sorted(expected, key=lambda c: c.start)
    path, manifest = walk.mpd(get, f"/v/{video_id}", query)
    assert dash.validate(get.ok(path).body) == "" and len(manifest.texts) == 2
    for text in manifest.texts:
        get.ok(resolve(path, text.url))


def check_made(whole, video_id):
    get, query = whole.nginx.client(), "?" + whole.stream(video_id)["hls_url"].partition("?")[2]
    english, german = (cues_of(get, p, TS_BASE) for _, p in walk.hls_title(get, f"/v/{video_id}", "hls", query).texts)
    assert [(c.start, c.end, c.text) for c in english] == [(Fraction(1, 2), 2, "Hello"), (3, Fraction(15, 2), "Across")]
    assert [(c.start, c.end, c.text) for c in german] == [(1, 4, "<i>Hallo</i>")]
