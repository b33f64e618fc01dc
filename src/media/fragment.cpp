#include "media/fragment.hpp"

namespace mezz::media {
namespace {

constexpr std::uint32_t kNonSyncFlag = 0x10000;  // sample_is_non_sync_sample
constexpr std::size_t kMostSamples = 1U << 20;   // of a moof: runs without entries cost its writer nothing

// Flags of tfhd: where its data offsets count from (§8.8.7).
constexpr std::uint32_t kOwnBase = 0x1;
constexpr std::uint32_t kBaseIsMoof = 0x20000;

struct TrackFragment {
    FragmentDefaults defaults;
    std::uint64_t base = 0;      // what data offsets count from
    std::uint64_t position = 0;  // of the next run without an offset of its own
    std::int64_t time = 0;       // of the next sample, presentation ticks less composition offset
    std::uint64_t file_size = 0;
    std::size_t most_samples = 0;  // that may be known when this fragment has been read
};

std::uint32_t flags_of(const Box& tfhd) noexcept {
    ByteReader in(tfhd.payload);
    return read_full_box_head(in).flags;
}

std::uint32_t track_of(const Box& tfhd) noexcept {
    ByteReader in(tfhd.payload);
    in.skip(4);
    return in.u32();
}

// Whether the data of some traf begins where that of the one before ends.
bool is_chained(const Box& moof) noexcept {
    BoxIterator children(moof);
    bool first = true;
    for (;;) {
        const auto traf = children.next();
        if (!traf || !*traf) return false;
        if ((*traf)->type != fourcc("traf")) continue;
        const auto tfhd = find_box(**traf, fourcc("tfhd"));
        if (!tfhd || !*tfhd) return false;
        if (!first && (flags_of(**tfhd) & (kOwnBase | kBaseIsMoof)) == 0) return true;
        first = false;
    }
}

// `previous_end` is where the data of the traf before ends, or the moof begins.
Result<void> read_header(const Box& tfhd, std::uint64_t moof_offset, std::uint64_t previous_end,
                         TrackFragment& fragment) {
    ByteReader in(tfhd.payload);
    const std::uint32_t flags = read_full_box_head(in).flags;
    in.skip(4);
    fragment.base = (flags & kBaseIsMoof) != 0 ? moof_offset : previous_end;
    if ((flags & kOwnBase) != 0) fragment.base = in.u64();
    const std::uint32_t description = (flags & 0x2) != 0 ? in.u32() : 0;
    if ((flags & 0x8) != 0) fragment.defaults.duration = in.u32();
    if ((flags & 0x10) != 0) fragment.defaults.size = in.u32();
    if ((flags & 0x20) != 0) fragment.defaults.flags = in.u32();
    if (!in.ok()) return fail(ErrorCode::bad_media, "tfhd: box is cut off", tfhd.offset);
    const std::uint32_t only = fragment.defaults.description;
    if (description != 0 && only != 0 && description != only)
        return fail(ErrorCode::unsupported, "tfhd: samples of several descriptions", tfhd.offset);
    fragment.position = fragment.base;
    return {};
}

// Which fields a run has, and how many entries.
struct Run {
    std::uint32_t flags = 0;
    std::uint32_t count = 0;
    std::uint32_t first_flags = 0;

    [[nodiscard]] bool has(std::uint32_t flag) const noexcept { return (flags & flag) != 0; }
};

Result<Run> read_run_head(const Box& trun, ByteReader& in, TrackFragment& fragment) {
    Run run;
    run.flags = read_full_box_head(in).flags;
    run.count = in.u32();
    if (run.has(0x1)) fragment.position = fragment.base + static_cast<std::uint64_t>(std::int64_t{in.i32()});
    if (run.has(0x4)) run.first_flags = in.u32();
    const std::size_t entry_size = 4 * (std::size_t{run.has(0x100)} + std::size_t{run.has(0x200)} +
                                        std::size_t{run.has(0x400)} + std::size_t{run.has(0x800)});
    if (!in.ok() || (entry_size != 0 && run.count > in.remaining() / entry_size))
        return fail(ErrorCode::bad_media, "trun: count exceeds box", trun.offset);
    return run;
}

Result<void> read_run(const Box& trun, TrackFragment& fragment, std::vector<Sample>& out) {
    ByteReader in(trun.payload);
    const auto run = read_run_head(trun, in, fragment);
    if (!run) return std::unexpected(run.error());
    if (run->count > fragment.most_samples - out.size())
        return fail(ErrorCode::bad_media, "trun: over 2^20 samples in a fragment", trun.offset);
    for (std::uint32_t i = 0; i < run->count; ++i) {
        Sample sample;
        sample.duration = run->has(0x100) ? in.u32() : fragment.defaults.duration;
        sample.size = run->has(0x200) ? in.u32() : fragment.defaults.size;
        std::uint32_t sample_flags = run->has(0x400) ? in.u32() : fragment.defaults.flags;
        if (i == 0 && run->has(0x4)) sample_flags = run->first_flags;
        if (run->has(0x800)) sample.composition_offset = in.i32();
        sample.sync = (sample_flags & kNonSyncFlag) == 0;
        sample.offset = fragment.position;
        sample.dts = fragment.time;
        if (sample.offset > fragment.file_size || sample.size > fragment.file_size - sample.offset)
            return fail(ErrorCode::bad_media, "trun: sample lies beyond the end of the file", trun.offset);
        fragment.position += sample.size;
        fragment.time += sample.duration;
        out.push_back(sample);
    }
    return {};
}

// Of another track: only where its data ends.
Result<void> pass_run(const Box& trun, TrackFragment& fragment) {
    ByteReader in(trun.payload);
    const auto run = read_run_head(trun, in, fragment);
    if (!run) return std::unexpected(run.error());
    if (!run->has(0x200)) {
        fragment.position += std::uint64_t{run->count} * fragment.defaults.size;
        return {};
    }
    for (std::uint32_t i = 0; i < run->count; ++i) {
        if (run->has(0x100)) in.skip(4);
        fragment.position += in.u32();
        in.skip(std::size_t{run->has(0x400)} * 4 + std::size_t{run->has(0x800)} * 4);
    }
    return {};
}

template <class TakeRun>
Result<void> for_each_run(const Box& traf, TakeRun take_run) {
    BoxIterator children(traf);
    for (;;) {
        const auto box = children.next();
        if (!box) return std::unexpected(box.error());
        if (!*box) return {};
        if ((*box)->type != fourcc("trun")) continue;
        if (auto done = take_run(**box); !done) return done;
    }
}

Result<std::int64_t> read_time(const Box& tfdt, std::int64_t shift) {
    ByteReader in(tfdt.payload);
    const bool wide = read_full_box_head(in).version == 1;
    const std::uint64_t time = wide ? in.u64() : in.u32();
    constexpr std::uint64_t kLatest = std::uint64_t{1} << 56;
    if (!in.ok() || time > kLatest)
        return fail(ErrorCode::bad_media, "tfdt: time is out of range", tfdt.offset);
    return static_cast<std::int64_t>(time) + shift;
}

Result<void> read_track_fragment(const Box& traf, TrackFragment& fragment, std::vector<Sample>& out) {
    const auto tfdt = find_box(traf, fourcc("tfdt"));
    if (!tfdt) return std::unexpected(tfdt.error());
    if (!*tfdt && !fragment.defaults.begin)
        return fail(ErrorCode::bad_media, "traf: tfdt is missing", traf.offset);
    const auto begin = *tfdt ? read_time(**tfdt, fragment.defaults.shift) : *fragment.defaults.begin;
    if (!begin) return std::unexpected(begin.error());
    fragment.time = *begin;
    return for_each_run(traf, [&](const Box& trun) { return read_run(trun, fragment, out); });
}

// Boxes of a type in another.
std::size_t count_of(const Box& parent, FourCc type) noexcept {
    BoxIterator children(parent);
    std::size_t count = 0;
    for (;;) {
        const auto box = children.next();
        if (!box || !*box) return count;
        count += (*box)->type == type ? 1 : 0;
    }
}

FragmentDefaults of_other_track(std::uint32_t track_id, std::span<const DefaultSize> all_sizes) noexcept {
    FragmentDefaults defaults{.track_id = track_id};
    for (const DefaultSize& size : all_sizes)
        if (size.track_id == track_id) defaults.size = size.bytes;
    return defaults;
}

}  // namespace

bool is_chunk(const Box& moof) noexcept {
    const auto traf = find_box(moof, fourcc("traf"));
    if (!traf || !*traf || count_of(moof, fourcc("traf")) != 1) return false;
    const auto tfhd = find_box(**traf, fourcc("tfhd"));
    return tfhd && *tfhd && (flags_of(**tfhd) & (kOwnBase | kBaseIsMoof)) == kBaseIsMoof &&
           count_of(**traf, fourcc("tfdt")) == 1 && count_of(**traf, fourcc("trun")) == 1;
}

Result<void> read_fragment(const Box& moof, const FragmentDefaults& defaults, std::uint64_t file_size,
                           std::vector<Sample>& out) {
    const std::size_t most_samples = out.size() + kMostSamples;
    const bool chained = is_chained(moof);
    std::uint64_t previous_end = moof.offset;
    std::optional<std::int64_t> begin = defaults.begin;
    BoxIterator children(moof);
    for (;;) {
        const auto traf = children.next();
        if (!traf) return std::unexpected(traf.error());
        if (!*traf) return {};
        if ((*traf)->type != fourcc("traf")) continue;
        const auto tfhd = require_box(**traf, fourcc("tfhd"), "traf: tfhd is missing");
        if (!tfhd) return std::unexpected(tfhd.error());
        const std::uint32_t track_id = track_of(*tfhd);
        const bool wanted = track_id == defaults.track_id;
        if (!wanted && !chained) continue;
        TrackFragment fragment{.defaults = wanted ? defaults : of_other_track(track_id, defaults.all_sizes),
                               .file_size = file_size,
                               .most_samples = most_samples};
        fragment.defaults.begin = begin;
        if (auto done = read_header(*tfhd, moof.offset, previous_end, fragment); !done) return done;
        auto done = wanted ? read_track_fragment(**traf, fragment, out)
                           : for_each_run(**traf, [&](const Box& trun) { return pass_run(trun, fragment); });
        if (!done) return done;
        previous_end = fragment.position;
        if (wanted && begin) begin = fragment.time;
    }
}

}  // namespace mezz::media
