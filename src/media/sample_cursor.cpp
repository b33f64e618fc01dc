#include "media/sample_cursor.hpp"

#include <bit>
#include <cstring>

namespace mezz::media {
namespace {

std::uint32_t load_u32(const std::byte* p) noexcept {
    std::uint32_t value = 0;
    std::memcpy(&value, p, sizeof value);
    return std::endian::native == std::endian::little ? __builtin_bswap32(value) : value;
}

// The bytes of entry `index`, or nullptr if the slice does not hold it.
const std::byte* entry_at(const TableSlice& slice, std::uint32_t index, std::size_t entry_size) noexcept {
    if (index < slice.first) return nullptr;
    const std::size_t relative = index - slice.first;
    if (relative >= slice.entries.size() / entry_size) return nullptr;
    return slice.entries.data() + relative * entry_size;
}

// Moves a run-length position to the entry that holds the next sample; nullptr if the table has ended.
const std::byte* run_entry(const TableSlice& slice, std::uint32_t& entry, std::uint32_t& used) noexcept {
    const std::byte* run = entry_at(slice, entry, 8);
    while (run != nullptr && used >= load_u32(run)) {
        used = 0;
        run = entry_at(slice, ++entry, 8);
    }
    return run;
}

}  // namespace

inline bool SampleCursor::read_time(Sample& out) noexcept {
    const std::byte* run = run_entry(slices_.time_to_sample, at_.stts_entry, at_.stts_used);
    if (run == nullptr) return false;
    ++at_.stts_used;
    out.duration = load_u32(run + 4);
    out.dts = at_.dts + shift_;
    at_.dts += out.duration;
    return true;
}

// A table that ends early means 0 for the rest: some writers leave the tail out.
inline void SampleCursor::read_composition_offset(Sample& out) noexcept {
    const std::byte* run = run_entry(slices_.composition_offsets, at_.ctts_entry, at_.ctts_used);
    if (run == nullptr) return;
    ++at_.ctts_used;
    out.composition_offset = static_cast<std::int32_t>(load_u32(run + 4));
}

inline bool SampleCursor::read_size(Sample& out) noexcept {
    if (format_.constant_size != 0) {
        out.size = format_.constant_size;
        return true;
    }
    if (format_.size_bits == 32) {
        const std::byte* entry = entry_at(slices_.sample_sizes, at_.sample, 4);
        if (entry == nullptr) return false;
        out.size = load_u32(entry);
        return true;
    }
    const std::size_t bit = std::size_t{at_.sample - slices_.sample_sizes.first} * format_.size_bits;
    const Bytes sizes = slices_.sample_sizes.entries;
    if (at_.sample < slices_.sample_sizes.first || bit / 8 + format_.size_bits / 16 >= sizes.size())
        return false;
    const auto byte = std::to_integer<std::uint32_t>(sizes[bit / 8]);
    if (format_.size_bits == 4) out.size = bit % 8 == 0 ? byte >> 4 : byte & 15U;
    if (format_.size_bits == 8) out.size = byte;
    if (format_.size_bits == 16) out.size = byte << 8 | std::to_integer<std::uint32_t>(sizes[bit / 8 + 1]);
    return true;
}

bool SampleCursor::enter_next_chunk() noexcept {
    ++at_.chunk;
    at_.chunk_sample = 0;
    at_.chunk_bytes = 0;
    const std::byte* following = entry_at(slices_.sample_to_chunk, at_.stsc_entry + 1, 12);
    if (following != nullptr && load_u32(following) <= at_.chunk + 1) ++at_.stsc_entry;
    return entry_at(slices_.chunk_offsets, at_.chunk, format_.chunk_offset_size) != nullptr;
}

// Goes to the chunk that holds the next sample.
bool SampleCursor::find_chunk() noexcept {
    for (;;) {
        const std::byte* entry = entry_at(slices_.sample_to_chunk, at_.stsc_entry, 12);
        if (entry == nullptr) return false;
        chunk_samples_ = load_u32(entry + 4);
        if (at_.chunk_sample < chunk_samples_) break;
        if (!enter_next_chunk()) return false;
    }
    const std::byte* chunk = entry_at(slices_.chunk_offsets, at_.chunk, format_.chunk_offset_size);
    if (chunk == nullptr) return false;
    chunk_start_ = load_u32(chunk);
    if (format_.chunk_offset_size == 8) chunk_start_ = chunk_start_ << 32 | load_u32(chunk + 4);
    return chunk_start_ <= file_size_;
}

inline bool SampleCursor::read_offset(Sample& out) noexcept {
    if (at_.chunk_sample >= chunk_samples_ && !find_chunk()) return false;
    if (at_.chunk_bytes > file_size_ - chunk_start_) return false;
    out.offset = chunk_start_ + at_.chunk_bytes;
    if (out.size > file_size_ - out.offset) return false;
    at_.chunk_bytes += out.size;
    ++at_.chunk_sample;
    return true;
}

inline void SampleCursor::read_sync(Sample& out) noexcept {
    out.sync = format_.all_sync;
    if (format_.all_sync) return;
    const std::byte* entry = entry_at(slices_.sync_samples, at_.stss_entry, 4);
    while (entry != nullptr && load_u32(entry) <= at_.sample + 1) {
        out.sync = out.sync || load_u32(entry) == at_.sample + 1;
        entry = entry_at(slices_.sync_samples, ++at_.stss_entry, 4);
    }
}

Result<Sample> SampleCursor::next() {
    Sample out;
    if (!read_time(out)) return fail(ErrorCode::bad_media, "stts: fewer samples than stsz has");
    read_composition_offset(out);
    if (!read_size(out)) return fail(ErrorCode::bad_media, "stsz: fewer entries than samples");
    if (!read_offset(out))
        return fail(ErrorCode::bad_media, "stco: a sample has no chunk or lies beyond the end");
    read_sync(out);
    ++at_.sample;
    return out;
}

}  // namespace mezz::media
