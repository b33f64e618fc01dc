#include "media/index_builder.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "core/rescale.hpp"
#include "media/index_block.hpp"
#include "media/sample_cursor.hpp"

namespace mezz::media {
namespace {

// Where tracks without sync points of their own may be cut: a track's presentation times, in its ticks.
struct CutTimes {
    std::uint32_t timescale = 0;
    std::vector<std::int64_t> times;
};

TableSlice whole(const Table& table) noexcept {
    return {table.entries, 0};
}

TableSlices whole_tables(const SampleTables& tables) noexcept {
    return {whole(tables.time_to_sample),  whole(tables.composition_offsets), whole(tables.sample_sizes),
            whole(tables.sample_to_chunk), whole(tables.chunk_offsets),       whole(tables.sync_samples)};
}

// Decides which samples begin a piece.
class Cutter {
public:
    virtual bool begins_piece(const Sample& sample) = 0;

protected:
    ~Cutter() = default;
};

// At sync samples, the first of each half second of presentation time, so that aligned renditions agree.
class SyncCutter final : public Cutter {
public:
    explicit SyncCutter(std::uint32_t timescale) noexcept : timescale_(timescale) {}
    bool begins_piece(const Sample& sample) override {
        if (!sample.sync) return false;
        const std::int64_t slot =
            rescale(sample.dts + sample.composition_offset, 1000, timescale_) / kPieceSpacingMs;
        if (slot_ && slot <= *slot_) return false;
        slot_ = slot;
        return true;
    }

private:
    std::uint32_t timescale_;
    std::optional<std::int64_t> slot_;
};

// At the sample nearest to each of the video's cuts.
class FollowingCutter final : public Cutter {
public:
    FollowingCutter(const CutTimes& cuts, std::uint32_t timescale) noexcept
        : cuts_(cuts), timescale_(timescale) {}
    bool begins_piece(const Sample& sample) override {
        bool cut = first_;
        first_ = false;
        const std::int64_t middle = sample.dts + sample.composition_offset + (sample.duration + 1) / 2;
        while (next_ < cuts_.times.size() &&
               rescale(cuts_.times[next_], timescale_, cuts_.timescale) < middle) {
            cut = true;
            ++next_;
        }
        return cut;
    }

private:
    const CutTimes& cuts_;
    std::uint32_t timescale_;
    std::size_t next_ = 0;
    bool first_ = true;
};

Result<void> check_composition(const Sample& sample, const MovieTrack& track) {
    constexpr std::int64_t kMostSeconds = 60;
    const std::int64_t limit = kMostSeconds * track.timescale;
    if (sample.composition_offset > limit || sample.composition_offset < -limit)
        return fail(ErrorCode::bad_media, "ctts: composition offset exceeds a minute");
    return {};
}

// Collects one piece after the other while the samples pass by.
class PieceCollector {
public:
    explicit PieceCollector(TrackDraft& draft) noexcept : draft_(draft) {}

    Result<void> begin(std::int64_t time, const SamplePosition& position) {
        if (auto done = finish(time); !done) return done;
        begin_ = time;
        open_ = true;
        draft_.positions.push_back(position);
        return {};
    }
    Result<void> add(const Sample& sample, std::uint32_t cost) {
        const std::int64_t end = sample.dts + sample.composition_offset + sample.duration;
        end_ = std::max(end_, end);
        bytes_ += sample.size;
        extra_ += cost;
        if (bytes_ > UINT32_MAX) return fail(ErrorCode::unsupported, "stsz: 4 GiB between two sync samples");
        return {};
    }
    Result<void> end(const SamplePosition& position) {
        if (auto done = finish(end_); !done) return done;
        draft_.positions.push_back(position);
        return {};
    }

private:
    Result<void> finish(std::int64_t time) {
        if (!open_) return {};
        if (time < begin_) return fail(ErrorCode::bad_media, "ctts: sync samples are out of order");
        if (time - begin_ > UINT32_MAX)
            return fail(ErrorCode::unsupported, "stts: sync samples are too far apart");
        append_piece(draft_, begin_,
                     {static_cast<std::uint32_t>(time - begin_), static_cast<std::uint32_t>(bytes_), extra_});
        bytes_ = 0;
        extra_ = 0;
        return {};
    }

    TrackDraft& draft_;
    std::int64_t begin_ = 0;
    std::int64_t end_ = std::numeric_limits<std::int64_t>::min();
    std::uint64_t bytes_ = 0;
    std::uint32_t extra_ = 0;
    bool open_ = false;
};

Error at_tables(Error error, const MovieTrack& track) noexcept {
    if (error.offset == kNoOffset) error.offset = track.tables.time_to_sample.offset;
    return error;
}

Result<TrackDraft> index_track(const MovieTrack& track, std::uint64_t file_size, Cutter& cutter,
                               SampleCost cost) {
    TrackDraft draft = draft_track(track);
    SampleCursor cursor(track.tables.format, whole_tables(track.tables), {}, track.edit_shift, file_size);
    PieceCollector collector(draft);
    std::optional<std::uint32_t> usual;
    bool started = false;
    while (!cursor.at_end()) {
        const SamplePosition position = cursor.position();
        const auto sample = cursor.next();
        if (!sample) return std::unexpected(at_tables(sample.error(), track));
        if (auto ok = check_composition(*sample, track); !ok)
            return std::unexpected(at_tables(ok.error(), track));
        if (cutter.begins_piece(*sample)) {
            started = true;
            auto ok = collector.begin(sample->dts + sample->composition_offset, position);
            if (!ok) return std::unexpected(at_tables(ok.error(), track));
        }
        if (!started) continue;  // nothing can be decoded before the first sync sample
        ++draft.record.sample_count;
        if (!cursor.at_end())
            usual = usual.value_or(sample->duration) == sample->duration ? sample->duration : 0;
        auto ok = collector.add(*sample, cost(track, *sample));
        if (!ok) return std::unexpected(at_tables(ok.error(), track));
    }
    if (!started)
        return fail(ErrorCode::bad_media, "stss: no sync sample", track.tables.time_to_sample.offset);
    if (auto ok = collector.end(cursor.position()); !ok) return std::unexpected(at_tables(ok.error(), track));
    draft.record.default_duration = usual.value_or(0);
    return draft;
}

bool is_kind(const MovieTrack& track, TrackKind kind) noexcept {
    return track.kind == kind && track.tables.format.sample_count != 0;
}

// Cut times for a file without video: one a second.
CutTimes every_second(const MovieTrack& track) {
    std::uint64_t ticks = 0;
    ByteReader in(track.tables.time_to_sample.entries);
    while (in.remaining() >= 8) {
        const std::uint64_t count = in.u32();
        ticks += count * in.u32();
    }
    CutTimes cuts{.timescale = 1, .times = {}};
    const std::uint64_t seconds =
        std::min<std::uint64_t>(ticks / track.timescale, track.tables.format.sample_count);
    for (std::uint64_t s = 1; s <= seconds; ++s)
        cuts.times.push_back(static_cast<std::int64_t>(s));
    return cuts;
}

// Cut times from video: every sync point but the first, before which the audio may begin.
CutTimes cut_times(const TrackDraft& draft) {
    CutTimes cuts{.timescale = draft.record.timescale, .times = {}};
    std::int64_t time = draft.blocks.front().time;
    for (const Piece& piece : draft.pieces) {
        time += piece.duration;
        cuts.times.push_back(time);
    }
    cuts.times.pop_back();
    return cuts;
}

}  // namespace

Result<std::vector<std::byte>> build_index(const Movie& movie, std::uint64_t file_size, SampleCost cost) {
    std::vector<TrackDraft> drafts;
    std::optional<CutTimes> cuts;
    for (const MovieTrack& track : movie.tracks) {
        if (!is_kind(track, TrackKind::video)) continue;
        SyncCutter cutter(track.timescale);
        auto draft = index_track(track, file_size, cutter, cost);
        if (!draft) return std::unexpected(draft.error());
        if (!cuts) cuts = cut_times(*draft);
        drafts.push_back(std::move(*draft));
    }
    for (const MovieTrack& track : movie.tracks) {
        if (!is_kind(track, TrackKind::audio)) continue;
        if (!cuts) cuts = every_second(track);
        FollowingCutter cutter(*cuts, track.timescale);
        auto draft = index_track(track, file_size, cutter, cost);
        if (!draft) return std::unexpected(draft.error());
        drafts.push_back(std::move(*draft));
    }
    if (drafts.empty()) return fail(ErrorCode::unsupported, "moov: no track in a codec that can be packaged");
    return write_index(drafts, file_size);
}

Result<std::vector<std::byte>> build_index(const Movie& movie, const FragmentedFile& file,
                                           std::uint64_t file_size) {
    if (movie.tracks.empty())
        return fail(ErrorCode::unsupported, "moov: no track in a codec that can be packaged");
    if (movie.tracks.size() > 1) return fail(ErrorCode::unsupported, "moov: several tracks in fragments");
    const MovieTrack& track = movie.tracks.front();
    if (file.index.timescale != track.timescale)
        return fail(ErrorCode::unsupported, "sidx: timescale differs from mdhd");
    if (file.index.subsegments.empty()) return fail(ErrorCode::bad_media, "sidx: no subsegment");
    std::vector<TrackDraft> drafts(1, draft_track(track));
    TrackDraft& draft = drafts.front();
    draft.record.layout = Layout::fragments;
    draft.record.first_byte = file.index.first_byte;
    draft.record.init_bytes = file.init_bytes;
    std::int64_t time = file.index.earliest_time + track.edit_shift;
    std::uint64_t ticks = 0;
    for (const Subsegment& part : file.index.subsegments) {
        append_piece(draft, time, {part.duration, part.bytes, part.head});
        time += part.duration;
        ticks += part.duration;
    }
    if (!file.first_fragment.empty() && file.index.subsegments.front().duration != 0)
        draft.record.sample_count =
            static_cast<std::uint64_t>(static_cast<double>(ticks) / file.index.subsegments.front().duration *
                                       static_cast<double>(file.first_fragment.size()));
    if (draft.record.default_duration == 0 && !file.first_fragment.empty())
        draft.record.default_duration = file.first_fragment.front().duration;
    return write_index(drafts, file_size);
}

}  // namespace mezz::media
