#include "package/progressive.hpp"

#include <algorithm>
#include <optional>

#include "core/rescale.hpp"
#include "media/box.hpp"
#include "package/box_writer.hpp"
#include "package/fmp4.hpp"

namespace mezz::package {
namespace {

using media::Box;
using media::fourcc;

constexpr std::uint64_t kMost32 = UINT32_MAX;

// What a movie takes over from the track's init segment.
struct TrackHead {
    Bytes header;      // payload of tkhd
    Bytes media;       // payload of mdhd
    Bytes handler;     // whole boxes from here on
    Bytes media_head;  // vmhd or smhd
    Bytes data;        // dinf
    Bytes entries;     // stsd
};

Bytes whole(Bytes file, const Box& box) noexcept {
    return file.subspan(static_cast<std::size_t>(box.offset), box.header_size + box.payload.size());
}

Result<Box> child(Bytes init, std::initializer_list<media::FourCc> path) {
    Box box{0, 0, 0, init};
    for (const media::FourCc type : path) {
        const auto next = media::require_box(box, type, "download: the init segment lacks a box");
        if (!next) return fail(ErrorCode::internal, next.error().text);
        box = *next;
    }
    return box;
}

Result<TrackHead> read_head(Bytes init, media::TrackKind kind) {
    constexpr auto kMoov = fourcc("moov"), kTrak = fourcc("trak"), kMdia = fourcc("mdia"),
                   kMinf = fourcc("minf");
    const auto kMediaHead = kind == media::TrackKind::video ? fourcc("vmhd") : fourcc("smhd");
    const auto tkhd = child(init, {kMoov, kTrak, fourcc("tkhd")});
    const auto mdhd = child(init, {kMoov, kTrak, kMdia, fourcc("mdhd")});
    const auto hdlr = child(init, {kMoov, kTrak, kMdia, fourcc("hdlr")});
    const auto head = child(init, {kMoov, kTrak, kMdia, kMinf, kMediaHead});
    const auto dinf = child(init, {kMoov, kTrak, kMdia, kMinf, fourcc("dinf")});
    const auto stsd = child(init, {kMoov, kTrak, kMdia, kMinf, fourcc("stbl"), fourcc("stsd")});
    for (const auto* box : {&tkhd, &mdhd, &hdlr, &head, &dinf, &stsd})
        if (!*box) return std::unexpected(box->error());
    if (tkhd->payload.size() != 84 || mdhd->payload.size() != 24)
        return fail(ErrorCode::internal, "download: the init segment has other headers");
    return TrackHead{tkhd->payload,      mdhd->payload,      whole(init, *hdlr),
                     whole(init, *head), whole(init, *dinf), whole(init, *stsd)};
}

std::uint64_t rescale_up(std::int64_t value, std::uint32_t to, std::uint32_t from) noexcept {
    const std::int64_t nearest = rescale(value, to, from);
    const bool short_of = rescale(nearest, from, to) < value;
    return static_cast<std::uint64_t>(std::max<std::int64_t>(nearest + (short_of ? 1 : 0), 0));
}

// Times that may need 64 bits.
void write_time(ByteWriter& out, bool wide, std::uint64_t ticks) {
    if (wide)
        out.u64(ticks);
    else
        out.u32(ticks);
}

}  // namespace

// Writes moov, whose chunk offsets are known when all of it has been written.
class ProgressiveWriter {
public:
    explicit ProgressiveWriter(std::span<ProgressiveTrack> tracks) : tracks_(tracks) {}

    Result<Progressive> run() {
        for (const ProgressiveTrack& track : tracks_) {
            payload_ += payload_of(track);
            const auto end = rescale_up(track.end_, scale(), track.track_->timescale);
            duration_ = std::max(duration_, end);
        }
        wide_offsets_ = payload_ > kMost32 - kRoomForMoov;
        ByteWriter out(result_.head);
        write_file_type(out);
        if (auto done = write_movie(out); !done) return std::unexpected(done.error());
        write_media_header(out);
        if (out.size() > kRoomForMoov) return fail(ErrorCode::too_large, "download: moov over 1 GiB");
        result_.size = out.size() + payload_;
        place_chunks();
        return std::move(result_);
    }

private:
    static constexpr std::uint64_t kRoomForMoov = 1U << 30;

    [[nodiscard]] std::uint32_t scale() const noexcept { return tracks_.front().track_->timescale; }

    static std::uint64_t payload_of(const ProgressiveTrack& track) noexcept {
        std::uint64_t bytes = 0;
        for (const auto& chunk : track.chunks_)
            bytes += chunk.bytes;
        return bytes;
    }

    static void write_file_type(ByteWriter& out) {
        const BoxWriter ftyp(out, fourcc("ftyp"));
        out.text("isom");
        out.u32(0x200);
        for (const char* brand : {"isom", "iso2", "iso6", "mp41"})
            out.text(brand);
    }

    Result<void> write_movie(ByteWriter& out) {
        const BoxWriter moov(out, fourcc("moov"));
        write_movie_header(out);
        for (std::size_t i = 0; i < tracks_.size(); ++i)
            if (auto done = write_track(out, i); !done) return done;
        return {};
    }

    void write_movie_header(ByteWriter& out) {
        const BoxWriter mvhd(out, fourcc("mvhd"));
        const bool wide = duration_ > kMost32;
        out.u32(wide ? 1U << 24 : 0);
        out.zeros(wide ? 16 : 8);
        out.u32(scale());
        write_time(out, wide, duration_);
        out.u32(0x10000);
        out.u16(0x100);
        out.zeros(10);
        for (const std::uint32_t v : {0x10000U, 0U, 0U, 0U, 0x10000U, 0U, 0U, 0U, 0x40000000U})
            out.u32(v);
        out.zeros(24);
        out.u32(tracks_.size() + 1);
    }

    Result<void> write_track(ByteWriter& out, std::size_t number) {
        ProgressiveTrack& track = tracks_[number];
        const std::vector<std::byte> init = write_init_segment(track.track_);
        const auto head = read_head(init, track.track_->kind);
        if (!head) return std::unexpected(head.error());
        const BoxWriter trak(out, fourcc("trak"));
        {
            const BoxWriter tkhd(out, fourcc("tkhd"));
            const bool wide = duration_ > kMost32;
            out.u32(wide ? 1U << 24 | 3U : 3U);
            out.zeros(wide ? 16 : 8);
            out.u32(number + 1);
            out.u32(0);
            write_time(out, wide, rescale_up(track.end_, scale(), track.track_->timescale));
            out.bytes(head->header.subspan(24));
        }
        write_edits(out, track);
        const BoxWriter mdia(out, fourcc("mdia"));
        {
            const BoxWriter mdhd(out, fourcc("mdhd"));
            const auto ticks = static_cast<std::uint64_t>(track.media_ticks_);
            const bool wide = ticks > kMost32;
            out.u32(wide ? 1U << 24 : 0);
            out.zeros(wide ? 16 : 8);
            out.u32(track.track_->timescale);
            write_time(out, wide, ticks);
            out.bytes(head->media.subspan(20));
        }
        out.bytes(head->handler);
        const BoxWriter minf(out, fourcc("minf"));
        out.bytes(head->media_head);
        out.bytes(head->data);
        const BoxWriter stbl(out, fourcc("stbl"));
        out.bytes(head->entries);
        write_tables(out, track);
        return {};
    }

    // Media time counts from the first decode time; composition offsets are made positive, as QuickTime and
    // many others expect. The edit list leads back to the presentation's time: it skips what comes before 0,
    // or waits for a track that begins later (§8.6.6).
    void write_edits(ByteWriter& out, const ProgressiveTrack& track) {
        const std::uint32_t timescale = track.track_->timescale;
        const std::int64_t skipped = -track.lowest_offset_ - track.begin_;
        if (skipped == 0) return;
        const std::int64_t late = std::max<std::int64_t>(-skipped, 0);
        const BoxWriter edts(out, fourcc("edts"));
        const BoxWriter elst(out, fourcc("elst"));
        out.u32(1U << 24);
        out.u32(late > 0 ? 2 : 1);
        if (late > 0) {
            out.u64(static_cast<std::uint64_t>(rescale(late, scale(), timescale)));
            out.u64(~std::uint64_t{0});
            out.u32(0x10000);
        }
        out.u64(rescale_up(track.end_ - late, scale(), timescale));
        out.u64(static_cast<std::uint64_t>(std::max<std::int64_t>(skipped, 0)));
        out.u32(0x10000);
    }

    template <class Runs>
    static void write_runs(ByteWriter& out, media::FourCc type, const Runs& runs, std::int64_t shift) {
        const BoxWriter box(out, type);
        out.u32(0);
        out.u32(runs.size());
        for (const auto& run : runs) {
            out.u32(run.count);
            out.u32(static_cast<std::uint32_t>(run.value + shift));
        }
    }

    void write_tables(ByteWriter& out, const ProgressiveTrack& track) {
        write_runs(out, fourcc("stts"), track.durations_, 0);
        const auto& offsets = track.offsets_;
        if (offsets.size() > 1 || offsets.front().value - track.lowest_offset_ != 0)
            write_runs(out, fourcc("ctts"), offsets, -track.lowest_offset_);
        if (track.track_->kind == media::TrackKind::video && track.syncs_.size() != track.count_) {
            const BoxWriter stss(out, fourcc("stss"));
            out.u32(0);
            out.u32(track.syncs_.size());
            for (const std::uint32_t sample : track.syncs_)
                out.u32(sample);
        }
        write_chunk_sizes(out, track);
        {
            const BoxWriter stsz(out, fourcc("stsz"));
            out.u32(0);
            out.u32(0);
            out.u32(track.count_);
            out.bytes(track.sizes_);
        }
        const BoxWriter offsets_box(out, wide_offsets_ ? fourcc("co64") : fourcc("stco"));
        out.u32(0);
        out.u32(track.chunks_.size());
        offset_tables_.push_back(out.size());
        out.zeros(track.chunks_.size() * (wide_offsets_ ? 8 : 4));
    }

    static void write_chunk_sizes(ByteWriter& out, const ProgressiveTrack& track) {
        const BoxWriter stsc(out, fourcc("stsc"));
        out.u32(0);
        const std::size_t count_at = out.size();
        out.u32(0);
        std::uint32_t entries = 0;
        std::uint32_t before = 0;
        for (std::size_t i = 0; i < track.chunks_.size(); ++i) {
            if (track.chunks_[i].samples == before) continue;
            before = track.chunks_[i].samples;
            out.u32(i + 1);
            out.u32(before);
            out.u32(1);
            ++entries;
        }
        out.patch_u32(count_at, entries);
    }

    void write_media_header(ByteWriter& out) {
        const bool wide = payload_ + 8 > kMost32;
        out.u32(wide ? 1 : payload_ + 8);
        out.text("mdat");
        if (wide) out.u64(payload_ + 16);
    }

    void put_offset(std::size_t track, std::size_t chunk, std::uint64_t offset) {
        ByteWriter out(result_.head);
        const std::size_t at = offset_tables_[track] + chunk * (wide_offsets_ ? 8 : 4);
        if (wide_offsets_) out.patch_u32(at, static_cast<std::uint32_t>(offset >> 32));
        out.patch_u32(at + (wide_offsets_ ? 4 : 0), static_cast<std::uint32_t>(offset));
    }

    // In order of decode time; of two at one time, that of the earlier track first.
    void place_chunks() {
        struct Cursor {
            std::size_t chunk = 0;
            std::size_t span = 0;
        };
        std::vector<Cursor> cursors(tracks_.size());
        std::uint64_t offset = result_.head.size();
        for (;;) {
            std::optional<std::size_t> next;
            std::int64_t earliest = 0;
            for (std::size_t i = 0; i < tracks_.size(); ++i) {
                if (cursors[i].chunk == tracks_[i].chunks_.size()) continue;
                const std::int64_t time =
                    rescale(tracks_[i].chunks_[cursors[i].chunk].time, 1000000, tracks_[i].track_->timescale);
                if (next && time >= earliest) continue;
                next = i;
                earliest = time;
            }
            if (!next) return;
            Cursor& cursor = cursors[*next];
            const ProgressiveTrack& track = tracks_[*next];
            const auto& chunk = track.chunks_[cursor.chunk];
            put_offset(*next, cursor.chunk, offset);
            const auto first = track.spans_.begin() + static_cast<std::ptrdiff_t>(cursor.span);
            result_.spans.insert(result_.spans.end(), first, first + chunk.spans);
            offset += chunk.bytes;
            ++cursor.chunk;
            cursor.span += chunk.spans;
        }
    }

    std::span<ProgressiveTrack> tracks_;
    Progressive result_;
    std::uint64_t payload_ = 0;
    std::uint64_t duration_ = 0;
    std::vector<std::size_t> offset_tables_;
    bool wide_offsets_ = false;
};

Result<Progressive> write_progressive(std::span<ProgressiveTrack> tracks) {
    return ProgressiveWriter(tracks).run();
}

}  // namespace mezz::package
