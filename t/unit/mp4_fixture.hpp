// MP4 files made from a description, and the samples that a reader must find in them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "media/sample.hpp"
#include "mp4_boxes.hpp"

namespace mezz::test {

/// One sample to be.
struct Frame {
    std::uint32_t size = 10;
    std::uint32_t duration = 3600;
    std::int32_t offset = 0;  ///< of composition
    bool sync = true;
};

struct Edit {
    std::uint64_t duration = 0;   ///< of the movie's timescale
    std::int64_t media_time = 0;  ///< −1: empty
};

struct TrackSpec {
    bool video = true;
    std::uint32_t id = 1;
    std::uint32_t timescale = 90000;
    std::string language = "und";
    std::vector<Frame> frames{};
    std::vector<Edit> edits{};
    bool wide_times = false;               ///< version 1 of tkhd, mdhd and elst
    std::vector<std::uint32_t> chunks{5};  ///< samples of one chunk after the other, from the start again
    std::vector<std::uint32_t> descriptions{1};  ///< of stsd, of one chunk after the other, likewise
    std::vector<std::uint32_t> matrix{0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000};  ///< of tkhd
    unsigned size_bits = 32;     ///< 32: stsz; 4, 8 and 16: stz2
    bool constant_size = false;  ///< stsz with one size for all
    bool co64 = false;
    bool stss = true;  ///< if some sample is not a sync sample
    Buffer entry{};    ///< of stsd; empty: the usual one
    Buffer dref_entry = full_box("url ", 0, 1, {});
};

struct FileSpec {
    std::vector<TrackSpec> tracks{};
    std::uint32_t movie_timescale = 1000;
    bool wide_movie = false;  ///< version 1 of mvhd
    std::string brand = "isom";
    bool moov_first = true;
    bool large_mdat = false;  ///< 64-bit size
    bool open_mdat = false;   ///< size 0; only with moov_first
    Buffer between{};         ///< boxes after ftyp
    Buffer extends{};         ///< mvex
};

/// A file, and its samples in media time.
struct Mp4File {
    Buffer bytes;
    std::vector<std::vector<media::Sample>> samples;
    std::uint64_t moov_offset = 0;
    std::uint64_t moov_size = 0;
};

namespace mp4 {

/// {count, value} pairs of successive equal values.
template <class Value>
Fields runs(const std::vector<Frame>& frames, Value value) {
    Fields out;
    std::size_t count = 0;
    for (std::size_t i = 0; i < frames.size(); i += count) {
        count = 1;
        while (i + count < frames.size() && value(frames[i + count]) == value(frames[i]))
            ++count;
        out.u32(count).u32(static_cast<std::uint32_t>(value(frames[i])));
    }
    return out;
}

inline Buffer counted(std::string_view type, unsigned version, Bytes entries, std::size_t entry_size) {
    return full_box(type, version, 0, Fields().u32(entries.size() / entry_size).add(entries));
}

inline Buffer sizes(const TrackSpec& track) {
    Fields out;
    if (track.size_bits == 32) {
        out.u32(track.constant_size ? track.frames.at(0).size : 0).u32(track.frames.size());
        if (!track.constant_size)
            for (const Frame& frame : track.frames)
                out.u32(frame.size);
        return full_box("stsz", 0, 0, out);
    }
    out.u32(track.size_bits).u32(track.frames.size());
    for (std::size_t i = 0; i < track.frames.size(); ++i) {
        if (track.size_bits == 16) out.u16(track.frames[i].size);
        if (track.size_bits == 8) out.u8(track.frames[i].size);
        if (track.size_bits == 4 && i % 2 == 0)
            out.u8(track.frames[i].size << 4 | (i + 1 < track.frames.size() ? track.frames[i + 1].size : 0));
    }
    return full_box("stz2", 0, 0, out);
}

/// Samples of each chunk.
inline std::vector<std::uint32_t> chunk_counts(const TrackSpec& track) {
    std::vector<std::uint32_t> counts;
    std::size_t left = track.frames.size();
    for (std::size_t i = 0; left > 0; ++i) {
        counts.push_back(
            static_cast<std::uint32_t>(std::min<std::size_t>(left, track.chunks[i % track.chunks.size()])));
        left -= counts.back();
    }
    return counts;
}

inline Buffer sample_table(const TrackSpec& track, const std::vector<std::uint64_t>& chunk_offsets) {
    const Buffer entry = !track.entry.empty() ? track.entry
                         : track.video        ? avc_entry()
                                              : mp4a_entry(lc_config());
    Fields chunks;
    const auto counts = chunk_counts(track);
    const auto description = [&](std::size_t i) { return track.descriptions[i % track.descriptions.size()]; };
    for (std::size_t i = 0; i < counts.size(); ++i)
        if (i == 0 || counts[i] != counts[i - 1] || description(i) != description(i - 1))
            chunks.u32(i + 1).u32(counts[i]).u32(description(i));
    Fields offsets;
    for (const std::uint64_t offset : chunk_offsets)
        track.co64 ? offsets.u64(offset) : offsets.u32(offset);
    Fields sync;
    for (std::size_t i = 0; i < track.frames.size(); ++i)
        if (track.frames[i].sync) sync.u32(i + 1);
    const bool all_sync = std::ranges::all_of(track.frames, &Frame::sync);
    const bool reordered = std::ranges::any_of(track.frames, [](const Frame& f) { return f.offset != 0; });
    Fields out;
    out.add(full_box("stsd", 0, 0, Fields().u32(1).add(entry)));
    out.add(counted("stts", 0, runs(track.frames, [](const Frame& f) { return f.duration; }), 8));
    if (reordered)
        out.add(counted("ctts", 1, runs(track.frames, [](const Frame& f) { return f.offset; }), 8));
    if (track.stss && !all_sync) out.add(counted("stss", 0, sync, 4));
    out.add(sizes(track));
    out.add(counted("stsc", 0, chunks, 12));
    out.add(counted(track.co64 ? "co64" : "stco", 0, offsets, track.co64 ? 8 : 4));
    return box("stbl", out);
}

inline Buffer edits(const TrackSpec& track) {
    if (track.edits.empty()) return {};
    Fields list;
    list.u32(track.edits.size());
    for (const Edit& edit : track.edits) {
        if (track.wide_times)
            list.u64(edit.duration).u64(static_cast<std::uint64_t>(edit.media_time));
        else
            list.u32(edit.duration).u32(static_cast<std::uint64_t>(edit.media_time));
        list.u32(0x10000);
    }
    return box("edts", full_box("elst", track.wide_times ? 1 : 0, 0, list));
}

inline Buffer track_box(const TrackSpec& track, const std::vector<std::uint64_t>& chunk_offsets) {
    const unsigned version = track.wide_times ? 1 : 0;
    const std::size_t times = track.wide_times ? 16 : 8;
    Fields matrix;
    for (const std::uint32_t v : track.matrix)
        matrix.u32(v);
    std::uint32_t language = 0;
    for (const char c : track.language)
        language = language << 5 | (static_cast<std::uint32_t>(c - 0x60) & 31U);
    const Buffer tkhd =
        full_box("tkhd", version, 3,
                 Fields().zeros(times).u32(track.id).zeros(4 + times / 2 + 16).add(matrix).zeros(8));
    const Buffer mdhd = full_box(
        "mdhd", version, 0, Fields().zeros(times).u32(track.timescale).zeros(times / 2).u16(language).u16(0));
    const Buffer dref = box("dinf", full_box("dref", 0, 0, Fields().u32(1).add(track.dref_entry)));
    const Buffer minf = box("minf", join({dref, sample_table(track, chunk_offsets)}));
    const Buffer hdlr = full_box("hdlr", 0, 0, Fields().u32(0).text(track.video ? "vide" : "soun").zeros(13));
    return box("trak", join({tkhd, edits(track), box("mdia", join({mdhd, hdlr, minf}))}));
}

inline Buffer movie_box(const FileSpec& file, const std::vector<std::vector<std::uint64_t>>& chunk_offsets) {
    Fields out;
    const std::size_t times = file.wide_movie ? 16 : 8;
    out.add(full_box("mvhd", file.wide_movie ? 1 : 0, 0,
                     Fields().zeros(times).u32(file.movie_timescale).zeros(88)));
    for (std::size_t i = 0; i < file.tracks.size(); ++i)
        out.add(track_box(file.tracks[i], chunk_offsets[i]));
    out.add(file.extends);
    return box("moov", out);
}

/// Fills mdat: one chunk of each track in turn. Offsets are those within the payload.
inline Buffer media_data(const FileSpec& file, Mp4File& out,
                         std::vector<std::vector<std::uint64_t>>& chunk_offsets) {
    Fields data;
    data.text("not a sample");
    std::vector<std::vector<std::uint32_t>> counts;
    for (const TrackSpec& track : file.tracks)
        counts.push_back(chunk_counts(track));
    std::vector<std::int64_t> dts(file.tracks.size());
    bool more = true;
    for (std::size_t chunk = 0; more; ++chunk) {
        more = false;
        for (std::size_t t = 0; t < file.tracks.size(); ++t) {
            if (chunk >= counts[t].size()) continue;
            more = true;
            chunk_offsets[t].push_back(data.size());
            for (std::uint32_t i = 0; i < counts[t][chunk]; ++i) {
                const Frame& frame = file.tracks[t].frames[out.samples[t].size()];
                out.samples[t].push_back({data.size(), dts[t], frame.size, frame.duration, frame.offset,
                                          frame.sync || !file.tracks[t].stss});
                dts[t] += frame.duration;
                for (std::uint32_t b = 0; b < frame.size; ++b)
                    data.u8(t * 64 + out.samples[t].size() + b);
            }
        }
    }
    return data;
}

}  // namespace mp4

/// Makes the file.
inline Mp4File make_mp4(const FileSpec& spec) {
    Mp4File out;
    out.samples.resize(spec.tracks.size());
    std::vector<std::vector<std::uint64_t>> offsets(spec.tracks.size());
    const Buffer data = mp4::media_data(spec, out, offsets);
    const Buffer head = join({box("ftyp", Fields().text(spec.brand).u32(0).text(spec.brand)), spec.between});
    out.moov_size = mp4::movie_box(spec, offsets).size();
    const std::uint64_t mdat_head = spec.large_mdat ? 16 : 8;
    const std::uint64_t shift = head.size() + (spec.moov_first ? out.moov_size : 0) + mdat_head;
    for (std::size_t t = 0; t < offsets.size(); ++t) {
        for (std::uint64_t& offset : offsets[t])
            offset += shift;
        for (media::Sample& sample : out.samples[t])
            sample.offset += shift;
    }
    const Buffer moov = mp4::movie_box(spec, offsets);
    const Buffer mdat = spec.open_mdat    ? open_box("mdat", data)
                        : spec.large_mdat ? large_box("mdat", data)
                                          : box("mdat", data);
    out.moov_offset = head.size() + (spec.moov_first ? 0 : mdat.size());
    out.bytes = spec.moov_first ? join({head, moov, mdat}) : join({head, mdat, moov});
    return out;
}

/// A video track of `count` frames, a sync sample each `gop`.
inline TrackSpec video_track(std::size_t count, std::size_t gop, std::uint32_t duration = 3600,
                             std::uint32_t timescale = 90000) {
    TrackSpec track;
    track.timescale = timescale;
    for (std::size_t i = 0; i < count; ++i)
        track.frames.push_back(
            {static_cast<std::uint32_t>(i % gop == 0 ? 40 : 5 + i % 7), duration, 0, i % gop == 0});
    return track;
}

/// As video_track(), with two frames after each sync sample in `open` (numbers from 0) that are shown before
/// it.
inline TrackSpec open_track(std::size_t count, std::size_t gop, const std::vector<std::size_t>& open) {
    TrackSpec track = video_track(count, gop);
    for (Frame& frame : track.frames)
        frame.offset = 3600;
    for (const std::size_t number : open) {
        track.frames[number * gop].offset = 3 * 3600;
        for (const std::size_t i : {1, 2})
            track.frames[number * gop + i].offset = 0;
    }
    track.edits = {{0, 3600}};
    return track;
}

/// An audio track of `count` frames of 1024 ticks at 44100 Hz.
inline TrackSpec audio_track(std::size_t count, std::uint32_t id = 2) {
    TrackSpec track;
    track.video = false;
    track.id = id;
    track.timescale = 44100;
    for (std::size_t i = 0; i < count; ++i)
        track.frames.push_back({static_cast<std::uint32_t>(6 + i % 5), 1024, 0, true});
    track.chunks = {7, 9};
    return track;
}

}  // namespace mezz::test
