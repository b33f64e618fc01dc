"""CMAF init and media segments: complete, continuous, repeatable; of track files, byte ranges of the file."""
from fractions import Fraction

import pytest

import boxes
import media
import mezz
import walk
from test_hls import FILES, TITLES


def renditions(get, title):
    found = walk.hls_title(get, f"/files/{title}", "cmaf")
    return {p.path.rpartition("/")[2].removesuffix(".m3u8"): p for p in found.playlists}


def joined(get, playlist):
    return get.ok(playlist.map).body, [get.ok(u).body for u in playlist.uris]


@pytest.mark.parametrize("title", TITLES)
def test_init_and_segments_parse(get, title):
    """One track a rendition, ftyp moov without samples, then moof mdat pairs, decoding times without a gap."""
    for name, playlist in renditions(get, title).items():
        init, segments = joined(get, playlist)
        assert [b.type for b in boxes.walk(init)] == [b"ftyp", b"moov"], f"CMAF 7.3.2.1: {name}"
        (track,) = boxes.Movie(init).tracks.values()
        assert not track.samples, f"CMAF 7.5.12: {name}"
        for body in segments:
            types = [b.type for b in boxes.walk(body) if b.type not in (b"styp", b"sidx", b"prft", b"emsg")]
            assert types == [b"moof", b"mdat"] * (len(types) // 2) and types, f"CMAF 7.3.3: {name}: {types}"
            boxes.Movie(init + body)
        (track,) = boxes.Movie(init + b"".join(segments)).tracks.values()
        assert track.fragments[0].base == 0 or track.handler == "soun"
        assert [f.sequence for f in track.fragments] == sorted({f.sequence for f in track.fragments}), f"BMFF 8.8.5: {name}"
        for before, after in zip(track.samples, track.samples[1:]):
            assert after.dts == before.dts + before.duration, f"CMAF 7.3.2.2: {name}: a gap at {after.dts}"
        if track.handler == "vide":
            starts = {n: next(s for s in track.samples if s.fragment == n) for n in range(len(track.fragments))}
            assert all(s.sync for s in starts.values()), f"CMAF 7.3.2.4: {name}"


@pytest.mark.parametrize("name", FILES)
def test_samples_are_the_sources(get, name):
    """Bytes, times and sync flags of every sample are those of the source."""
    source = boxes.Movie(media.generated(name).read_bytes())
    remaining = list(source.tracks.values())
    for playlist in renditions(get, name).values():
        init, segments = joined(get, playlist)
        got = boxes.Movie(init + b"".join(segments))
        (track,) = got.tracks.values()
        match = next(t for t in remaining if t.handler == track.handler and t.language == track.language)
        remaining.remove(match)
        assert len(track.samples) == len(match.samples)
        shift = Fraction(track.samples[0].dts, track.timescale) - Fraction(match.samples[0].dts, match.timescale)
        for a, b in zip(track.samples, match.samples):
            assert got.data[a.offset:a.offset + a.size] == source.data[b.offset:b.offset + b.size]
            assert abs(a.pts / track.timescale - b.pts / match.timescale) < 1e-4
            assert abs(Fraction(a.dts, track.timescale) - Fraction(b.dts, match.timescale) - shift) < Fraction(1, 10000)
            assert a.sync == b.sync or track.handler == "soun"
    assert not remaining


@pytest.mark.parametrize("title", ["faststart.mp4", "two_audio.mp4", "tracks", "vfr.mp4"])
def test_sound_and_pictures_break_together(get, title):
    """The n-th segments of sound and pictures begin within one audio frame of each other (2 s for track files)."""
    starts = {}
    for name, playlist in renditions(get, title).items():
        init, segments = joined(get, playlist)
        (empty,) = boxes.Movie(init).tracks.values()
        for body in segments:
            (track,) = boxes.Movie(init + body).tracks.values()
            starts.setdefault(name, []).append(min(s.pts for s in track.samples) / empty.timescale)
    counts = {len(s) for s in starts.values()}
    assert max(counts) - min(counts) <= 1
    limit = 2.05 if title == "tracks" else 0.07
    for together in zip(*starts.values()):
        assert max(together) - min(together) <= limit, together


@pytest.mark.parametrize("title", ["faststart.mp4", "tracks", "two_audio.mp4", "fragmented.mp4"])
def test_bytes_are_repeatable(site, get, title):
    """The same bytes again, after a reload too, and the sizes that HEAD says."""
    first = {u: get.ok(u) for p in renditions(get, title).values() for u in [p.map, *p.uris]}
    for _ in range(2):
        for url, answer in first.items():
            again = get.ok(url)
            assert again.body == answer.body and again.headers["etag"] == answer.headers["etag"]
            assert int(get(url, method="HEAD").headers["content-length"]) == len(answer.body)
        site.reload()


def test_track_file_segments_are_byte_ranges(get):
    """The segments of a CMAF track file put together are the file behind its index, the init is its head."""
    for name, playlist in renditions(get, "tracks").items():
        init, segments = joined(get, playlist)
        source = next(p for p in media.cmaf_tracks().glob("*.mp4") if p.read_bytes().endswith(segments[-1]))
        data = source.read_bytes()
        first = next(b for b in boxes.walk(data) if b.type == b"moof").start
        assert b"".join(segments) == data[first:], name
        assert init == b"".join(data[b.start:b.end] for b in boxes.walk(data) if b.type in (b"ftyp", b"moov"))


SCATTERED = ["faststart.mp4", "bbb_480p_30s_aac51.mp4"]  # hardly two samples of a track stand together


@pytest.fixture(scope="module", params=SCATTERED)
def scattered(request, nginx_for_module, tmp_path_factory):
    root = tmp_path_factory.mktemp("scattered")
    name = request.param
    mezz.place(media.any_file(name), root / name)
    return nginx_for_module(root).client(), name, boxes.Movie((root / name).read_bytes())


def stretches(samples):
    """How many byte ranges of the source hold these samples."""
    return 1 + sum(a.offset + a.size != b.offset for a, b in zip(samples, samples[1:]))


def test_scattered_samples(scattered):
    """mdat of each segment is the source's samples, gathered from many places; HEAD and ranges agree."""
    get, name, source = scattered
    for playlist in renditions(get, name).values():
        init = get.ok(playlist.map).body
        (empty,) = boxes.Movie(init).tracks.values()
        samples = iter(source.of_kind(empty.handler)[0].samples)
        for url in playlist.uris:
            body = get.ok(url).body
            (track,) = boxes.Movie(init + body).tracks.values()
            mine = [next(samples) for _ in track.samples]
            assert url is playlist.uris[-1] or stretches(mine) > 8, "the file is not scattered"
            mdat = b"".join(body[b.body:b.end] for b in boxes.walk(body) if b.type == b"mdat")
            assert mdat == b"".join(source.data[s.offset:s.offset + s.size] for s in mine), url
            assert int(get(url, method="HEAD").headers["content-length"]) == len(body)
        assert next(samples, None) is None


def test_ranges_of_scattered_samples(scattered):
    get, name, _ = scattered
    for playlist in renditions(get, name).values():
        url = playlist.uris[0]
        whole = get.ok(url).body
        size, moof = len(whole), next(boxes.walk(whole)).end
        for first, last in ((0, 0), (0, moof), (moof - 1, moof + 8), (moof, size // 2), (size // 3, size // 2),
                            (size // 2, size // 2), (1, size - 2), (size - 1, size - 1)):
            for method in ("GET", "HEAD"):
                part = get(url, method=method, headers={"Range": f"bytes={first}-{last}"})
                assert part.status == 206 and int(part.headers["content-length"]) == last - first + 1
                assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"
                assert part.body == (whole[first:last + 1] if method == "GET" else b""), (first, last)
