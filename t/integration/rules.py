"""Rules of the standards that the strict readers do not check by themselves. Each names its clause; what breaks one is an
AssertionError that begins with the clause. "RFC" is RFC 8216bis; "CMAF" ISO/IEC 23000-19, "BMFF" 14496-12, "DASH" 23009-1,
"IOP" the DASH-IF's guidelines, "own" none but Mezz's."""
import math
import re
from fractions import Fraction

import boxes
import dash
import hls
import ts

VIDEO_CODEC = re.compile(r"(avc1\.[0-9a-f]{6}|hvc1\.\d+\.[0-9A-F]+\.[LH]\d+(\.[0-9A-F]+){0,6}|av01\.\d\.\d\d[MH]\.\d\d(\.\d.*)?"
                         r"|vp09\.\d\d\.\d\d\.\d\d.*)")
AUDIO_CODEC = re.compile(r"mp4a\.40\.(2|5|29|34)|ac-3|ec-3|Opus|fLaC")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
LONG_CODES = {"eng", "deu", "ger", "fra", "fre", "spa", "nld", "dut", "und"}  # RFC 5646 2.2.1: the shortest one
BRANDS = {b"cmfc", b"cmf2"}
STREAM_IDS = dict.fromkeys((0x03, 0x04, ts.AAC), (0xC0, 0xDF))  # of sound; AC-3 and E-AC-3 are private_stream_1


def need(holds, clause, what):
    assert holds, f"{clause}: {what}"


def check_master(text):
    """A multivariant playlist by itself; returns it."""
    master = hls.parse_master(text)
    need(master.version == 1 or "INSTREAM-ID" in text, "RFC 8", f"EXT-X-VERSION {master.version} for nothing")
    for variant in master.variants + master.sound:
        check_variant(variant, master)
    groups = {(e["TYPE"], e["GROUP-ID"]) for e in master.media}
    for kind, group in groups:
        need(any(v.get(kind) == group for v in master.variants + master.sound), "own", f"group {group} of no variant")
    for entry in master.media:
        check_rendition(entry)
    check_same_choices(master)
    for entry in master.iframes:
        check_iframe_variant(entry, master)
    return master


def check_variant(variant, master):
    clause = "RFC 4.4.6.2"
    need("CODECS" in variant, clause, "no CODECS")
    codecs = variant["CODECS"].split(",")
    videos = [c for c in codecs if VIDEO_CODEC.fullmatch(c)]
    need(all(VIDEO_CODEC.fullmatch(c) or AUDIO_CODEC.fullmatch(c) for c in codecs), clause, f"CODECS {codecs}")
    need(len(set(codecs)) == len(codecs), clause, f"CODECS {codecs} twice")
    need(len(videos) <= 1, clause, f"CODECS {codecs}")
    need("AVERAGE-BANDWIDTH" in variant, clause, "no AVERAGE-BANDWIDTH")
    for name in ("RESOLUTION", "FRAME-RATE"):
        need((name in variant) == bool(videos), clause, f"{name} goes with video")
    need("AUDIO" not in variant or any(AUDIO_CODEC.fullmatch(c) for c in codecs), clause, "CODECS of the audio group")
    same = [v for v in master.variants + master.sound if {**v, "uri": 0} == {**variant, "uri": 0}]
    need(len(same) == 1, "own", "two variants that differ in nothing")


def is_language(tag):
    return LANGUAGE.fullmatch(tag) and tag.partition("-")[0] not in LONG_CODES


def check_rendition(entry):
    clause = "RFC 4.4.6.1"
    need("LANGUAGE" not in entry or is_language(entry["LANGUAGE"]), clause, f"LANGUAGE {entry.get('LANGUAGE')}")
    need(entry["TYPE"] != "AUDIO" or "CHANNELS" in entry, clause, "audio without CHANNELS")
    need(entry.get("FORCED") != "YES" or entry.get("AUTOSELECT") == "YES", "own", "FORCED that is never selected")


def check_same_choices(master):
    """Groups of a type have the same members, which differ in nothing but these."""
    groups = {}
    for entry in master.media:
        same = {name: value for name, value in entry.items() if name not in ("GROUP-ID", "URI", "CHANNELS")}
        groups.setdefault(entry["TYPE"], {}).setdefault(entry["GROUP-ID"], []).append(sorted(same.items()))
    for kind, members in groups.items():
        need(len({str(sorted(m)) for m in members.values()}) == 1, "RFC 4.4.6.1.1", f"groups of {kind} differ: {members}")


def check_iframe_variant(entry, master):
    clause = "RFC 4.4.6.3"
    need("CODECS" in entry and VIDEO_CODEC.fullmatch(entry["CODECS"]), clause, "CODECS of an I-frame variant")
    need("AVERAGE-BANDWIDTH" in entry, clause, "no AVERAGE-BANDWIDTH")
    need(not entry.keys() & {"FRAME-RATE", "AUDIO", "SUBTITLES", "CLOSED-CAPTIONS"}, clause, "attributes of a variant")
    match = [v for v in master.variants if v.get("RESOLUTION") == entry.get("RESOLUTION")
             and entry["CODECS"] in v["CODECS"].split(",")]
    need(match, clause, f"{entry['URI']} is of no variant")
    need({v.get("VIDEO-RANGE") for v in match} == {entry.get("VIDEO-RANGE")}, clause, "VIDEO-RANGE")


def check_media(text, kind):
    """A media playlist by itself ("hls" or "cmaf"); returns it."""
    media = hls.parse_media(text)
    longest = max(s.duration for s in media.segments)
    need(media.target == max(1, math.floor(longest + Fraction(1, 2))), "RFC 4.4.3.1", f"TARGETDURATION {media.target} for {float(longest)}")
    need(longest <= media.target + Fraction(1, 2), "RFC 4.4.3.1", f"a segment of {float(longest)}")
    need(media.sequence == 0, "own", "the first segment of VOD is number 0")
    need(bool(media.map) == (kind == "cmaf"), "RFC 3.1.2", "EXT-X-MAP goes with fragmented MP4")
    need(len(set(media.uris())) == len(media.uris()), "own", "one segment twice")
    return media


def check_together(playlists, frame=Fraction(1, 4)):
    """Media playlists of one title: the same time range, as far as the source's tracks have it."""
    lengths = [p.duration() for p in playlists]
    need(max(lengths) - min(lengths) <= frame, "RFC 6.2.4", f"durations {[float(n) for n in lengths]}")


def check_aligned(variants):
    """Variants with video switch at the same times."""
    need(len({tuple(s.duration for s in v.segments) for v in variants}) <= 1, "RFC 6.2.4", "variants are not aligned")
    need(len({v.target for v in variants}) <= 1, "RFC 6.2.4", "target durations of variants differ")


def check_rates(rates):
    """BANDWIDTH and AVERAGE-BANDWIDTH against what is sent: [(variant, peak, average)], see walk.rates()."""
    for variant, peak, mean in rates:
        peak_said, mean_said = int(variant["BANDWIDTH"]), int(variant["AVERAGE-BANDWIDTH"])
        need(int(peak) <= peak_said, "RFC 4.4.6.2", f"BANDWIDTH {peak_said} below the peak of {float(peak)}")
        need(abs(mean_said / mean - 1) <= 0.01, "RFC 4.4.6.2", f"AVERAGE-BANDWIDTH {mean_said} for {float(mean)}")


def one(data, path, start, end, clause):
    found = list(boxes.find(data, path, start, end))
    need(len(found) == 1, clause, f"{len(found)} {path}")
    return found[0]


def check_header(init):
    """A CMAF header: ftyp and moov of one track without samples."""
    top = list(boxes.walk(init))
    need([b.type for b in top] == [b"ftyp", b"moov"], "CMAF 7.3.2.1", f"boxes {[b.type for b in top]}")
    ftyp, moov = top
    brands = {init[ftyp.body:ftyp.body + 4]} | {init[at:at + 4] for at in range(ftyp.body + 8, ftyp.end, 4)}
    need(brands & BRANDS, "CMAF 7.2", f"brands {brands}")
    need(brands & {b"iso6", b"iso7", b"iso8", b"iso9"}, "CMAF 7.2", "no brand that has tfdt and default-base-is-moof")
    trak = one(init, "trak", moov.body, moov.end, "CMAF 7.3.2.1")
    tkhd = one(init, "tkhd", trak.body, trak.end, "BMFF 8.3.2")
    need(int.from_bytes(init[tkhd.body + 1:tkhd.body + 4], "big") & 1, "BMFF 8.3.2", "the track is not enabled")
    for path, at, clause in (("mvhd", 16, "CMAF 7.5.1"), ("trak/tkhd", 20, "CMAF 7.5.4"), ("trak/mdia/mdhd", 16, "CMAF 7.5.5")):
        box = one(init, path, moov.body, moov.end, clause)
        wide = init[box.body]
        first = box.body + at + ((12 if path == "trak/tkhd" else 8) if wide else 0)
        need(not any(init[first:first + (8 if wide else 4)]), clause, f"a duration in {path}")
    for table in ("stts", "stsc", "stco"):
        box = one(init, f"mdia/minf/stbl/{table}", trak.body, trak.end, "CMAF 7.5.12")
        need(not any(init[box.body:box.end]), "CMAF 7.5.12", f"entries in {table}")
    stsz = one(init, "mdia/minf/stbl/stsz", trak.body, trak.end, "CMAF 7.5.12")
    need(not any(init[stsz.body:stsz.end]), "CMAF 7.5.12", "samples in stsz")
    trex = one(init, "mvex/trex", moov.body, moov.end, "CMAF 7.5.14")
    number = tkhd.body + (20 if init[tkhd.body] else 12)
    need(init[trex.body + 4:trex.body + 8] == init[number:number + 4], "BMFF 8.8.3", "trex of another track")
    (track,) = boxes.Movie(init).tracks.values()
    edits = list(boxes.find(init, "edts/elst", trak.body, trak.end))
    need(track.handler == "soun" or not edits or b"cmf2" not in brands, "CMAF 7.7.2", "cmf2 has no edit list in video")
    return track


def check_segment(init, body):
    """A CMAF segment: (moof mdat)+; returns its track. Free space, which fills up a picture for trick play, is no part."""
    top = [b for b in boxes.walk(body) if b.type != b"free"]
    need(top and [b.type for b in top] == [b"moof", b"mdat"] * (len(top) // 2), "CMAF 7.3.3", f"boxes {[b.type for b in top]}")
    for moof, mdat in zip(top[::2], top[1::2]):
        check_chunk(body, moof)
        sizes = chunk_extent(init, body, moof)
        need(sizes == (mdat.body, mdat.end), "CMAF 7.3.2.3", f"samples at {sizes}, mdat at {(mdat.body, mdat.end)}")
    (track,) = boxes.Movie(init + body).tracks.values()
    need(track.handler != "vide" or track.samples[0].sync, "CMAF 7.3.2.4", "the first picture is no sync sample")
    need(all(a.dts + a.duration == b.dts for a, b in zip(track.samples, track.samples[1:])), "CMAF 7.3.2.3", "a gap in decoding times")
    return track


def check_chunk(body, moof):
    one(body, "mfhd", moof.body, moof.end, "BMFF 8.8.5")
    traf = one(body, "traf", moof.body, moof.end, "CMAF 7.3.2.3")
    order = [b.type for b in boxes.walk(body, traf.body, traf.end)]
    need(order[:2] == [b"tfhd", b"tfdt"], "BMFF 8.8.12", f"order {order}")
    need(order.count(b"trun") == 1, "CMAF 7.5.17", "one trun a chunk")
    tfhd = one(body, "tfhd", traf.body, traf.end, "BMFF 8.8.7")
    flags = int.from_bytes(body[tfhd.body + 1:tfhd.body + 4], "big")
    need(flags & 0x020000 and not flags & 1, "CMAF 7.5.16", "default-base-is-moof, no base-data-offset")
    trun = one(body, "trun", traf.body, traf.end, "BMFF 8.8.8")
    need(body[trun.body + 3] & 1, "CMAF 7.5.17", "trun without data offset")


def chunk_extent(init, body, moof):
    """(first byte, end) in the segment of a chunk's samples, which lie together."""
    (track,) = boxes.Movie(init + body).tracks.values()
    number = [f.start for f in track.fragments].index(moof.start + len(init))
    mine = [s for s in track.samples if s.fragment == number]
    need(all(a.offset + a.size == b.offset for a, b in zip(mine, mine[1:])), "CMAF 7.3.2.3", "samples do not lie together")
    return mine[0].offset - len(init), mine[-1].offset + mine[-1].size - len(init)


def check_track(inits_and_segments):
    """Segments of a track: decoding times and sequence numbers go on."""
    init, bodies = inits_and_segments
    (track,) = boxes.Movie(init + b"".join(bodies)).tracks.values()
    need(all(a.dts + a.duration == b.dts for a, b in zip(track.samples, track.samples[1:])), "CMAF 7.3.2.2", "a gap between segments")
    numbers = [f.sequence for f in track.fragments]
    need(all(a < b for a, b in zip(numbers, numbers[1:])), "BMFF 8.8.5", f"sequence numbers {numbers}")


def check_mpd(data):
    """An MPD by the schema, where there is one, and by the DASH-IF's rules."""
    need(dash.validate(data) == "", "DASH Annex B", dash.validate(data))
    manifest = dash.parse(data)
    root = manifest.root
    need("urn:mpeg:dash:profile:isoff-live:2011" in root.get("profiles").split(","), "DASH 8.4", root.get("profiles"))
    need(root.get("minBufferTime"), "DASH 5.3.1", "no minBufferTime")
    for element in root.iterfind(".//d:AdaptationSet", dash.NS):
        need(is_language(element.get("lang", "en")), "DASH 5.3.3.2", f"lang {element.get('lang')}")
        if element.get("contentType") in ("video", "audio"):
            check_adaptation_set(element)
    keys = [(s[0].mime, s[0].codecs.split(".")[0], s[0].language, channels(s[0].id, root)) for s in manifest.sets
            if s[0].language or s[0].mime == "video/mp4"]  # sound of an unknown language may be anything
    need(len(set(keys)) == len(keys), "IOP 3.2.2", f"two sets of one kind: {keys}")
    for r in manifest.representations():
        end = r.media[-1][1] + r.media[-1][2]
        need(abs(end - manifest.duration) < Fraction(1, 2) or r.mime == "audio/mp4", "DASH 5.3.9.6", f"{r.id} ends at {float(end)}")
        longest = max(m[2] for m in r.media)
        need(root.get("maxSegmentDuration") is None or longest <= dash.seconds(root.get("maxSegmentDuration")),
             "DASH 5.3.1", f"maxSegmentDuration below {float(longest)}")
    return manifest


def channels(name, root):
    found = root.xpath("//d:Representation[@id=$id]/d:AudioChannelConfiguration/@value", namespaces=dash.NS, id=name)
    return found[0] if found else None


def check_adaptation_set(element):
    clause = "IOP 3.2.4"
    for name in ("mimeType", "segmentAlignment", "startWithSAP"):
        need(element.get(name), clause, f"no {name}")
    need(element.get("segmentAlignment") == "true" and element.get("startWithSAP") == "1", clause, "alignment, SAP type 1")
    representations = element.findall("d:Representation", dash.NS)
    need(len({r.get("codecs").split(".")[0] for r in representations}) == 1, "IOP 3.2.2", "codecs of one set differ")
    scales = {t.get("timescale") for t in element.iterfind(".//d:SegmentTemplate", dash.NS)}
    need(len(scales) == 1, "IOP 3.2.3", f"timescales {scales} in a set")
    is_trick = element.find("d:EssentialProperty[@schemeIdUri='http://dashif.org/guidelines/trickmode']", dash.NS) is not None
    need(is_trick or element.find("d:Role", dash.NS) is not None, clause, "no Role")
    wanted = {"video": ["width", "height", "sar"] + ([] if is_trick else ["frameRate"]), "audio": ["audioSamplingRate"]}
    for r in representations:
        for name in wanted[element.get("contentType")]:
            need(r.get(name) or element.get(name), clause, f"{r.get('id')} has no {name}")
        need(element.get("contentType") == "video" or r.find("d:AudioChannelConfiguration", dash.NS) is not None,
             clause, f"{r.get('id')} has no AudioChannelConfiguration")


def check_stream(stream, sound_first=0):
    """What ISO/IEC 13818-1 asks of a transport stream beyond what its reader checks at once. `sound_first`: ticks by
    which the sound begins before the pictures."""
    for pid in stream.kinds:
        times = sorted(p.pts for p in stream.of(pid))
        gap = max((b - a for a, b in zip(times, times[1:])), default=0)
        need(gap <= 63000 or pid == stream.pid(True), "13818-1 2.7.4", f"PID {pid}: no time stamp for {gap / 90000} s")
        first, last = (0xE0, 0xEF) if stream.kinds[pid] in ts.VIDEO else STREAM_IDS.get(stream.kinds[pid], (0xBD, 0xBD))
        ids = {p.stream_id for p in stream.of(pid)}
        need(all(first <= i <= last for i in ids), "13818-1 2.4.3.7", f"PID {pid}: stream_id {ids}")
    clock = [value for _, value in stream.pcrs]
    need({pid for pid, _ in stream.pcrs} <= {stream.pcr_pid}, "13818-1 2.4.4.9", "a PCR on another PID")
    need(all(0 < b - a <= 2_700_000 + 27_000 for a, b in zip(clock, clock[1:])), "13818-1 2.7.2", "PCR more than 0.1 s apart, or back")
    need(all(p.pts >= p.dts for p in stream.pes), "13818-1 2.4.3.7", "a PTS before its DTS")
    video, sound = stream.pid(True), stream.pid(False)
    if video is not None and sound is not None:
        dated = sound in stream.priming and stream.kinds[sound] == ts.AAC  # by the reader: it has no time stamp
        lead = min(p.pts for p in stream.of(video)) - min(p.pts for p in stream.of(sound)[dated:])
        need(lead <= 2160 + sound_first, "own", f"sound begins {lead / 90000} s before the first picture")
