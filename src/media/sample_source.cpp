#include "media/sample_source.hpp"

namespace mezz::media {
namespace {

TableSlice whole(const Table& table) noexcept {
    return {table.entries, 0};
}

TableSlices whole_tables(const SampleTables& tables) noexcept {
    return {whole(tables.time_to_sample),  whole(tables.composition_offsets), whole(tables.sample_sizes),
            whole(tables.sample_to_chunk), whole(tables.chunk_offsets),       whole(tables.sync_samples)};
}

}  // namespace

TableSource::TableSource(const MovieTrack& track, std::uint64_t file_size) noexcept
    : cursor_(track.tables.format, whole_tables(track.tables), {}, track.edit_shift, file_size),
      tables_offset_(track.tables.time_to_sample.offset) {}

Result<Sample> TableSource::next() {
    last_ = cursor_.position();
    const auto sample = cursor_.next();
    if (!sample) return fail(sample.error().code, sample.error().text, tables_offset_);
    return sample;
}

void TableSource::mark(TrackDraft& draft, bool end) const {
    draft.positions.push_back(end ? cursor_.position() : last_);
}

Result<Sample> ScannedSource::next() {
    if (!tables_.at_end()) return tables_.next();
    while (moof_ + 1 < track_.moof_starts.size() && track_.moof_starts[moof_ + 1] <= next_)
        ++moof_;
    Sample sample = track_.samples[next_++];
    sample.dts += shift_;
    return sample;
}

void ScannedSource::mark(TrackDraft& draft, bool end) const {
    const auto before = static_cast<std::uint32_t>(table_samples_ + next_);
    if (end) {
        if (table_samples_ > 0) tables_.mark(draft, true);
        draft.fragment_positions.push_back({static_cast<std::uint32_t>(moof_ + 1), 0, before});
        return;
    }
    if (next_ == 0) {
        tables_.mark(draft, false);
        draft.fragment_positions.push_back({0, 0, draft.positions.back().sample});
        return;
    }
    const auto number = static_cast<std::uint32_t>(next_ - 1);
    draft.fragment_positions.push_back(
        {static_cast<std::uint32_t>(moof_), number - track_.moof_starts[moof_], before - 1});
}

}  // namespace mezz::media
