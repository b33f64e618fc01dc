// The bytes of one PES packet: its header, then access units made from a track's samples.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/bytes.hpp"
#include "media/sample.hpp"
#include "package/ts_pes.hpp"
#include "package/ts_plan.hpp"

namespace mezz::package {

/// Bytes of a track's file that are wanted next. `length` 0: no more input is needed.
struct TsNeed {
    unsigned source = 0;  ///< kTsVideo or kTsAudio
    std::uint64_t offset = 0;
    std::uint64_t length = 0;  ///< useful contiguous bytes from `offset` on
};

/// A piece of a track's file that knows where it is from. Does not own the bytes.
class TsInput {
public:
    TsInput(unsigned source, std::uint64_t offset, Bytes bytes) noexcept
        : source_(source), offset_(offset), bytes_(bytes) {}

    /// The bytes it has from a place on; empty if it has none.
    [[nodiscard]] Bytes at(unsigned source, std::uint64_t offset) const noexcept {
        if (source != source_ || offset - offset_ >= bytes_.size()) return {};
        return bytes_.subspan(static_cast<std::size_t>(offset - offset_));
    }

    /// Notes that the bytes before `offset`, a place within a span that at() gave, have been used.
    void used_until(std::uint64_t offset) noexcept { used_ = static_cast<std::size_t>(offset - offset_); }
    [[nodiscard]] std::size_t used() const noexcept { return used_; }

private:
    unsigned source_;
    std::uint64_t offset_;
    Bytes bytes_;
    std::size_t used_ = 0;
};

/// Makes the bytes of one PES packet after another. For each: load(), open() until it succeeds, then write().
class TsPayload {
public:
    /// Goes to a PES packet. Borrows the plan.
    void load(const TsPlan& plan, const TsPes& pes) noexcept;

    /// Looks whether the picture brings its own access unit delimiter, and composes the headers. False if the
    /// input does not yet show enough; what there was of it has been kept.
    bool open(TsInput& input) noexcept;

    /// Bytes of the whole PES packet; known once it is open. At least its header and a byte for each further
    /// transport packet: tiny access units get zero bytes appended.
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

    /// Writes the next bytes; fewer than there is room for only if more input is needed. After the last byte
    /// come zeros.
    std::size_t write(std::span<std::byte> out, TsInput& input) noexcept;

    /// The next bytes of the PES packet, if they are the input's as they are: takes `most` of them or less, a
    /// multiple of `unit`, and none where something else comes first. They count as written.
    [[nodiscard]] Bytes take_plain(std::size_t unit, std::size_t most, TsInput& input) noexcept;

    /// The input that is needed next for this PES packet; length 0 if none.
    [[nodiscard]] TsNeed need() const noexcept;

    /// The input that a PES packet of the plan needs first.
    [[nodiscard]] static TsNeed first_need(const TsPlan& plan, const TsPes& pes) noexcept;

private:
    void load_sample(std::uint32_t index) noexcept;
    void load_next_frame() noexcept;
    void open_picture() noexcept;
    void open_frames() noexcept;
    void drop_delimiter() noexcept;
    void zero_unusable() noexcept;
    bool fill_carry(std::size_t wanted, TsInput& input) noexcept;
    bool next_part(std::size_t room, TsInput& input) noexcept;
    void begin_nal() noexcept;
    void append_text(Bytes bytes) noexcept;
    void append_adts() noexcept;
    [[nodiscard]] std::uint32_t nal_length() const noexcept;
    [[nodiscard]] bool is_video() const noexcept { return source_ == kTsVideo; }

    const TsPlan* plan_ = nullptr;
    unsigned source_ = kTsVideo;
    std::uint32_t packets_ = 0;
    std::uint32_t sample_ = 0;      ///< index of the current sample
    std::uint32_t sample_end_ = 0;  ///< index after the PES packet's last
    std::uint64_t size_ = 0;
    std::uint32_t prefix_ = 4;   ///< bytes of a NAL unit's length prefix
    std::uint32_t padding_ = 0;  ///< zero bytes appended to the last access unit

    std::uint64_t position_ = 0;  ///< in the file, of the next input byte
    std::uint32_t left_ = 0;      ///< bytes of the sample not yet written, those in carry_ included
    std::uint32_t copy_ = 0;      ///< of these, how many are copied as they are
    std::array<std::byte, 5> carry_{};
    std::size_t carry_size_ = 0;

    // Written in this order, before any byte is copied.
    Bytes literal_;
    Bytes parameter_sets_;
    std::uint64_t zeros_ = 0;
    std::array<std::byte, kPesHeaderWithBoth + kLongestAccessUnitDelimiter> text_{};
};

}  // namespace mezz::package
