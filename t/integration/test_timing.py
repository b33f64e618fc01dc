"""Titles whose tracks do not all begin at 0: by edit lists between key frames, or because one starts late."""
from fractions import Fraction

import pytest

import boxes
import media
import mezz
import ts
import walk
from client import resolve

NOISE = ("anoisesrc=seed=7:amplitude=0.3:sample_rate=48000",)  # no two frames of it are the same
CLOSE = Fraction(25, 1000)


def whole(bframes=2):
    args = media.source(audio=NOISE) + media.h264(bframes=bframes) + media.AAC
    return media.cached("noise.mp4", ["noise", *args], lambda path: media.ffmpeg(args, path))


def cut(bframes, at):
    args = ["-ss", at, "-i", whole(bframes), "-c", "copy"]
    return media.cached("cut.mp4", ["cut", bframes, at, whole(bframes).parent.name],
                        lambda path: media.ffmpeg(args, path))


def late(kind):
    first, second = {"audio": ("0", "2"), "video": ("1", "0")}[kind]
    args = ["-itsoffset", first, "-i", whole(), "-itsoffset", second, "-i", whole(), "-map", "0:v", "-map", "1:a"]
    return media.cached("late.mp4", ["late", kind, whole().parent.name],
                        lambda path: media.ffmpeg([*args, "-c", "copy"], path))


def fragments():
    """With an edit list, since pictures are shown in another order than they are decoded."""
    args = ["-i", whole(), "-c", "copy", "-movflags", "+frag_keyframe+delay_moov+default_base_moof"]
    return media.cached("fragments.mp4", ["fragments", whole().parent.name], lambda path: media.ffmpeg(args, path))


MADE = {"cut_4.3.mp4": lambda: cut(2, "4.3"), "cut_5.9.mp4": lambda: cut(2, "5.9"),
        "cut_4.3_no_b.mp4": lambda: cut(0, "4.3"), "late_audio.mp4": lambda: late("audio"),
        "late_video.mp4": lambda: late("video"), "fragments.mp4": fragments}
CORPUS = ["d_audio_starts_late_2s.mp4", "editlist_video_starts_1s.mp4"]
CUTS = [name for name in MADE if name.startswith("cut")]
LATE = ["late_audio.mp4", "late_video.mp4", *CORPUS]


@pytest.fixture(scope="module")
def server(nginx_for_module, tmp_path_factory):
    root = tmp_path_factory.mktemp("timing")
    for name, make in MADE.items():
        mezz.place(make(), root / name)
    for name in CORPUS:
        if (mezz.CORPUS / name).exists():
            mezz.place(mezz.CORPUS / name, root / name)
    (root / "undated.mp4").write_bytes((root / "fragments.mp4").read_bytes().replace(b"tfdt", b"free"))
    return nginx_for_module(root)


@pytest.fixture
def title(server, request):
    """(get, base, source) of the title that a test names."""
    path = server.root / request.param
    if not path.exists():
        pytest.skip(f"{path.name} is not in {mezz.CORPUS}")
    return server.client(), f"/files/{path.name}", boxes.Movie(path.read_bytes())


def track_of(movie, handler):
    return movie.of_kind(handler)[0]


def contents(movie, track):
    return [movie.data[s.offset:s.offset + s.size] for s in track.samples]


SILENT = (bytes.fromhex("00000007"), bytes.fromhex("21000000001c"))  # AAC of one channel, of two


def heard(movie, track):
    """The samples without those that are but silence, in place of sound that starts late."""
    return [s for s in track.samples if not movie.data[s.offset:s.offset + s.size].startswith(SILENT)]


def position(part, whole):
    """Where a list stands within another; at the end, if it does there."""
    last = len(whole) - len(part)
    found = next((k for k in (last, *range(last)) if whole[k:k + len(part)] == part), None)
    assert found is not None, "samples are missing, twice or altered"
    return found


def cmaf_track(get, init, urls):
    movie = boxes.Movie(get.ok(init).body + b"".join(get.ok(u).body for u in urls))
    (track,) = movie.tracks.values()
    return movie, track


def shifts(source, handler, movie, track):
    """How much later than in the source each sample is presented."""
    original = track_of(source, handler)
    first = position(contents(movie, track), contents(source, original))
    assert first <= (3 if handler == "soun" else 0), "more than priming was left out"
    return [Fraction(s.pts, track.timescale) - Fraction(o.pts, original.timescale)
            for s, o in zip(track.samples, original.samples[first:])]


def assert_in_step(source, tracks):
    """Sound and pictures are shifted by the same."""
    found = {handler: shifts(source, handler, *tracks[handler]) for handler in ("vide", "soun")}
    for values in found.values():
        assert max(values) - min(values) < Fraction(1, 1000), "the shift changes"
    video, audio = (found[h][0] for h in ("vide", "soun"))
    assert abs(video - audio) <= CLOSE, f"pictures are shifted by {float(video)}, sound by {float(audio)}"


def by_handler(get, pairs):
    tracks = {}
    for init, urls in pairs:
        movie, track = cmaf_track(get, init, urls)
        track.samples = heard(movie, track)
        tracks[track.handler] = (movie, track)
    return tracks


@pytest.mark.parametrize("title", CUTS, indirect=True)
def test_a_cut_begins_with_its_key_frame(title):
    """The edit list begins between key frames: what is sent begins with the one before, shown at 0."""
    get, base, source = title
    assert any(s.pts < 0 for s in track_of(source, "vide").samples), "the file is not cut between key frames"
    found = walk.hls_title(get, base, "cmaf")
    tracks = by_handler(get, [(p.map, p.uris) for p in found.playlists])
    _, video = tracks["vide"]
    assert video.samples[0].sync and video.samples[0].pts == 0 == min(s.pts for s in video.samples)
    assert len(video.samples) == len(track_of(source, "vide").samples)
    assert_in_step(source, tracks)


@pytest.mark.parametrize("title", CUTS + LATE, indirect=True)
def test_playlists_last_as_long_as_the_pictures(title):
    """From 0, or where the pictures of a late video begin, to the end of the last picture."""
    get, base, _ = title
    for kind in ("hls", "cmaf"):
        found = walk.hls_title(get, base, kind)
        cmaf = walk.hls_title(get, base, "cmaf").variants[0]
        _, track = cmaf_track(get, cmaf.map, cmaf.uris)
        end = Fraction(max(s.pts + s.duration for s in track.samples), track.timescale)
        assert abs(found.variants[0].media.duration() - end) <= Fraction(1, 10), kind


@pytest.mark.parametrize("title", CUTS, indirect=True)
def test_a_cut_in_dash(title):
    get, base, source = title
    path, manifest = walk.mpd(get, base)
    tracks = by_handler(get, [(resolve(path, r.init), [resolve(path, m[0]) for m in r.media])
                              for r in manifest.representations()])
    video = next(r for r in manifest.representations() if r.mime == "video/mp4")
    assert video.media[0][1] == 0
    assert tracks["vide"][1].samples[0].sync and tracks["vide"][1].samples[0].pts == 0
    assert_in_step(source, tracks)


def slices(unit):
    """The IDR slices of an access unit, length-prefixed or in Annex B."""
    return [u for u in unit if u[0] & 31 == 5]


def length_prefixed(data):
    units = []
    while data:
        size = int.from_bytes(data[:4], "big")
        units.append(data[4:4 + size].rstrip(b"\0"))
        data = data[4 + size:]
    return units


@pytest.mark.parametrize("title", CUTS + LATE, indirect=True)
def test_ts_keeps_sound_and_pictures_in_step(title):
    """The distance of the first IDR and the first timed frame of sound is the source's."""
    get, base, source = title
    (playlist,) = walk.hls_title(get, base, "hls").variants
    stream = ts.Stream()
    for uri in playlist.uris:
        stream.feed(get.ok(uri).body)
    picture = stream.of(stream.pid(True))[0]
    assert picture.random_access
    found = slices(ts.nal_units(picture.payload))
    track = track_of(source, "vide")
    first = track.samples[0]
    assert found and found == slices(length_prefixed(source.data[first.offset:first.offset + first.size]))
    assert picture.pts == min(p.pts for p in stream.of(picture.pid))
    sound, original = stream.of(stream.pid(False)), track_of(source, "soun")
    sound = [pes for pes in sound if not ts.adts_frames(pes.payload)[0][2].startswith(SILENT)]
    frames = [frame[2] for pes in sound for frame in ts.adts_frames(pes.payload)]
    begin = original.samples[position(frames, contents(source, original))]
    source_gap = Fraction(begin.pts, original.timescale) - Fraction(first.pts, track.timescale)
    gap = Fraction(sound[0].pts - picture.pts, 90000)
    assert abs(gap - source_gap) <= CLOSE, f"{float(gap)} s apart instead of {float(source_gap)}"


@pytest.mark.parametrize("title", LATE, indirect=True)
def test_a_late_track_is_late_in_dash(title):
    """The first S@t of each track is its first sample's presentation time; sound and pictures keep their distance."""
    get, base, source = title
    path, manifest = walk.mpd(get, base)
    starts, pairs = {}, []
    for r in manifest.representations():
        pairs.append((resolve(path, r.init), [resolve(path, m[0]) for m in r.media]))
        movie, track = cmaf_track(get, *pairs[-1])
        first = Fraction(min(s.pts for s in track.samples), track.timescale)
        assert r.media[0][1] == max(first, 0), f"{r.id}: S@t {float(r.media[0][1])}, first sample {float(first)}"
        starts[track.handler] = Fraction(min(s.pts for s in heard(movie, track)), track.timescale)
    expected = {h: track_of(source, h).presentation()[0] for h in ("vide", "soun")}
    assert abs(expected["vide"] - expected["soun"]) > Fraction(1, 2), "no track of the file is late"
    assert abs((starts["soun"] - starts["vide"]) - (expected["soun"] - expected["vide"])) <= CLOSE
    assert_in_step(source, by_handler(get, pairs))


def everything(get, name):
    """How long segments last, and all bytes of them."""
    playlists = [p for kind in ("hls", "cmaf") for p in walk.hls_title(get, f"/files/{name}", kind).playlists]
    return [([s.duration for s in p.media.segments], [get.ok(u).body for u in [*filter(None, [p.map]), *p.uris]])
            for p in playlists]


def test_fragments_without_times(server):
    """Of a file without tfdt (BMFF 8.8.12) comes what comes of the same with it."""
    get = server.client()
    assert b"tfdt" in (server.root / "fragments.mp4").read_bytes() and b"tfdt" not in (server.root / "undated.mp4").read_bytes()
    expected = everything(get, "fragments.mp4")
    assert len(expected) >= 3 and everything(get, "undated.mp4") == expected
