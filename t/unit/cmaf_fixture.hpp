// Fragmented files made from a description, and the samples that a reader must find in them.
#pragma once

#include <cstdint>
#include <vector>

#include "mp4_fixture.hpp"

namespace mezz::test {

inline constexpr std::uint32_t kSyncFlags = 0x02000000;
inline constexpr std::uint32_t kNonSyncFlags = 0x01010000;

/// The part of one track in a moof.
struct Traf {
    std::uint32_t track_id = 1;
    std::uint64_t time = 0;  ///< tfdt
    std::vector<Frame> frames{};
    std::uint32_t head_flags =
        0x20000;  ///< of tfhd: 1 base offset, 8, 0x10 and 0x20 defaults from the first frame
    std::uint32_t run_flags = 0xF01;  ///< of trun: 1 data offset, 4 first flags, 0x100… per sample
    std::size_t runs = 1;             ///< into which the samples are divided
    bool wide_time = true;
};

namespace cmaf {

inline std::uint32_t flags_of(const Frame& frame) {
    return frame.sync ? kSyncFlags : kNonSyncFlags;
}

inline Buffer run(const Traf& traf, std::size_t begin, std::size_t end, std::uint64_t data_offset) {
    const bool with_offset = begin == 0;  // later runs follow on
    const std::uint32_t flags = with_offset ? traf.run_flags : traf.run_flags & ~5U;
    Fields out;
    out.u32(end - begin);
    if ((flags & 1) != 0) out.u32(data_offset);
    if ((flags & 4) != 0) out.u32(flags_of(traf.frames.at(begin)));
    for (std::size_t i = begin; i < end; ++i) {
        const Frame& frame = traf.frames[i];
        if ((flags & 0x100) != 0) out.u32(frame.duration);
        if ((flags & 0x200) != 0) out.u32(frame.size);
        if ((flags & 0x400) != 0) out.u32(flags_of(frame));
        if ((flags & 0x800) != 0) out.u32(static_cast<std::uint32_t>(frame.offset));
    }
    return full_box("trun", 1, flags, out);
}

/// `data_offset` counts from the base that head_flags name: moof, or the file's start.
inline Buffer track_fragment(const Traf& traf, std::uint64_t data_offset) {
    Fields head;
    head.u32(traf.track_id);
    if ((traf.head_flags & 1) != 0) head.u64(0);
    if ((traf.head_flags & 2) != 0) head.u32(1);
    if ((traf.head_flags & 8) != 0) head.u32(traf.frames.at(0).duration);
    if ((traf.head_flags & 0x10) != 0) head.u32(traf.frames.at(0).size);
    if ((traf.head_flags & 0x20) != 0) head.u32(flags_of(traf.frames.back()));
    Fields out;
    out.add(full_box("tfhd", 0, traf.head_flags, head));
    out.add(traf.wide_time ? full_box("tfdt", 1, 0, Fields().u64(traf.time))
                           : full_box("tfdt", 0, 0, Fields().u32(traf.time)));
    for (std::size_t r = 0; r < traf.runs; ++r)
        out.add(run(traf, traf.frames.size() * r / traf.runs, traf.frames.size() * (r + 1) / traf.runs,
                    data_offset));
    return box("traf", out);
}

inline std::uint64_t bytes_of(const Traf& traf) {
    std::uint64_t bytes = 0;
    for (const Frame& frame : traf.frames)
        bytes += frame.size;
    return bytes;
}

inline Buffer moof(const std::vector<Traf>& trafs, std::uint64_t position, std::uint64_t size) {
    Fields out;
    out.add(full_box("mfhd", 0, 0, Fields().u32(1)));
    std::uint64_t data = size + 8;
    for (const Traf& traf : trafs) {
        out.add(track_fragment(traf, data + ((traf.head_flags & 1) != 0 ? position : 0)));
        data += bytes_of(traf);
    }
    return box("moof", out);
}

}  // namespace cmaf

/// moof and mdat at a place in the file; adds the samples to `found` if they are of `track_id`.
inline Buffer fragment(const std::vector<Traf>& trafs, std::uint64_t position, std::uint32_t track_id = 0,
                       std::vector<media::Sample>* found = nullptr) {
    const Buffer head = cmaf::moof(trafs, position, cmaf::moof(trafs, position, 0).size());
    Fields data;
    for (const Traf& traf : trafs) {
        auto dts = static_cast<std::int64_t>(traf.time);
        for (const Frame& frame : traf.frames) {
            if (found != nullptr && traf.track_id == track_id)
                found->push_back({position + head.size() + 8 + data.size(), dts, frame.size, frame.duration,
                                  frame.offset, frame.sync});
            dts += frame.duration;
            data.zeros(frame.size);
        }
    }
    return join({head, box("mdat", data)});
}

/// The same file without tfdt in every `step`-th track fragment, the last of each: they do not say when they
/// begin.
inline Buffer undated(Buffer file, std::size_t step = 1) {
    std::size_t found = 0;
    for (std::size_t i = 0; i + 4 <= file.size(); ++i)
        if (as_text(Bytes(file).subspan(i, 4)) == "tfdt" && ++found % step == 0)
            std::ranges::copy(as_bytes("free"), file.begin() + static_cast<std::ptrdiff_t>(i));
    return file;
}

/// One reference of sidx.
struct Reference {
    std::uint32_t bytes = 0;
    std::uint32_t duration = 0;
    std::uint32_t access_point = 0x90000000;  ///< starts with SAP, type 1
    bool index = false;
};

struct SidxSpec {
    std::uint32_t timescale = 90000;
    std::uint64_t earliest = 0;
    std::uint64_t first_offset = 0;
    bool wide = false;
    std::vector<Reference> references{};
};

inline Buffer sidx(const SidxSpec& spec) {
    Fields out;
    out.u32(1).u32(spec.timescale);
    if (spec.wide)
        out.u64(spec.earliest).u64(spec.first_offset);
    else
        out.u32(spec.earliest).u32(spec.first_offset);
    out.u16(0).u16(spec.references.size());
    for (const Reference& r : spec.references)
        out.u32((r.index ? 0x80000000U : 0U) | r.bytes).u32(r.duration).u32(r.access_point);
    return full_box("sidx", spec.wide ? 1 : 0, 0, out);
}

inline Buffer ssix(const std::vector<Reference>& references, std::uint32_t head) {
    Fields out;
    out.u32(references.size());
    for (const Reference& r : references)
        out.u32(2).u32(1U << 24 | head).u32(2U << 24 | (r.bytes - head));
    return full_box("ssix", 0, 0, out);
}

/// ftyp and a moov whose tracks have no samples, with a trex for each.
inline Buffer fragmented_head(std::vector<TrackSpec> tracks, Bytes between = {}, std::string brand = "cmfc") {
    Fields extends;
    for (TrackSpec& track : tracks) {
        track.frames.clear();
        extends.add(full_box("trex", 0, 0, Fields().u32(track.id).u32(1).u32(0).u32(0).u32(0)));
    }
    const FileSpec spec{.tracks = std::move(tracks),
                        .brand = std::move(brand),
                        .between = {between.begin(), between.end()},
                        .extends = box("mvex", extends)};
    const Mp4File file = make_mp4(spec);
    const auto end = static_cast<std::ptrdiff_t>(file.moov_offset + file.moov_size);
    return {file.bytes.begin(), file.bytes.begin() + end};
}

/// A track file with one frame a fragment, which sidx says to last `durations` ticks of 90 kHz.
inline Buffer sidx_file(const std::vector<std::uint32_t>& durations, std::vector<Edit> edits = {}) {
    TrackSpec track = video_track(0, 1);
    track.edits = std::move(edits);
    const Buffer head = fragmented_head({track});
    SidxSpec spec{.references = std::vector<Reference>(durations.size())};
    const std::uint64_t start = head.size() + sidx(spec).size();
    Buffer media;
    std::uint64_t time = 0;
    for (std::size_t i = 0; i < durations.size(); ++i) {
        const Buffer part = fragment({{.time = time, .frames = {{9, 90000, 0, true}}}}, start + media.size());
        spec.references[i] = {static_cast<std::uint32_t>(part.size()), durations[i]};
        media = join({media, part});
        time += durations[i];
    }
    return join({head, sidx(spec), media});
}

}  // namespace mezz::test
