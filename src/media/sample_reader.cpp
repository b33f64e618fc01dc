#include "media/sample_reader.hpp"

#include <algorithm>

#include "media/box.hpp"
#include "media/fragment.hpp"
#include "media/sample_cursor.hpp"

namespace mezz::media {
namespace {

constexpr std::uint64_t kMoofRead = 2048;         // a moof of two seconds fits
constexpr std::uint64_t kLargestMoof = 16 << 20;  // far above any real one

}  // namespace

SampleReader::SampleReader(TrackView track, std::uint64_t file_size, std::uint32_t first, std::uint32_t last)
    : track_(track), file_size_(file_size), first_(first), last_(std::min(last, track.piece_count())) {
    if (first_ >= last_) {
        done_ = true;
        return;
    }
    switch (track_->layout) {
        case Layout::sample_tables:
            plan_tables(track_.positions()[first_], track_.positions()[last_]);
            return;
        case Layout::scanned:
            plan_scanned();
            return;
        case Layout::fragments:
            break;
    }
    const std::uint64_t begin = track_.bytes_before(first_);
    fragments_ = {track_->first_byte + begin, track_.bytes_before(last_) - begin};
    done_ = fragments_.length == 0;
}

FragmentDefaults SampleReader::defaults() const noexcept {
    return {track_->id,         track_->trex_duration, track_->trex_size,     track_->trex_flags,
            track_->edit_shift, track_->description,   track_.default_sizes()};
}

// Pieces may begin in the tables of moov and end in a moof.
void SampleReader::plan_scanned() {
    const FragmentPosition& from = track_.fragment_positions()[first_];
    const FragmentPosition& to = track_.fragment_positions()[last_];
    const std::uint32_t in_tables = track_.table_samples();
    const bool begins_in_tables = from.sample < in_tables;
    if (begins_in_tables) {
        const auto positions = track_.positions();
        plan_tables(positions[first_], positions[std::min<std::size_t>(last_, positions.size() - 1)]);
    }
    if (to.sample <= in_tables) return;
    next_moof_ = begins_in_tables ? 0 : from.moof;
    end_moof_ = to.moof + (to.skip > 0 ? 1U : 0U);
    skip_ = begins_in_tables ? 0 : from.skip;
    moof_count_ = to.sample - std::max(from.sample, in_tables);
}

// The entries between the positions of the first piece and of the one after the last, and one more: a run or
// a chunk may go on past the last sample.
void SampleReader::plan_tables(const SamplePosition& from, const SamplePosition& to) {
    const TableRefs& tables = track_->tables;
    begin_ = from;
    table_count_ = to.sample - from.sample;
    table_ = 0;
    const auto slice = [&](std::size_t i, const TableRef& table, std::uint32_t begin, std::uint32_t end,
                           std::uint32_t entry_size) {
        const std::uint32_t stop = std::min(end, table.count);
        first_entries_[i] = begin;
        if (begin < stop)
            ranges_[i] = {table.offset + std::uint64_t{begin} * entry_size,
                          std::uint64_t{stop - begin} * entry_size};
    };
    slice(0, tables.time_to_sample, from.stts_entry, to.stts_entry + 1, 8);
    slice(1, tables.composition_offsets, from.ctts_entry, to.ctts_entry + 1, 8);
    slice(3, tables.sample_to_chunk, from.stsc_entry, to.stsc_entry + 2, 12);
    slice(4, tables.chunk_offsets, from.chunk, to.chunk + 1, tables.format.chunk_offset_size);
    slice(5, tables.sync_samples, from.stss_entry, to.stss_entry + 1, 4);
    if (tables.format.size_bits >= 8) {
        slice(2, tables.sample_sizes, from.sample, to.sample, tables.format.size_bits / 8);
    } else {  // two samples a byte: begin at an even one
        first_entries_[2] = from.sample & ~1U;
        const std::uint64_t begin = first_entries_[2] / 2;
        ranges_[2] = {tables.sample_sizes.offset + begin, (std::uint64_t{to.sample} + 1) / 2 - begin};
    }
    skip_empty_tables();
}

void SampleReader::skip_empty_tables() noexcept {
    while (table_ < kTables && ranges_[table_].length == 0)
        ++table_;
}

std::optional<ByteRange> SampleReader::need() const noexcept {
    if (done_) return std::nullopt;
    if (table_ < kTables) return ranges_[table_];
    if (track_->layout == Layout::scanned)
        return ByteRange{track_.moofs()[next_moof_].offset, track_.moofs()[next_moof_].size};
    return ByteRange{fragments_.offset, std::min(fragments_.length, std::max(kMoofRead, moof_size_))};
}

Result<void> SampleReader::feed(Bytes bytes) {
    if (table_ < kTables) return feed_table(bytes);
    return track_->layout == Layout::scanned ? feed_moof(bytes) : feed_fragments(bytes);
}

// A fragment may leave out when it begins. Then it does where the one before ends, and of the first one the
// index knows when its piece does.
Result<void> SampleReader::read_moof(const Box& moof) {
    FragmentDefaults about = defaults();
    const bool goes_on = !samples_.empty();
    about.begin = goes_on ? samples_.back().dts + samples_.back().duration : 0;
    if (auto ok = read_fragment(moof, about, file_size_, samples_); !ok) return ok;
    if (goes_on || samples_.size() <= skip_) return {};
    const Sample& first = samples_[skip_];
    about.begin = track_.piece_time(first_) - first.dts - first.composition_offset;
    if (*about.begin == 0) return {};
    samples_.clear();
    return read_fragment(moof, about, file_size_, samples_);
}

// Samples that belong to the pieces before and after are dropped when all moofs have been read.
Result<void> SampleReader::feed_moof(Bytes bytes) {
    const std::uint64_t offset = track_.moofs()[next_moof_].offset;
    const auto header = read_box_header(bytes, offset, offset + bytes.size());
    if (!header) return std::unexpected(header.error());
    const Box moof{header->type, offset, header->header_size, bytes.subspan(header->header_size)};
    if (auto ok = read_moof(moof); !ok) return ok;
    if (++next_moof_ < end_moof_) return {};
    done_ = true;
    if (samples_.size() < std::uint64_t{table_count_} + skip_ + moof_count_)
        return fail(ErrorCode::bad_media, "moof: fewer samples than before", offset);
    const auto begin = samples_.begin() + table_count_;
    samples_.erase(begin, begin + skip_);
    samples_.resize(std::size_t{table_count_} + moof_count_);
    return {};
}

Result<void> SampleReader::feed_table(Bytes bytes) {
    slices_.insert(slices_.end(), bytes.begin(), bytes.end());
    ++table_;
    skip_empty_tables();
    if (table_ < kTables) return {};
    done_ = next_moof_ == end_moof_;
    return read_tables();
}

Result<void> SampleReader::read_tables() {
    std::array<TableSlice, kTables> slices;
    std::size_t at = 0;
    for (std::size_t i = 0; i < kTables; ++i) {
        const auto length = static_cast<std::size_t>(ranges_[i].length);
        slices[i] = {Bytes(slices_).subspan(at, length), first_entries_[i]};
        at += length;
    }
    SampleCursor cursor(track_->tables.format,
                        {slices[0], slices[1], slices[2], slices[3], slices[4], slices[5]}, begin_,
                        track_->edit_shift, file_size_);
    samples_.reserve(table_count_);
    for (std::uint32_t i = 0; i < table_count_; ++i) {
        const auto sample = cursor.next();
        if (!sample) return fail(sample.error().code, sample.error().text, ranges_[0].offset);
        samples_.push_back(*sample);
    }
    return {};
}

Result<void> SampleReader::feed_fragments(Bytes bytes) {
    while (fragments_.length != 0) {
        if (bytes.size() < kMaxBoxHeader && bytes.size() < fragments_.length) return {};
        const auto header = read_box_header(bytes, fragments_.offset, fragments_.end());
        if (!header) return std::unexpected(header.error());
        if (header->type == fourcc("moof")) {
            if (header->size > kLargestMoof)
                return fail(ErrorCode::bad_media, "moof: over 16 MiB", header->offset);
            moof_size_ = header->size;
            if (header->size > bytes.size()) return {};
            const auto payload = static_cast<std::size_t>(header->payload_size());
            const Box moof{header->type, header->offset, header->header_size,
                           bytes.subspan(header->header_size, payload)};
            if (auto ok = read_fragment(moof, defaults(), file_size_, samples_); !ok) return ok;
        }
        moof_size_ = 0;
        fragments_ = {header->end(), fragments_.end() - header->end()};
        bytes = bytes.subspan(static_cast<std::size_t>(std::min<std::uint64_t>(header->size, bytes.size())));
    }
    done_ = true;
    return {};
}

}  // namespace mezz::media
