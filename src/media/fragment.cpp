#include "media/fragment.hpp"

namespace mezz::media {
namespace {

constexpr std::uint32_t kNonSyncFlag = 0x10000;  // sample_is_non_sync_sample
constexpr std::size_t kMostSamples = 1U << 20;   // of a moof: runs without entries cost its writer nothing

struct TrackFragment {
    FragmentDefaults defaults;
    std::uint64_t base = 0;      // what data offsets count from
    std::uint64_t position = 0;  // of the next run without an offset of its own
    std::int64_t time = 0;       // of the next sample, presentation ticks less composition offset
    std::uint64_t file_size = 0;
    std::size_t most_samples = 0;  // that may be known when this fragment has been read
};

Result<void> read_header(const Box& tfhd, std::uint64_t moof_offset, TrackFragment& fragment) {
    ByteReader in(tfhd.payload);
    const std::uint32_t flags = read_full_box_head(in).flags;
    in.skip(4);
    fragment.base = (flags & 0x1) != 0 ? in.u64() : moof_offset;
    if ((flags & 0x2) != 0) in.skip(4);
    if ((flags & 0x8) != 0) fragment.defaults.duration = in.u32();
    if ((flags & 0x10) != 0) fragment.defaults.size = in.u32();
    if ((flags & 0x20) != 0) fragment.defaults.flags = in.u32();
    if (!in.ok()) return fail(ErrorCode::bad_media, "tfhd: box is cut off", tfhd.offset);
    fragment.position = fragment.base;
    return {};
}

Result<void> read_run(const Box& trun, TrackFragment& fragment, std::vector<Sample>& out) {
    ByteReader in(trun.payload);
    const std::uint32_t flags = read_full_box_head(in).flags;
    const std::uint32_t count = in.u32();
    if ((flags & 0x1) != 0)
        fragment.position = fragment.base + static_cast<std::uint64_t>(std::int64_t{in.i32()});
    const bool has_first_flags = (flags & 0x4) != 0;
    const std::uint32_t first_flags = has_first_flags ? in.u32() : 0;
    const std::size_t entry_size = 4 * static_cast<std::size_t>(((flags >> 8) & 1) + ((flags >> 9) & 1) +
                                                                ((flags >> 10) & 1) + ((flags >> 11) & 1));
    if (!in.ok() || (entry_size != 0 && count > in.remaining() / entry_size))
        return fail(ErrorCode::bad_media, "trun: count exceeds box", trun.offset);
    if (count > fragment.most_samples - out.size())
        return fail(ErrorCode::bad_media, "trun: over 2^20 samples in a fragment", trun.offset);
    for (std::uint32_t i = 0; i < count; ++i) {
        Sample sample;
        sample.duration = (flags & 0x100) != 0 ? in.u32() : fragment.defaults.duration;
        sample.size = (flags & 0x200) != 0 ? in.u32() : fragment.defaults.size;
        std::uint32_t sample_flags = (flags & 0x400) != 0 ? in.u32() : fragment.defaults.flags;
        if (i == 0 && has_first_flags) sample_flags = first_flags;
        if ((flags & 0x800) != 0) sample.composition_offset = in.i32();
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

Result<void> read_track_fragment(const Box& traf, TrackFragment& fragment, std::vector<Sample>& out) {
    const auto tfdt = require_box(traf, fourcc("tfdt"), "traf: tfdt is missing");
    if (!tfdt) return std::unexpected(tfdt.error());
    ByteReader in(tfdt->payload);
    const bool wide = read_full_box_head(in).version == 1;
    const std::uint64_t time = wide ? in.u64() : in.u32();
    constexpr std::uint64_t kLatest = std::uint64_t{1} << 56;
    if (!in.ok() || time > kLatest)
        return fail(ErrorCode::bad_media, "tfdt: time is out of range", tfdt->offset);
    fragment.time = static_cast<std::int64_t>(time) + fragment.defaults.shift;
    BoxIterator children(traf);
    for (;;) {
        const auto box = children.next();
        if (!box) return std::unexpected(box.error());
        if (!*box) return {};
        if ((*box)->type != fourcc("trun")) continue;
        if (auto done = read_run(**box, fragment, out); !done) return done;
    }
}

}  // namespace

Result<void> read_fragment(const Box& moof, const FragmentDefaults& defaults, std::uint64_t file_size,
                           std::vector<Sample>& out) {
    const std::size_t most_samples = out.size() + kMostSamples;
    BoxIterator children(moof);
    for (;;) {
        const auto traf = children.next();
        if (!traf) return std::unexpected(traf.error());
        if (!*traf) return {};
        if ((*traf)->type != fourcc("traf")) continue;
        const auto tfhd = require_box(**traf, fourcc("tfhd"), "traf: tfhd is missing");
        if (!tfhd) return std::unexpected(tfhd.error());
        ByteReader in(tfhd->payload);
        in.skip(4);
        if (in.u32() != defaults.track_id) continue;
        TrackFragment fragment{.defaults = defaults, .file_size = file_size, .most_samples = most_samples};
        if (auto done = read_header(*tfhd, moof.offset, fragment); !done) return done;
        if (auto done = read_track_fragment(**traf, fragment, out); !done) return done;
    }
}

}  // namespace mezz::media
