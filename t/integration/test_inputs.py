"""Every MP4 of the corpus with a codec that is packaged plays as it is: as CMAF, in DASH, as TS and as a download."""
import json
import subprocess
from urllib.parse import quote

import pytest

import mezz
import rules
import ts
import walk
from client import resolve

NAMES = sorted(p.name for p in mezz.CORPUS.glob("*") if p.suffix.lower() in (".mp4", ".mov", ".m4a", ".m4v"))
CODECS = {"h264", "hevc", "av1", "vp9", "aac", "mp3", "ac3", "eac3", "opus", "flac"}
TS_CODECS = {"h264", "hevc", "aac", "mp3", "ac3", "eac3"}
PRIMING = 3  # frames of sound that an edit list hides, and with them the piece that they are in
SOUND_FIRST = {"editlist_video_starts_1s.mp4": 90000, "rot90_8.797fps.mp4": 20340}  # by so many ticks, by their edit lists
MOST_PIXELS = 400 * 1920 * 1080  # that are decoded of one stream; of the rest packets are counted

pytestmark = [pytest.mark.skipif(not NAMES, reason=f"no corpus in {mezz.CORPUS}"),
              pytest.mark.allows_errors("no track in a codec that can be packaged")]


@pytest.fixture(scope="module")
def get(nginx_for_module):
    return nginx_for_module(mezz.CORPUS).client()


def known_streams(path):
    """What ffprobe finds that can be packaged: [(type, codec, number among its type, stream)]."""
    out = subprocess.run(["ffprobe", "-v", "error", "-show_streams", "-of", "json", path], capture_output=True,
                         check=True).stdout
    found, counts = [], {}
    for stream in json.loads(out)["streams"]:
        kind, codec = stream["codec_type"], stream.get("codec_name")
        number = counts[kind] = counts.get(kind, -1) + 1
        empty = stream.get("nb_frames", "0") == "0" and stream.get("avg_frame_rate") == "0/0" and kind == "video"
        if codec in CODECS and not empty and not stream["disposition"]["attached_pic"]:
            found.append((kind, codec, number, stream))
    return found


def seconds_to_decode(known):
    """All of a file, or of one with too many pictures its beginning (None: all)."""
    for kind, _, _, stream in known:
        if kind == "video" and int(stream.get("nb_frames", 0)) * stream["width"] * stream["height"] > MOST_PIXELS:
            return MOST_PIXELS / (stream["width"] * stream["height"]) * float(stream["duration"]) / int(stream.get("nb_frames", 0))
    return None


def packets(path, kind, number):
    out = subprocess.run(["ffprobe", "-v", "error", "-count_packets", "-select_streams", f"{kind[0]}:{number}",
                          "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", path], capture_output=True,
                         text=True, check=True).stdout
    return int(out.split()[0])


def frames(inputs, level="warning", seconds=None):
    """MD5s of the decoded frames of one stream in each input [(path, type, number)]."""
    command = ["ffmpeg", "-nostdin", "-v", level]
    for path, *_ in inputs:
        command += ["-noautorotate", *["-ignore_editlist", "1"] * (path.suffix != ".ts")]
        command += [*(["-t", seconds] if seconds else []), "-i", path]
    command += ["-fps_mode", "passthrough", "-c:a", "pcm_f32le"]
    for i, (_, kind, number) in enumerate(inputs):
        command += ["-map", f"{i}:{kind[0]}:{number}"]
    command += ["-f", "framemd5", "-"]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and not (level == "warning" and done.stderr), done.stderr
    rows = [[f.strip() for f in line.split(",")] for line in done.stdout.splitlines() if not line.startswith("#")]
    return [[row[5] for row in rows if row[0] == str(i)] for i in range(len(inputs))]


def fetched(get, found):
    """The segments of each playlist: {path: [bytes]}; what playlists say of their sizes is right."""
    bodies = {p.path: [get.ok(uri).body for uri in p.uris] for p in found.playlists}

    def rows(playlist):
        durations = [s.duration for s in playlist.media.segments if not s.gap]
        return [(len(body), seconds) for body, seconds in zip(bodies[playlist.path], durations)]

    rules.check_rates(walk.rates(found, rows))
    return bodies


def packaged(get, base, folder, carried):
    """Files of what each format sends, by the rules of the standards: {(format, type): path}."""
    files = {}
    rules.check_master(get.ok(f"{base}/cmaf/master.m3u8").text)
    cmaf = walk.hls_title(get, base, "cmaf")
    path = f"{base}/cmaf/manifest.mpd"
    manifest = rules.check_mpd(get.ok(path).body)
    bodies = fetched(get, cmaf)
    for i, playlist in enumerate(cmaf.playlists):
        match = [r for r in manifest.representations() if resolve(path, r.init) == playlist.map]
        assert len(match) == 1 and [resolve(path, m[0]) for m in match[0].media] == playlist.uris, "DASH sends others"
        kind = match[0].mime.partition("/")[0]
        assert (("cmaf", kind)) not in files, "two of a kind"
        init = get.ok(playlist.map).body
        rules.check_header(init)
        rules.check_track((init, bodies[playlist.path]))
        for body in bodies[playlist.path]:
            rules.check_segment(init, body)
        files["cmaf", kind] = folder / f"{i}.mp4"
        files["cmaf", kind].write_bytes(init + b"".join(bodies[playlist.path]))
        assert abs(sum(m[2] for m in match[0].media) - playlist.media.duration()) < 0.001 or match[0].media[0][1] > 0
        if kind == "video" or len(cmaf.playlists) == 1:
            name = match[0].id
    if not carried:
        assert get(f"{base}/hls/master.m3u8").status == 302
    else:
        rules.check_master(get.ok(f"{base}/hls/master.m3u8").text)
        found = walk.hls_title(get, base, "hls")
        bodies = fetched(get, found)
        (playlist,) = found.variants if "video" in carried else found.playlists
        stream = ts.Stream()
        for body in bodies[playlist.path]:
            stream.feed(body)
        rules.check_stream(stream, SOUND_FIRST.get(base.rpartition("/")[2], 0))
        (folder / "all.ts").write_bytes(b"".join(bodies[playlist.path]))
        for kind in carried:
            files["ts", kind] = folder / "all.ts"
    (folder / "download.mp4").write_bytes(get.ok(f"{base}/download/{name}.mp4").body)
    for (_, kind) in list(files):
        files["download", kind] = folder / "download.mp4"
    return files


@pytest.mark.parametrize("name", NAMES)
def test_plays(get, name, tmp_path):
    base, source = f"/files/{quote(name)}", mezz.CORPUS / name
    known = known_streams(source)
    if not known:
        assert get(f"{base}/cmaf/master.m3u8").status == 422
        return
    carried = {kind for kind, codec, *_ in known if codec in TS_CODECS}
    if carried != {kind for kind, *_ in known}:
        carried = set()
    files = packaged(get, base, tmp_path, carried)
    assert {kind for form, kind in files if form == "cmaf"} == {kind for kind, *_ in known}
    seconds = seconds_to_decode(known)
    wanted = frames([(source, kind, number) for kind, _, number, _ in known], "fatal", seconds)
    got = frames([(path, kind, 0) for (_, kind), path in files.items()], seconds=seconds)
    for (form, kind), found in zip(files, got):
        at = [k for k, *_ in known].index(kind)
        if seconds:
            assert packets(files[form, kind], kind, 0) == packets(source, kind, known[at][2])
        if kind == "audio" and form != "download":
            found = found[silent_frames(found, len(wanted[at])):]
        assert_same(f"{form}: {kind}", found, wanted[at], PRIMING if kind == "audio" else 0, seconds is not None)


def silent_frames(found, expected):
    """Frames of silence in place of sound that starts late: all are alike, but for the first one's signs of zeros."""
    extra = max(len(found) - expected, 0)
    return extra if len(set(found[1:extra])) == 1 else 0


def assert_same(what, found, expected, priming, is_beginning):
    """All frames, but perhaps the first of sound; the one after those that are missing is blended with silence."""
    missing = next((n for n in range(priming + 1) if found[1:4] == expected[n + 1:n + 4]), 0)
    begin = 1 if missing else 0
    length = min(len(found), len(expected) - missing) if is_beginning else None
    assert is_beginning or len(found) == len(expected) - missing, f"{what}: {len(found)} frames of {len(expected)}"
    assert found[begin:length] == expected[begin + missing:][:length and length - begin], f"{what} differs"
