"""Every codec is packaged where it can be carried, is named exactly, and decodes to the source's own frames."""
import re
import subprocess
from fractions import Fraction

import pytest

import boxes
import codec_media
import dash
import hls
import media
import mezz
import trick
import ts
import walk
from test_play_ffmpeg import FORMATS, assert_same, decode, streams

# title: (codec strings, those that TS carries)
MADE = {
    "hevc_eac3.mp4": ("hvc1.1.6.L60.90 ec-3", "hvc1.1.6.L60.90 ec-3"),
    "hev1.mp4": ("hvc1.1.6.L60.90 mp4a.40.2", "hvc1.1.6.L60.90 mp4a.40.2"),
    "hdr10_ac3.mp4": ("hvc1.2.4.L60.90 ac-3", "hvc1.2.4.L60.90 ac-3"),
    "av1_opus.mp4": ("av01.0.00M.08 Opus", ""),
    "vp9_flac.mp4": ("vp09.00.11.08 fLaC", ""),
    "h264_mp3.mp4": ("avc1.64000c mp4a.40.34", "avc1.64000c mp4a.40.34"),
    "mp3_22050.mp4": ("mp4a.40.34", "mp4a.40.34"),
    "he_aac.mp4": ("avc1.64000c mp4a.40.5", "avc1.64000c mp4a.40.5"),
}
CORPUS = {
    "hevc_720p_23.976.mp4": ("hvc1.1.6.L93.80", "hvc1.1.6.L93.80"),
    "hdr10_hevc_1080p.mp4": ("hvc1.2.4.L150.B0 mp4a.40.2", "hvc1.2.4.L150.B0 mp4a.40.2"),
    "hdr10_av1_portrait.mp4": ("av01.0.31M.10 mp4a.40.2", ""),
    "d_av1_opus.mp4": ("av01.0.00M.08.0.110.02.02.05.0 Opus", ""),
    "phone_rot90_hevc10_hlg.mov": ("hvc1.2.4.L120.B0", "hvc1.2.4.L120.B0"),
    "audio_eac3.mp4": ("ec-3", "ec-3"),
    "audio_opus.mp4": ("Opus", ""),
}
TITLES = {**MADE, **CORPUS}
RANGES = {"hdr10_ac3.mp4": "PQ", "hdr10_hevc_1080p.mp4": "PQ", "hdr10_av1_portrait.mp4": "PQ",
          "phone_rot90_hevc10_hlg.mov": "HLG", "hevc_eac3.mp4": "SDR", "av1_opus.mp4": "SDR", "vp9_flac.mp4": "SDR",
          "d_av1_opus.mp4": "SDR", "hev1.mp4": "SDR", "hevc_720p_23.976.mp4": "SDR"}
TRACKS = ["hevc_eac3.mp4", "hev1.mp4", "hdr10_ac3.mp4", "av1_opus.mp4", "vp9_flac.mp4"]  # as CMAF track files, too
NO_TS = [title for title, (_, carried) in TITLES.items() if not carried]


def file_of(title):
    return codec_media.generated(title) if title in MADE else media.corpus(title)


@pytest.fixture(scope="module")
def site(nginx_for_module, tmp_path_factory):
    root = tmp_path_factory.mktemp("codecs")
    for title in MADE:
        mezz.place(codec_media.generated(title), root / title)
    for title in CORPUS:
        if (mezz.CORPUS / title).exists():
            mezz.place(mezz.CORPUS / title, root / title)
    for title, names in {"surround": ["aac_eng", "ac3_51", "aac_deu"], "opus": ["opus_eng", "aac_eng"]}.items():
        for name in names:
            mezz.place(codec_media.generated(f"{name}.mp4"), root / title / f"{name}.mp4")
    for name in TRACKS:
        for file in codec_media.tracks(name).iterdir():
            mezz.place(file, root / f"tracks-{name}" / file.name)
    mixed = ["h264_mp3.mp4", "hevc_eac3.mp4", "av1_opus.mp4"]
    for name in mixed:
        mezz.place(codec_media.generated(name), root / "mixed" / name)
    return nginx_for_module(root)


def has_trick_play(title):
    """A single key frame is nothing to move through."""
    flags = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=flags",
                            "-of", "csv=p=0", file_of(title)], check=True, capture_output=True, text=True).stdout
    return flags.count("K") > 1


def codecs_of(playlist):
    """The codec strings of a multivariant playlist, in order."""
    found = [c for v in playlist.master.variants for c in v["CODECS"].split(",")]
    return " ".join(dict.fromkeys(found))


@pytest.mark.parametrize("title", TITLES)
def test_names(get, title):
    """The same names in HLS and DASH; in TS only what it carries."""
    file_of(title)
    everything, carried = TITLES[title]
    assert codecs_of(walk.hls_title(get, f"/files/{title}", "cmaf")) == everything
    _, manifest = walk.mpd(get, f"/files/{title}")
    assert " ".join(r.codecs for r in manifest.representations()) == everything
    assert dash.validate(get.ok(f"/files/{title}/cmaf/manifest.mpd").body) == ""
    if carried:
        assert codecs_of(walk.hls_title(get, f"/files/{title}", "hls")) == carried


@pytest.mark.parametrize("title", NO_TS)
def test_not_in_ts(site, get, title):
    """Nothing for TS: the playlist is that of CMAF."""
    file_of(title)
    name = walk.hls_title(get, f"/files/{title}", "cmaf").variants[0].path.rpartition("/")[2]
    answer = get(f"/files/{title}/hls/master.m3u8?max_height=2000")
    assert answer.status == 302 and answer.headers["location"] == "../cmaf/master.m3u8?max_height=2000"
    assert answer.headers["cache-control"] == "public, max-age=5"
    assert get(f"/files/{title}/hls/{name}").status == 404
    decoded = subprocess.run(["ffmpeg", "-v", "warning", "-xerror", "-i", site.url(f"/files/{title}/hls/master.m3u8"), "-t",
                              "1", "-f", "null", "-"], capture_output=True, text=True)
    assert decoded.returncode == 0, decoded.stderr


@pytest.mark.parametrize("title", RANGES)
def test_video_range(get, title):
    file_of(title)
    master = walk.hls_title(get, f"/files/{title}", "cmaf").master
    assert {v["VIDEO-RANGE"] for v in master.variants} == {RANGES[title]}
    moves = has_trick_play(title)
    assert {e["VIDEO-RANGE"] for e in master.iframes} == ({RANGES[title]} if moves else set())
    _, manifest = walk.mpd(get, f"/files/{title}")
    transfer = manifest.root.xpath("//d:EssentialProperty[contains(@schemeIdUri,'Transfer')]/@value",
                                   namespaces=dash.NS)
    assert len(manifest.trick_sets) == moves
    wanted = {"SDR": [], "PQ": ["16"], "HLG": ["18"]}[RANGES[title]]
    assert transfer == wanted * (1 + moves)  # of the video, of its I-frames


@pytest.mark.parametrize("title", RANGES)
def test_trick_play(get, tmp_path, title):
    """Pictures that decode alone, where the segments have the codec; one set for each set of video."""
    file_of(title)
    for kind in ("cmaf", "hls") if title not in NO_TS else ("cmaf",):
        lists = trick.playlists(get, f"/files/{title}", kind)
        assert len(lists) == (has_trick_play(title) and not (kind == "hls" and "av1" in title))
        for entry, playlist in lists:
            assert entry["CODECS"] in TITLES[title][0].split()
            head, suffix = (get.ok(playlist.map).body, ".mp4") if kind == "cmaf" else (b"", ".ts")
            bodies = [get.ok(uri).body for uri in playlist.uris]
            for body in bodies[:3]:
                assert len(trick.picture(head + body, tmp_path, suffix)) == 1
            rate = hls.peak_rate([(len(b), s.duration) for b, s in zip(bodies, playlist.media.segments)],
                                 max(s.duration for s in playlist.media.segments))
            assert abs(int(entry["BANDWIDTH"]) - rate) <= 2


def test_trick_play_beside_each_set(get):
    """A set of I-frames for each set of video, and nothing of what a transport stream does not carry."""
    _, manifest = walk.mpd(get, "/files/mixed")
    assert dash.validate(get.ok("/files/mixed/cmaf/manifest.mpd").body) == ""
    video = [[r.codecs for r in s] for s in manifest.sets if s[0].mime == "video/mp4"]
    assert len(video) == 3 and [[r.codecs for r in s] for s in manifest.trick_sets] == video
    carried = [e["CODECS"] for e, _ in trick.playlists(get, "/files/mixed", "hls")]
    assert sorted(c[:4] for c in carried) == ["avc1", "hvc1"]


@pytest.mark.parametrize("title", [t for t in MADE if t != "mp3_22050.mp4"])
def test_download(get, tmp_path, title):
    """The rendition as one file has the source's codecs and frames."""
    _, manifest = walk.mpd(get, f"/files/{title}")
    (name,) = [r.id for r in manifest.representations() if r.mime == "video/mp4"]
    made = tmp_path / "made.mp4"
    made.write_bytes(get.ok(f"/files/{title}/download/{name}.mp4").body)
    for stream in ("0:v:0", "0:a:0"):
        wanted = ["-ignore_editlist", "1", "-i", file_of(title), "-map", stream, "-c", "copy"]
        assert trick.hashes(["-ignore_editlist", "1", "-i", made, "-map", stream, "-c", "copy"]) == trick.hashes(wanted)


def box_of(data, kind):
    """The first box of that type, found by its name, None if there is none."""
    for match in re.finditer(kind, data):
        at = match.start() - 4
        size = int.from_bytes(data[at:at + 4], "big")
        if at >= 0 and 8 <= size <= 1 << 16 and at + size <= len(data):
            return data[at:at + size]
    return None


CONFIG = [b"hvcC", b"av1C", b"vpcC", b"dac3", b"dec3", b"dOps", b"dfLa", b"mdcv", b"clli", b"dvvC"]


@pytest.mark.parametrize("title", TITLES)
def test_headers_keep_the_configuration(get, title):
    """Made headers hold the source's configuration and HDR boxes as they are, and are labelled hvc1."""
    source = file_of(title).read_bytes()
    movie = b"".join(source[b.start:b.end] for b in boxes.walk(source) if b.type == b"moov")
    found = walk.hls_title(get, f"/files/{title}", "cmaf")
    headers = b"".join(get.ok(p.map).body for p in found.playlists)
    for kind in CONFIG:
        assert box_of(headers, kind) == box_of(movie, kind), kind
    assert b"hev1" not in headers
    colors = box_of(headers, b"colr")
    if RANGES.get(title) in ("PQ", "HLG") and box_of(movie, b"colr"):
        assert colors[8:12] == b"nclx" and colors[14:16] == {"PQ": b"\0\x10", "HLG": b"\0\x12"}[RANGES[title]]


def last(pcm, expected, title, form):
    """The sound to compare, and the source's: of some files FFmpeg 5.1 plays a beginning that is its own affair."""
    if title == "he_aac.mp4" and form == "hls":
        return expected, expected  # ADTS does not announce SBR, and there is none: 24 kHz
    if title == "audio_opus.mp4":
        return pcm[-len(expected):], expected  # hides 0.45 s by an edit list, which is not heeded in fragments
    if title == "d_av1_opus.mp4":
        return pcm, expected[-len(pcm):]  # dOps skips more than its edit list, and counts instead of it in fragments
    return pcm, expected


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("title", TITLES)
def test_decodes(site, title, form, tmp_path):
    """FFmpeg shows the source's own pictures and plays its own sound, without a warning."""
    path = file_of(title)
    if form == "hls" and not TITLES[title][1]:
        pytest.skip("TS does not carry it")
    kinds, channels = streams(path)
    video = "video" in kinds and not (form == "hls" and title == "hdr10_av1_portrait.mp4")
    wanted = {"video": "0:v:0" if video else None, "audio": "0:a:0" if "audio" in kinds else None,
              "options": ["-noautorotate"]}  # TS knows no rotation
    expected = decode(path, tmp_path, **wanted)
    frames, times, pcm, problems = decode(site.url(f"/files/{title}/{FORMATS[form]}"), tmp_path, **wanted)
    pcm, sound = last(pcm, expected[2], title, form)
    assert len(sound) >= 0.9 * len(expected[2])
    assert_same((frames, times, pcm, problems), (*expected[:2], sound), channels, with_times=form != "dash")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", TRACKS)
def test_track_files(site, get, name, form, tmp_path):
    """Segments are the file's own bytes, and so is the header, unless it announces parameter sets in the pictures."""
    everything, carried = TITLES[name]
    if form == "hls" and not carried:
        assert get(f"/files/tracks-{name}/hls/master.m3u8").status == 302
        return
    found = walk.hls_title(get, f"/files/tracks-{name}", "hls" if form == "hls" else "cmaf")
    assert codecs_of(found) == (carried if form == "hls" else everything)
    if form == "cmaf":
        files = [p.read_bytes() for p in codec_media.tracks(name).iterdir()]
        for playlist in found.playlists:
            init = get.ok(playlist.map).body
            assert all(any(get.ok(u).body in data for data in files) for u in playlist.uris[:2])
            assert any(data.startswith(init) for data in files) or b"hvc1" in init
    expected = decode(codec_media.generated(name), tmp_path)
    frames, times, pcm, problems = decode(site.url(f"/files/tracks-{name}/{FORMATS[form]}"), tmp_path)
    assert_same((frames, times, pcm, problems), expected, streams(codec_media.generated(name))[1],
                with_times=form != "dash")


STREAM_TYPES = {"hevc_eac3.mp4": {0x24, 0x87}, "hdr10_ac3.mp4": {0x24, 0x81}, "h264_mp3.mp4": {0x1B, 0x03},
                "mp3_22050.mp4": {0x04}, "he_aac.mp4": {0x1B, 0x0F}, "hev1.mp4": {0x24, 0x0F}}


@pytest.mark.parametrize("title", STREAM_TYPES)
def test_transport_streams(get, title):
    """Legal streams of the right types; each segment of HEVC begins with what a decoder needs."""
    for playlist in walk.hls_title(get, f"/files/{title}", "hls").variants:
        stream = ts.Stream()
        for uri in playlist.uris:
            stream.feed(get.ok(uri).body)
        assert set(stream.kinds.values()) == STREAM_TYPES[title]
        for pid, kind in stream.kinds.items():
            if kind in (0x81, 0x87):
                assert all(p.stream_id == 0xBD and p.payload[:2] == b"\x0b\x77" for p in stream.of(pid))
        video = stream.pid(True)
        if video is None or stream.kinds[video] != 0x24:
            continue
        for start in stream.segments:
            first = next(p for p in stream.pes[start:] if p.pid == video)
            kinds = [unit[0] >> 1 & 63 for unit in ts.nal_units(first.payload)]
            assert first.random_access and kinds[:4] == [35, 32, 33, 34], kinds
            assert any(16 <= kind <= 21 for kind in kinds)
        for p in stream.of(video):
            assert [unit[0] >> 1 & 63 for unit in ts.nal_units(p.payload)].count(35) == 1


@pytest.mark.parametrize("title", STREAM_TYPES)
def test_bandwidth(get, title):
    """What TS playlists say is within 1 % of what is sent."""
    found = walk.hls_title(get, f"/files/{title}", "hls")
    for entry, playlist in zip(found.master.variants, found.variants):
        size = sum(len(get.ok(u).body) for u in playlist.uris)
        average = 8 * size / sum((s.duration for s in playlist.media.segments), Fraction(0))
        assert abs(int(entry["AVERAGE-BANDWIDTH"]) - average) < average / 100


def groups(found):
    """{group: [(language, channels, default, has a URI)]}"""
    made = {}
    for e in found.master.media:
        made.setdefault(e["GROUP-ID"], []).append((e["LANGUAGE"], e["CHANNELS"], e["DEFAULT"], "URI" in e))
    return made


def test_groups_of_codecs(get):
    """AC-3 beside AAC: a group each, with every language, and the variants once for each."""
    found = walk.hls_title(get, "/files/surround", "cmaf")
    assert groups(found) == {
        "audio-mp4a.40.2-2": [("en", "2", "YES", True), ("de", "2", "NO", True)],
        "audio-ac-3-6": [("en", "6", "YES", True), ("de", "2", "NO", True)]} or groups(found) == {
        "audio-mp4a.40.2-2": [("de", "2", "YES", True), ("en", "2", "NO", True)],
        "audio-ac-3-6": [("de", "2", "YES", True), ("en", "6", "NO", True)]}
    assert [(v["AUDIO"], v["CODECS"]) for v in found.master.variants] == [
        ("audio-mp4a.40.2-2", "avc1.64000c,mp4a.40.2"), ("audio-ac-3-6", "avc1.64000c,mp4a.40.2,ac-3")]
    _, manifest = walk.mpd(get, "/files/surround")
    assert [len(s) for s in manifest.sets] == [1, 1, 1, 1]
    masks = manifest.root.xpath("//d:AudioChannelConfiguration[contains(@schemeIdUri,'dolby')]/@value",
                                namespaces=dash.NS)
    assert masks == ["F801"]


def test_groups_in_ts(get):
    """The same as in cmaf/."""
    ts, cmaf = (walk.hls_title(get, "/files/surround", kind) for kind in ("hls", "cmaf"))
    assert groups(ts) == groups(cmaf)
    assert [v["CODECS"] for v in ts.master.variants] == [v["CODECS"] for v in cmaf.master.variants]


def test_opus_beside_aac(get):
    """TS has the AAC, CMAF both."""
    assert codecs_of(walk.hls_title(get, "/files/opus", "hls")) == "avc1.64000c mp4a.40.2"
    found = walk.hls_title(get, "/files/opus", "cmaf")
    assert len(found.master.variants) == 2 and {e["CHANNELS"] for e in found.master.media} <= {"1", "2"}


def test_video_of_several_codecs(get):
    """One AdaptationSet a codec; TS has those of H.264 and HEVC."""
    _, manifest = walk.mpd(get, "/files/mixed")
    video = [[r.codecs[:4] for r in s] for s in manifest.sets if s[0].mime == "video/mp4"]
    assert sorted(video) == [["av01"], ["avc1"], ["hvc1"]]
    found = walk.hls_title(get, "/files/mixed", "hls")
    assert {v["CODECS"][:4] for v in found.master.variants} == {"avc1", "hvc1"}
