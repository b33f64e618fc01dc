// The cues of a text track (subtitles or captions), in one flat, position-independent block of bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/block_writer.hpp"
#include "core/bytes.hpp"
#include "core/error.hpp"

namespace mezz::media {

/// Changes when the same file gives another index.
inline constexpr std::uint32_t kTextIndexVersion = 1;

/// A cue as a parser gives it. Times are milliseconds of the title's presentation.
struct Cue {
    std::uint32_t start = 0;
    std::uint32_t end = 0;  ///< after start
    std::string settings;   ///< WebVTT cue settings such as "line:0 align:left", or empty
    std::string text;       ///< WebVTT cue text, without empty lines, without a line end behind it
};

struct CueRecord {
    std::uint32_t start = 0;       ///< ms
    std::uint32_t end = 0;         ///< ms
    std::uint32_t latest_end = 0;  ///< of this cue and all before it, ms
    std::uint32_t body = 0;  ///< where its body begins among all bodies; it ends where the next one begins
};

struct TextIndexHeader {
    std::uint32_t version = 0;
    ArrayRef cues;    ///< by rising start; one more, of no time, ends the last one's body
    ArrayRef bodies;  ///< char
};

/// Reads a block that build_text_index() made; trusted, aligned to 8 bytes.
class TextIndexView {
public:
    explicit TextIndexView(Bytes block) noexcept : block_(block) {}

    [[nodiscard]] std::uint32_t cue_count() const noexcept { return header().cues.count - 1; }
    [[nodiscard]] std::span<const CueRecord> cues() const noexcept { return records().first(cue_count()); }
    /// What follows the times of cue i: settings behind a space, a line end, the text and a line end.
    [[nodiscard]] std::string_view body(std::uint32_t i) const noexcept;
    /// The first cue that ends after `ms`, or cue_count(). Cues after it may have ended before, those before
    /// it have.
    [[nodiscard]] std::uint32_t first_ending_after(std::uint32_t ms) const noexcept;

private:
    [[nodiscard]] const TextIndexHeader& header() const noexcept {
        return *reinterpret_cast<const TextIndexHeader*>(block_.data());
    }
    [[nodiscard]] std::span<const CueRecord> records() const noexcept {
        return {reinterpret_cast<const CueRecord*>(block_.data() + header().cues.offset),
                header().cues.count};
    }

    Bytes block_;
};

/// Builds the block of cues, sorted by their start (those of equal start keep their order). Fails with
/// too_large if their texts are over 32 MiB.
[[nodiscard]] Result<std::vector<std::byte>> build_text_index(std::span<const Cue> cues);

}  // namespace mezz::media
