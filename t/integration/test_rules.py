"""The rules of rules.py and of the readers can fail: each breach is found, and named by its clause."""
import re
import struct

import pytest

import boxes
import media
import rules
import ts
import walk

MASTER = """#EXTM3U
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="a.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=300,AVERAGE-BANDWIDTH=200,CODECS="avc1.64000c,mp4a.40.2",RESOLUTION=320x180,FRAME-RATE=25.000,AUDIO="a"
v.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=100,AVERAGE-BANDWIDTH=90,CODECS="avc1.64000c",RESOLUTION=320x180,URI="i.m3u8"
"""
BROKEN_MASTERS = {  # what is replaced, by what, what is said
    "version": ("#EXTM3U\n", "#EXTM3U\n#EXT-X-VERSION:7\n", "RFC 8"),
    "no codecs": ('CODECS="avc1.64000c,mp4a.40.2",', "", "RFC 4.4.6.2"),
    "codec form": ("avc1.64000c,mp4a", "avc1.64000C,mp4a", "RFC 4.4.6.2"),
    "two videos": ("avc1.64000c,mp4a.40.2", "avc1.64000c,hvc1.1.6.L60.90", "RFC 4.4.6.2"),
    "no codec of the group": ("avc1.64000c,mp4a.40.2", "avc1.64000c", "RFC 4.4.6.2"),
    "no average": ("BANDWIDTH=300,AVERAGE-BANDWIDTH=200", "BANDWIDTH=300", "RFC 4.4.6.2"),
    "average above peak": ("AVERAGE-BANDWIDTH=200", "AVERAGE-BANDWIDTH=301", "RFC 4.4.6.2: average above peak"),
    "no resolution": ("RESOLUTION=320x180,FRAME-RATE", "FRAME-RATE", "RFC 4.4.6.2"),
    "no frame rate": ("FRAME-RATE=25.000,", "", "RFC 4.4.6.2"),
    "no such group": ('AUDIO="a"\n', 'AUDIO="b"\n', "RFC 4.4.6.2: no audio group"),
    "group of nobody": (',AUDIO="a"\n', "\n", "own: group a"),
    "language": ('LANGUAGE="en"', 'LANGUAGE="english"', "RFC 4.4.6.1"),
    "long language": ('LANGUAGE="en"', 'LANGUAGE="eng"', "RFC 4.4.6.1"),
    "channels": (',CHANNELS="2"', "", "RFC 4.4.6.1"),
    "other choices": ('#EXT-X-STREAM-INF:BANDWIDTH=300,AVERAGE-BANDWIDTH=200,CODECS="avc1.64000c,mp4a.40.2",RESOLUTION=320x180,FRAME-RATE=25.000,AUDIO="a"\n',
                      '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="b",NAME="English 5.1",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="6",URI="b.m3u8"\n'
                      '#EXT-X-STREAM-INF:BANDWIDTH=301,AVERAGE-BANDWIDTH=200,CODECS="avc1.64000c,ac-3",RESOLUTION=320x180,FRAME-RATE=25.000,AUDIO="b"\nv.m3u8\n'
                      '#EXT-X-STREAM-INF:BANDWIDTH=300,AVERAGE-BANDWIDTH=200,CODECS="avc1.64000c,mp4a.40.2",RESOLUTION=320x180,FRAME-RATE=25.000,AUDIO="a"\n',
                      "RFC 4.4.6.1.1"),
    "default but not auto": ("AUTOSELECT=YES", "AUTOSELECT=NO", "RFC 4.4.6.1: DEFAULT"),
    "sound in I-frames": ('CODECS="avc1.64000c",', 'CODECS="avc1.64000c,mp4a.40.2",', "RFC 4.4.6.3"),
    "I-frames of nobody": ('"avc1.64000c",RESOLUTION=320x180', '"avc1.64000c",RESOLUTION=640x360', "RFC 4.4.6.3"),
    "attribute twice": ("RESOLUTION=320x180,FRAME", "RESOLUTION=320x180,RESOLUTION=320x180,FRAME", "RFC 4.2: "),
    "unknown attribute": ("RESOLUTION=320x180,FRAME", "COLOUR=1,RESOLUTION=320x180,FRAME", "own: unknown attribute"),
    "unknown tag": ("#EXT-X-INDEPENDENT", "#EXT-X-DEPENDENT", "own: unexpected line"),
    "range": ("FRAME-RATE=25.000,AUDIO", "FRAME-RATE=25.000,VIDEO-RANGE=PQ,AUDIO", "RFC 4.4.6.3"),
}
MEDIA = """#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:6
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI="i.mp4"
#EXTINF:6.000000,
0.m4s
#EXTINF:5.000000,
1.m4s
#EXT-X-ENDLIST
"""
BROKEN_MEDIA = {
    "version too high": ("VERSION:6", "VERSION:7", "RFC 8: version 7"),
    "version too low": ("VERSION:6", "VERSION:5", "RFC 8: version 5"),
    "target too low": ("TARGETDURATION:6", "TARGETDURATION:5", "RFC 4.4.3.1: "),
    "target too high": ("TARGETDURATION:6", "TARGETDURATION:8", "RFC 4.4.3.1"),
    "not VOD": ("TYPE:VOD", "TYPE:EVENT", "RFC 4.4.3.5"),
    "no end": ("#EXT-X-ENDLIST\n", "", "RFC 4.4.3.4"),
    "late map": ('#EXT-X-MAP:URI="i.mp4"\n#EXTINF:6.000000,\n0.m4s\n', '#EXTINF:6.000000,\n0.m4s\n#EXT-X-MAP:URI="i.mp4"\n', "RFC 4.4.4.5"),
    "no map": ('#EXT-X-MAP:URI="i.mp4"\n', "", "RFC 8: version 6, 3 needed"),
    "no duration": ("#EXTINF:5.000000,\n", "", "RFC 4.4.4.1"),
    "no comma": ("6.000000,", "6.000000", "RFC 4.4.4.1"),
    "twice": ("1.m4s", "0.m4s", "own: one segment twice"),
    "number": ("#EXT-X-PLAY", "#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-PLAY", "own: the first segment"),
}


def test_good_playlists_pass():
    rules.check_master(MASTER)
    rules.check_media(MEDIA, "cmaf")


@pytest.mark.parametrize("breach", BROKEN_MASTERS)
def test_multivariant_playlist(breach):
    old, new, said = BROKEN_MASTERS[breach]
    assert MASTER.count(old) >= 1
    with pytest.raises(AssertionError, match=re.escape(said)):
        rules.check_master(MASTER.replace(old, new, 1))


@pytest.mark.parametrize("breach", BROKEN_MEDIA)
def test_media_playlist(breach):
    old, new, said = BROKEN_MEDIA[breach]
    assert MEDIA.count(old) == 1
    with pytest.raises(AssertionError, match=re.escape(said)):
        rules.check_media(MEDIA.replace(old, new), "cmaf")


def test_playlists_together():
    short = rules.check_media(MEDIA.replace("5.000000", "4.000000"), "cmaf")
    whole = rules.check_media(MEDIA, "cmaf")
    with pytest.raises(AssertionError, match="RFC 6.2.4"):
        rules.check_together([whole, short])
    with pytest.raises(AssertionError, match="RFC 6.2.4"):
        rules.check_aligned([whole, short])


@pytest.mark.parametrize("peak, mean", [(301, 200), (300, 203), (300, 197)])
def test_bit_rates(peak, mean):
    variant = rules.check_master(MASTER).variants[0]
    rules.check_rates([(variant, 300, 201)])
    with pytest.raises(AssertionError, match="RFC 4.4.6.2"):
        rules.check_rates([(variant, peak, mean)])


@pytest.fixture(scope="module")
def served(nginx_for_module, library):
    """A title's (init, CMAF segments, TS segments, MPD)."""
    get = nginx_for_module(library).client()
    cmaf, transport = (walk.hls_title(get, "/files/faststart.mp4", kind).variants[0] for kind in ("cmaf", "hls"))
    return (get.ok(cmaf.map).body, [get.ok(u).body for u in cmaf.uris], [get.ok(u).body for u in transport.uris],
            get.ok("/files/faststart.mp4/cmaf/manifest.mpd").body)


def patched(data, path, offset, value):
    """The data with bytes of a box's body replaced."""
    box = next(boxes.find(data, path))
    return data[:box.body + offset] + value + data[box.body + offset + len(value):]


HEADERS = {  # box, offset in its body, what stands there, what is said
    "brand": ("ftyp", 0, b"mp42\0\0\0\0mp42mp42", "CMAF 7.2"),
    "duration": ("moov/mvhd", 16, b"\0\0\0\1", "CMAF 7.5.1"),
    "disabled": ("moov/trak/tkhd", 1, b"\0\0\0", "BMFF 8.3.2"),
    "trex": ("moov/mvex/trex", 4, b"\0\0\0\x63", "BMFF 8.8.3"),
}
SEGMENTS = {
    "data offset": ("moof/traf/trun", 8, struct.pack(">i", 4000), "CMAF 7.3.2.3"),
    "base": ("moof/traf/tfhd", 0, b"\0\0\0\x28", "CMAF 7.5.16"),
}


@pytest.mark.parametrize("breach", HEADERS)
def test_header(served, breach):
    path, offset, value, said = HEADERS[breach]
    init = served[0]
    rules.check_header(init)
    with pytest.raises(AssertionError, match=said):
        rules.check_header(patched(init, path, offset, value))


@pytest.mark.parametrize("breach", SEGMENTS)
def test_segment(served, breach):
    path, offset, value, said = SEGMENTS[breach]
    init, bodies = served[:2]
    rules.check_segment(init, bodies[0])
    with pytest.raises(AssertionError, match=said):
        rules.check_segment(init, patched(bodies[0], path, offset, value))


def test_track(served):
    init, bodies = served[:2]
    rules.check_track((init, bodies))
    with pytest.raises(AssertionError, match="CMAF 7.3.2.2"):
        rules.check_track((init, [bodies[0], bodies[2]]))
    with pytest.raises(AssertionError, match="CMAF 7.3.3: boxes"):
        rules.check_segment(init, b"\0\0\0\x08skip" + bodies[0])


def packets(data):
    return [bytearray(data[at:at + ts.PACKET]) for at in range(0, len(data), ts.PACKET)]


def without_payload(data, wanted):
    """The segment without the first packet that is wanted."""
    found = packets(data)
    at = next(i for i, p in enumerate(found) if wanted(p))
    return b"".join(found[:at] + found[at + 1:])


TRANSPORT = {
    "lost packet": (lambda d: without_payload(d, lambda p: not p[1] & 0x40 and p[3] & 0x10), "13818-1 2.4.3.3: PID \\d+: continuity counter"),
    "no tables": (lambda d: d[2 * ts.PACKET:], "13818-1 2.4.4.9|RFC 3.1.1"),
    "sync byte": (lambda d: b"\x46" + d[1:], "13818-1 2.4.3.3: sync byte"),
    "cut": (lambda d: d[:-1], "13818-1 2.4.3: "),
    "table's checksum": (lambda d: d[:10] + bytes([d[10] ^ 1]) + d[11:], "13818-1 2.4.4.5: PID 0: CRC"),
}


@pytest.mark.parametrize("breach", TRANSPORT)
def test_transport_stream(served, breach):
    damage, said = TRANSPORT[breach]
    ts.Stream().feed(served[2][0])
    with pytest.raises(AssertionError, match=said):
        ts.Stream().feed(damage(served[2][0]))


def test_transport_streams_of_a_title(served):
    first, second, third = served[2]
    stream = ts.Stream()
    for data in (first, second, third):
        stream.feed(data)
    rules.check_stream(stream)
    skipped = ts.Stream()
    skipped.feed(first)
    skipped.counters.clear()
    skipped.feed(third)
    with pytest.raises(AssertionError, match="13818-1 2.7"):
        rules.check_stream(skipped)
    stream.pes[0].stream_id ^= 0x20
    with pytest.raises(AssertionError, match="13818-1 2.4.3.7"):
        rules.check_stream(stream)
    stream.pes[0].stream_id ^= 0x20
    stream.pcrs.reverse()
    with pytest.raises(AssertionError, match="13818-1 2.7.2"):
        rules.check_stream(stream)


MPDS = {
    "profile": (b"isoff-live", b"isoff-on-demand", "DASH 8.4"),
    "segments": (b'maxSegmentDuration="PT6', b'maxSegmentDuration="PT5', "DASH 5.3.1"),
    "alignment": (b'segmentAlignment="true"', b'segmentAlignment="false"', "IOP 3.2.4"),
    "frame rate": (b' frameRate="25"', b"", "IOP 3.2.4"),
    "sampling rate": (b' audioSamplingRate="48000"', b"", "IOP 3.2.4"),
    "role": (b'<Role schemeIdUri="urn:mpeg:dash:role:2011" value="main"/>', b"", "IOP 3.2.4"),
    "length": (b'mediaPresentationDuration="PT13', b'mediaPresentationDuration="PT23', "DASH 5.3.9.6"),
}


@pytest.mark.parametrize("breach", MPDS)
def test_mpd(served, breach):
    old, new, said = MPDS[breach]
    rules.check_mpd(served[3])
    assert old in served[3]
    with pytest.raises(AssertionError, match=said):
        rules.check_mpd(served[3].replace(old, new, 1))
