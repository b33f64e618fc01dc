"""Text tracks inside MP4 files, tx3g and wvtt: what players get is as if they were files of their own."""
import json
import re
from fractions import Fraction

import pytest

import dash
import media
import mezz
import vtt
import walk
import wvtt_writer
from client import resolve
from test_subs import TS_BASE, cues_of

ENGLISH = """1
00:00:00,500 --> 00:00:03,000
<b>Hello</b> & <i>all</i>,
you <u>there</u>

2
00:00:05,000 --> 00:00:12,500
Across boundaries
"""
GERMAN = "1\n00:00:01,000 --> 00:00:02,500\nSchild\n"
HEARD = [(Fraction(1, 2), 3, "<b>Hello</b> &amp; <i>all</i>,\nyou <u>there</u>", ""),
         (5, Fraction(25, 2), "Across boundaries", "")]
WVTT = [(1000, 4000, "One", "line:0"), (2000, 8000, "<i>Two</i> & three", ""), (9000, 10000, "Four", "")]
FRAGMENTED = ["-movflags", "+frag_keyframe+empty_moov+default_base_moof"]


def film(folder, name, flags):
    """H.264, AAC and three mov_text tracks: English and default, for the deaf, and German and forced."""
    path = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    for text, language in ((ENGLISH, "e"), (GERMAN, "d")):
        (folder / f".{language}.srt").write_text(text)
    inputs = ["-i", media.generated("faststart.mp4"), "-i", folder / ".e.srt", "-i", folder / ".d.srt"]
    media.ffmpeg([*inputs, "-map", "0", "-map", "1", "-map", "1", "-map", "2", "-c", "copy", "-c:s", "mov_text",
                  "-metadata:s:s:0", "language=eng", "-metadata:s:s:0", "handler_name=Plain English",
                  "-metadata:s:s:1", "language=eng", "-metadata:s:s:2", "language=ger",
                  "-disposition:s:0", "default", "-disposition:s:1", "hearing_impaired", "-disposition:s:2", "forced",
                  *flags], path)
    return path


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("tracks")
    film(root, "film.mp4", ["-movflags", "+faststart"])
    film(root, "fragmented.mp4", FRAGMENTED)
    folder = root / "folder"
    mezz.place(root / "film.mp4", folder / "a.mp4")
    mezz.place(root / "film.mp4", folder / "b.mp4")
    (folder / "signs.ger.forced.srt").write_text(GERMAN.replace("Schild", "Datei"))
    wvtt_writer.write(folder / "nl.mp4", WVTT, "nld", ["subtitle"])
    wvtt_writer.write(folder / "fr.mp4", WVTT, "fra", ["caption"], fragmented=True)
    described = root / "described"
    mezz.place(media.generated("faststart.mp4"), described / "film.mp4")
    wvtt_writer.write(described / "text.mp4", WVTT, "nld", fragmented=True)
    asset = json.loads(media.asset(["film.mp4"]))
    asset["title"] = 'A "film" & more'
    asset["subtitles"] = [{"name": "subs-nl", "file": "text.mp4", "label": "Dutch", "sdh": True}]
    (described / "asset.json").write_text(json.dumps(asset))
    return root


@pytest.fixture(scope="module")
def server(nginx_for_module, root):
    return nginx_for_module(root)


@pytest.fixture
def get(server):
    return server.client()


def texts_of(get, title, kind="cmaf"):
    return {e["URI"].rpartition("/")[2].removesuffix(".m3u8"): (e, p)
            for e, p in walk.hls_title(get, f"/files/{title}", kind).texts}


def plain(cues):
    return [(c.start, c.end, c.text, c.settings) for c in cues]


@pytest.mark.parametrize("kind,mpegts", [("hls", TS_BASE), ("cmaf", 0)])
@pytest.mark.parametrize("title", ["film.mp4", "fragmented.mp4"])
def test_mov_text(get, title, kind, mpegts):
    texts = texts_of(get, title, kind)
    said = {name: (e["NAME"], e["LANGUAGE"], e["DEFAULT"], e["FORCED"], "CHARACTERISTICS" in e)
            for name, (e, _) in texts.items()}
    assert said == {"subs-eng": ("Plain English", "en", "YES", "NO", False),
                    "subs-eng-sdh": ("en SDH", "en", "NO", "NO", True),
                    "subs-ger-forced": ("de forced", "de", "NO", "YES", False)}
    english = plain(cues_of(get, texts["subs-eng"][1], mpegts))
    (german,) = plain(cues_of(get, texts["subs-ger-forced"][1], mpegts))
    if title == "film.mp4":
        assert english == HEARD and german == (1, Fraction(5, 2), "Schild", "")
    else:  # FFmpeg's fragments keep a text until the next one
        assert [(c[0], c[2:]) for c in english] == [(c[0], c[2:]) for c in HEARD]
        assert (german[0], german[2]) == (1, "Schild")


def test_manifest(get):
    path, manifest = walk.mpd(get, "/files/film.mp4")
    assert dash.validate(get.ok(path).body) == ""
    by_id = {t.id: t for t in manifest.texts}
    assert by_id["subs-eng"].roles == ["subtitle", "main"] and by_id["subs-eng-sdh"].roles == ["caption"]
    base, cues = vtt.parse(get.ok(resolve(path, by_id["subs-eng"].url)).text)
    assert base is None and plain(cues) == HEARD


def test_a_folder(get):
    """Each track once; a file of its own comes before a track of the same language and kind."""
    texts = texts_of(get, "folder")
    assert texts.keys() == {"subs-eng", "subs-eng-sdh", "subs-ger-forced", "subs-nld", "subs-fra-sdh"}
    ((german,),) = [cues_of(get, p, 0) for n, (_, p) in texts.items() if n == "subs-ger-forced"]
    assert german.text == "Datei"
    expected = [(1, 4, "One", "line:0"), (2, 8, "<i>Two</i> &amp; three", ""), (9, 10, "Four", "")]
    for name in ("subs-nld", "subs-fra-sdh"):
        assert plain(cues_of(get, texts[name][1], 0)) == expected


def test_an_asset(get):
    found = walk.hls_title(get, "/files/described", "hls")
    assert found.master.session_data == {"com.apple.hls.title": "A 'film' & more"}
    ((entry, playlist),) = found.texts
    assert (entry["NAME"], entry["LANGUAGE"]) == ("Dutch", "nl") and "CHARACTERISTICS" in entry
    assert len(cues_of(get, playlist, TS_BASE)) == 3


def test_segments_do_not_depend_on_the_cache(get, nginx, root):
    """Another server, and one whose zone holds little, give the same bytes."""
    other = nginx(root, zone="mezz_zone shared:1m;").client()
    for name, (_, playlist) in texts_of(get, "film.mp4").items():
        for uri in playlist.uris:
            assert get.ok(uri).body == other.ok(uri).body, name


def test_what_is_broken_is_left_out(nginx, tmp_path):
    """The title plays, and a warning names the file."""
    data = film(tmp_path, "film.mp4", []).read_bytes()
    (tmp_path / "film.mp4").write_bytes(data.replace(b"tx3g", b"tx3h", 1))
    at = data.rindex(b"stts", 0, data.rindex(b"tx3g") + 200)
    (tmp_path / "broken.mp4").write_bytes(data[:at + 8] + b"\xff\xff\xff\xff" + data[at + 12:])
    server = nginx(tmp_path)
    get = server.client()
    assert len(walk.hls_title(get, "/files/film.mp4").texts) == 2
    assert len(walk.hls_title(get, "/files/broken.mp4").texts) == 2
    assert re.search(r"\[warn\].* text tracks left out, they are broken: \S+/broken.mp4", server.log.read_text())


def test_a_limit_of_bytes(nginx, tmp_path):
    """mezz_max_moov limits what is read of a text track."""
    folder = tmp_path / "title"
    mezz.place(media.generated("faststart.mp4"), folder / "film.mp4")
    wvtt_writer.write(folder / "text.mp4", [(i, i + 1, f"{i:064}", "") for i in range(1200)], "nld")
    assert len(walk.hls_title(nginx(tmp_path).client(), "/files/title").texts) == 1
    server = nginx(tmp_path, location="mezz_max_moov 64k;")
    assert not walk.hls_title(server.client(), "/files/title").texts
    assert re.search(r"\[warn\].*text track left out, text track: too many bytes: \S+/text.mp4", server.log.read_text())
