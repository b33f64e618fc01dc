#include "media/index_builder.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "core/rescale.hpp"
#include "media/index_block.hpp"
#include "media/piece_cutter.hpp"
#include "media/sample_source.hpp"
#include "media/text_draft.hpp"

namespace mezz::media {
namespace {

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
    PieceCollector(const MovieTrack& track, PieceCost& cost, TrackDraft& draft) noexcept
        : track_(track), cost_(cost), draft_(draft) {}

    Result<void> begin(std::int64_t time) {
        if (auto done = finish(time); !done) return done;
        begin_ = time;
        open_ = true;
        cost_.begin(track_);
        return {};
    }
    Result<void> add(const Sample& sample) {
        const std::int64_t end = sample.dts + sample.composition_offset + sample.duration;
        end_ = std::max(end_, end);
        bytes_ += sample.size;
        cost_.add(sample);
        note(sample);
        if (bytes_ > UINT32_MAX) return fail(ErrorCode::unsupported, "stsz: 4 GiB between two sync samples");
        return {};
    }
    Result<void> end() {
        if (auto done = finish(end_); !done) return done;
        note_uneven_pieces();
        draft_.record.has_offsets = offsets_ * 2 > draft_.pieces.size();
        return {};
    }

    /// A piece has begun.
    [[nodiscard]] bool open() const noexcept { return open_; }

private:
    Result<void> finish(std::int64_t time) {
        if (!open_) return {};
        if (time < begin_) return fail(ErrorCode::bad_media, "ctts: sync samples are out of order");
        if (time - begin_ > UINT32_MAX)
            return fail(ErrorCode::unsupported, "stts: sync samples are too far apart");
        constexpr std::size_t kMostPieces = 1U << 20;  // six days
        if (draft_.pieces.size() == kMostPieces)
            return fail(ErrorCode::too_large, "stts: over 2^20 half seconds with a sync sample");
        append_piece(draft_, begin_,
                     {static_cast<std::uint32_t>(time - begin_), static_cast<std::uint32_t>(bytes_),
                      cost_.total().main, cost_.total().side});
        bytes_ = 0;
        durations_.push_back(duration_.value_or(0));
        duration_.reset();
        offsets_ += has_offsets_ ? 1 : 0;
        has_offsets_ = false;
        return {};
    }

    void note(const Sample& sample) noexcept {
        TrackRecord& record = draft_.record;
        record.lowest_offset = std::min(record.lowest_offset, sample.composition_offset);
        const std::int64_t delay = record.kind == TrackKind::video ? record.priming : 0;
        has_offsets_ = has_offsets_ || sample.composition_offset != delay;
        if (duration_.value_or(sample.duration) != sample.duration)
            duration_ = kMixed;
        else
            duration_ = sample.duration;
        if (sample.duration != 0 &&
            (record.shortest_duration == 0 || sample.duration < record.shortest_duration))
            record.shortest_duration = sample.duration;
    }

    // The duration of most pieces' samples is found by a majority vote (Boyer and Moore).
    void note_uneven_pieces() {
        std::uint32_t usual = kMixed;
        std::uint32_t votes = 0;
        for (const std::uint32_t duration : durations_) {
            if (votes == 0) usual = duration;
            duration == usual ? ++votes : --votes;
        }
        for (std::uint32_t i = 0; i < durations_.size(); ++i)
            if (durations_[i] == kMixed || durations_[i] != usual) draft_.uneven_pieces.push_back(i);
    }

    static constexpr std::uint32_t kMixed = UINT32_MAX;

    const MovieTrack& track_;
    PieceCost& cost_;
    TrackDraft& draft_;
    std::size_t offsets_ = 0;  // pieces with composition offsets
    bool has_offsets_ = false;
    std::vector<std::uint32_t> durations_;   // of the samples of each piece, or kMixed
    std::optional<std::uint32_t> duration_;  // of those of this piece so far
    std::int64_t begin_ = 0;
    std::int64_t end_ = std::numeric_limits<std::int64_t>::min();
    std::uint64_t bytes_ = 0;
    bool open_ = false;
};

Error located(Error error, std::uint64_t offset) noexcept {
    if (error.offset == kNoOffset) error.offset = offset;
    return error;
}

// Notes the usual duration of samples: what all have but, perhaps, the last; 0 if they differ.
void note_duration(const Sample& sample, bool last, std::optional<std::uint32_t>& usual) noexcept {
    if (!last) usual = usual.value_or(sample.duration) == sample.duration ? sample.duration : 0;
}

Result<void> collect_pieces(SampleSource& source, PieceCutter& cutter, PieceCost& cost,
                            const MovieTrack& track, TrackDraft& draft) {
    PieceCollector collector(track, cost, draft);
    std::optional<std::uint32_t> usual;
    while (!source.at_end()) {
        const auto sample = source.next();
        if (!sample) return std::unexpected(sample.error());
        if (auto ok = check_composition(*sample, track); !ok) return ok;
        if (cutter.begins_piece(*sample)) {
            if (auto ok = collector.begin(sample->dts + sample->composition_offset); !ok) return ok;
            source.mark(draft, false);
            if (cutter.is_open())
                draft.open_pieces.push_back(static_cast<std::uint32_t>(draft.pieces.size()));
            if (track.kind == TrackKind::video) draft.key_sizes.push_back(sample->size);
        }
        if (!collector.open()) continue;  // nothing can be decoded before the first sync sample
        ++draft.record.sample_count;
        note_duration(*sample, source.at_end(), usual);
        if (auto ok = collector.add(*sample); !ok) return ok;
    }
    if (!collector.open()) return fail(ErrorCode::bad_media, "stss: no sync sample");
    draft.record.default_duration = usual.value_or(0);
    source.mark(draft, true);
    return collector.end();
}

// Cut times for a file without video: one a second.
CutTimes every_second(std::uint64_t seconds) {
    constexpr std::uint64_t kMost = 1U << 20;
    CutTimes cuts{.timescale = 1, .times = {}};
    for (std::uint64_t s = 1; s <= std::min(seconds, kMost); ++s)
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

std::uint64_t table_seconds(const MovieTrack& track) noexcept {
    std::uint64_t ticks = 0;
    ByteReader in(track.tables.time_to_sample.entries);
    while (in.remaining() >= 8) {
        const std::uint64_t count = in.u32();
        ticks += count * in.u32();
    }
    return (ticks + static_cast<std::uint64_t>(std::max<std::int64_t>(track.edit_shift, 0))) /
           track.timescale;
}

std::uint64_t scanned_seconds(const MovieTrack& track, const ScannedTrack& scanned) noexcept {
    if (scanned.samples.empty()) return 0;
    const Sample& last = scanned.samples.back();
    return static_cast<std::uint64_t>(std::max<std::int64_t>(last.dts + last.duration, 0)) / track.timescale;
}

// The first sample of a track, edit list applied.
struct FirstSample {
    std::int64_t dts = 0;
    std::int64_t composition_offset = 0;
};

std::int64_t first_table_offset(const MovieTrack& track) noexcept {
    ByteReader in(track.tables.composition_offsets.entries);
    in.skip(4);
    return in.i32();
}

// A time by which all tracks of a file are moved.
struct Shift {
    std::int64_t ticks = 0;
    std::uint32_t timescale = 1;
};

// An edit list that begins between key frames hides pictures that a player must decode, and players that
// cannot hide them would drop the key frame with them: the title begins with the last key frame before, and
// its audio as much earlier.
Shift uncovering(const MovieTrack& track, SampleSource& source) {
    if (track.kind != TrackKind::video || !track.has_edit_list || track.edit_shift >= 0) return {};
    std::int64_t key_frame = 0;
    while (!source.at_end()) {
        const auto sample = source.next();
        if (!sample || sample->dts > 0) break;
        const std::int64_t shown = sample->dts + sample->composition_offset;
        if (sample->sync && shown <= 0) key_frame = shown;
    }
    return {-key_frame, track.timescale};
}

// Of each sync sample, whether pictures after it are shown before it. In H.264 that is no IDR picture but one
// after which the group of pictures before is still needed (ITU-T H.264 §7.4.1.2.4), in HEVC most likely so
// (a CRA picture with its RASL pictures, ITU-T H.265 §3.28). What precedes the title's first is not missed.
std::vector<bool> find_open(const MovieTrack& track, SampleSource& source) {
    std::vector<bool> open;
    if (track.kind != TrackKind::video || (track.codec != Codec::h264 && track.codec != Codec::hevc))
        return open;
    std::int64_t shown = 0;
    while (!source.at_end()) {
        const auto sample = source.next();
        if (!sample) break;
        const std::int64_t time = sample->dts + sample->composition_offset;
        if (sample->sync) {
            open.push_back(false);
            shown = time;
        } else if (open.size() > 1 && time < shown) {
            open.back() = true;
        }
    }
    return open;
}

// A writer that leaves the edit list out still delays the pictures by their reordering: as players do, we let
// the first picture begin at 0, together with the audio.
MovieTrack begun_at_zero(const MovieTrack& track, const FirstSample& first, const Shift& shift) {
    MovieTrack moved = track;
    moved.edit_shift += rescale(shift.ticks, track.timescale, shift.timescale);
    const bool delayed = first.dts == 0 && first.composition_offset > 0;
    if (!track.has_edit_list && track.kind == TrackKind::video && delayed)
        moved.edit_shift -= first.composition_offset;
    return moved;
}

// Text belongs to the pictures and is moved with them.
MovieTrack moved_with(const MovieTrack& text, const Shift& pictures) {
    MovieTrack moved = text;
    moved.edit_shift += rescale(pictures.ticks, text.timescale, pictures.timescale);
    return moved;
}

// Video first: audio is cut where the first video is.
class IndexBuilder {
public:
    IndexBuilder(const Movie& movie, std::uint64_t file_size, PieceCost& cost) noexcept
        : movie_(movie), file_size_(file_size), cost_(cost) {
        texts_.broken = movie.broken_texts;
    }

    /// `open` as find_open() gives it.
    Result<void> add(const MovieTrack& track, SampleSource& source, const std::vector<bool>& open,
                     std::uint64_t seconds, Layout layout) {
        TrackDraft draft = draft_track(track);
        draft.record.layout = layout;
        if (track.kind == TrackKind::audio) cut_sound(seconds);
        const auto done = track.kind == TrackKind::video ? collect_video(track, source, open, draft)
                                                         : collect_audio(track, source, draft);
        if (!done) return std::unexpected(located(done.error(), track.tables.time_to_sample.offset));
        if (!cuts_) {
            cuts_ = cut_times(draft);
            pictures_end_ = draft.record.end;
        }
        drafts_.push_back(std::move(draft));
        return {};
    }

    void add_text(const MovieTrack& track, SampleSource& source, Layout layout) {
        auto draft = draft_text(track, source, layout);
        if (draft)
            texts_.tracks.push_back(std::move(*draft));
        else
            ++texts_.broken;
    }

    Result<std::vector<std::byte>> write(std::span<const MoofRef> moofs) {
        if (drafts_.empty() && texts_.tracks.empty())
            return fail(ErrorCode::unsupported, "moov: no track in a codec that can be packaged",
                        movie_.offset);
        return write_index(drafts_, file_size_, moofs, movie_.default_sizes, std::move(texts_));
    }

private:
    // Sound that goes on when there are no more pictures is cut where they end, and then each second.
    void cut_sound(std::uint64_t seconds) {
        if (!cuts_) cuts_ = every_second(seconds);
        if (!pictures_end_) return;
        constexpr std::uint64_t kMost = 1U << 20;
        const std::int64_t second = cuts_->timescale;
        const std::int64_t end = static_cast<std::int64_t>(std::min(seconds, kMost)) * second;
        while (*pictures_end_ + second <= end) {
            cuts_->times.push_back(*pictures_end_);
            *pictures_end_ += second;
        }
    }

    Result<void> collect_video(const MovieTrack& track, SampleSource& source, const std::vector<bool>& open,
                               TrackDraft& draft) {
        SyncCutter cutter(track.timescale, open);
        return collect_pieces(source, cutter, cost_, track, draft);
    }
    Result<void> collect_audio(const MovieTrack& track, SampleSource& source, TrackDraft& draft) {
        FollowingCutter cutter(*cuts_, track.timescale);
        return collect_pieces(source, cutter, cost_, track, draft);
    }

    const Movie& movie_;
    std::uint64_t file_size_;
    PieceCost& cost_;
    std::vector<TrackDraft> drafts_;
    TextDrafts texts_;
    std::optional<CutTimes> cuts_;
    std::optional<std::int64_t> pictures_end_;  // where sound is to be cut next, ticks of cuts_
};

FirstFragment cost_of(std::span<const Sample> samples, const MovieTrack& track, PieceCost& cost) {
    FirstFragment first{
        .samples = static_cast<std::uint32_t>(samples.size()), .bytes = 0, .cost = 0, .side = 0};
    cost.begin(track);
    for (const Sample& sample : samples) {
        cost.add(sample);
        first.bytes += sample.size;
    }
    first.cost = cost.total().main;
    first.side = cost.total().side;
    return first;
}

// What the first fragment tells of all. Others may reorder more pictures; the SPS knows how many.
void describe_samples(std::span<const Sample> samples, const MovieTrack& track, TrackRecord& record) {
    for (const Sample& sample : samples) {
        if (sample.duration == 0) continue;
        if (record.shortest_duration == 0 || sample.duration < record.shortest_duration)
            record.shortest_duration = sample.duration;
        record.lowest_offset = std::min(record.lowest_offset, sample.composition_offset);
    }
    if (record.default_duration == 0 && !samples.empty()) record.default_duration = samples.front().duration;
    // Only where the first picture is shown when it is decoded: else its offset holds the delay already.
    if (samples.empty() || samples.front().composition_offset != 0 || record.default_duration > INT16_MAX)
        return;
    const auto reordered = track.details.reordered_pictures;
    constexpr std::uint32_t kMost = 16;
    if (!reordered || *reordered > kMost) return;
    const auto frame = static_cast<std::int32_t>(record.default_duration);
    record.lowest_offset = std::min(record.lowest_offset, -static_cast<std::int32_t>(*reordered) * frame);
}

}  // namespace

Result<std::vector<std::byte>> build_index(const Movie& movie, std::uint64_t file_size, PieceCost& cost) {
    IndexBuilder builder(movie, file_size, cost);
    Shift shift;
    std::optional<Shift> pictures;  // by how much the first track is moved
    for (const TrackKind kind : {TrackKind::video, TrackKind::audio}) {
        for (const MovieTrack& track : movie.tracks) {
            if (track.kind != kind || track.tables.format.sample_count == 0) continue;
            const FirstSample first{track.edit_shift, first_table_offset(track)};
            TableSource beginning(track, file_size);
            if (shift.ticks == 0) shift = uncovering(track, beginning);
            const MovieTrack moved = begun_at_zero(track, first, shift);
            if (!pictures) pictures = {moved.edit_shift - track.edit_shift, track.timescale};
            TableSource source(moved, file_size);
            TableSource whole(moved, file_size);
            const bool reordered = track.tables.composition_offsets.count > 0;
            const auto open = reordered ? find_open(moved, whole) : std::vector<bool>();
            const std::uint64_t seconds = table_seconds(track);
            if (auto ok = builder.add(moved, source, open, seconds, Layout::sample_tables); !ok)
                return std::unexpected(ok.error());
        }
    }
    for (const MovieTrack& track : movie.texts) {
        if (track.tables.format.sample_count == 0) continue;
        const MovieTrack moved = moved_with(track, pictures.value_or(shift));
        TableSource source(moved, file_size);
        builder.add_text(moved, source, Layout::sample_tables);
    }
    return builder.write({});
}

Result<std::vector<std::byte>> build_index(const Movie& movie, const ScannedFile& file,
                                           std::uint64_t file_size, PieceCost& cost) {
    IndexBuilder builder(movie, file_size, cost);
    Shift shift;
    std::optional<Shift> pictures;  // by how much the first track is moved
    for (const TrackKind kind : {TrackKind::video, TrackKind::audio}) {
        for (std::size_t i = 0; i < movie.tracks.size(); ++i) {
            const MovieTrack& track = movie.tracks[i];
            const ScannedTrack& scanned = file.tracks[i];
            const bool in_tables = track.tables.format.sample_count != 0;
            if (track.kind != kind || (scanned.samples.empty() && !in_tables)) continue;
            const FirstSample first = in_tables ? FirstSample{track.edit_shift, first_table_offset(track)}
                                                : FirstSample{scanned.samples.front().dts,
                                                              scanned.samples.front().composition_offset};
            ScannedSource beginning(track, file_size, scanned, 0);
            if (shift.ticks == 0) shift = uncovering(track, beginning);
            const MovieTrack moved = begun_at_zero(track, first, shift);
            if (!pictures) pictures = {moved.edit_shift - track.edit_shift, track.timescale};
            const std::int64_t moved_by = moved.edit_shift - track.edit_shift;
            ScannedSource source(moved, file_size, scanned, moved_by);
            ScannedSource whole(moved, file_size, scanned, moved_by);
            const auto open = find_open(moved, whole);
            const std::uint64_t seconds = std::max(table_seconds(track), scanned_seconds(track, scanned));
            if (auto ok = builder.add(moved, source, open, seconds, Layout::scanned); !ok)
                return std::unexpected(ok.error());
        }
    }
    for (std::size_t i = 0; i < movie.texts.size(); ++i) {
        const MovieTrack& track = movie.texts[i];
        if (file.texts[i].samples.empty() && track.tables.format.sample_count == 0) continue;
        const MovieTrack moved = moved_with(track, pictures.value_or(shift));
        ScannedSource source(moved, file_size, file.texts[i], moved.edit_shift - track.edit_shift);
        builder.add_text(moved, source, Layout::scanned);
    }
    return builder.write(file.moofs);
}

Result<std::vector<std::byte>> build_index(const Movie& movie, const FragmentedFile& file,
                                           std::uint64_t file_size, PieceCost& cost) {
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
    // A header of the file's own would announce the parameter sets elsewhere than they are.
    draft.record.init_bytes = track.relabelled ? 0 : file.init_bytes;
    std::int64_t time = file.index.earliest_time + track.edit_shift;
    std::uint64_t ticks = 0;
    for (const Subsegment& part : file.index.subsegments) {
        if (part.open) draft.open_pieces.push_back(static_cast<std::uint32_t>(draft.pieces.size()));
        append_piece(draft, time, {part.duration, part.bytes, part.head, 0});
        time += part.duration;
        ticks += part.duration;
    }
    if (!file.first_fragment.empty() && file.index.subsegments.front().duration != 0) {
        constexpr double kMost = 1ULL << 40;
        const double count = static_cast<double>(ticks) / file.index.subsegments.front().duration *
                             static_cast<double>(file.first_fragment.size());
        draft.record.sample_count = static_cast<std::uint64_t>(std::min(count, kMost));
    }
    describe_samples(file.first_fragment, track, draft.record);
    draft.record.first_fragment = cost_of(file.first_fragment, track, cost);
    return write_index(drafts, file_size, {}, movie.default_sizes);
}

}  // namespace mezz::media
