// Cues from the samples of a text track in an MP4 file, which nobody has checked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "media/codec.hpp"
#include "media/text_index.hpp"

namespace mezz::media {

/// The cue text of a tx3g sample (3GPP TS 26.245 §5.17): bold, italic and underlined characters by its style
/// records, or else by `face` (see TextFormat); other styles and positions are left out. Empty if nothing is
/// to be seen or the sample is broken.
[[nodiscard]] std::string read_tx3g_sample(Bytes sample, std::uint8_t face);

/// The cues of a wvtt sample (ISO/IEC 14496-30 §7.4), without times. At most 32; what is broken is left out.
[[nodiscard]] std::vector<Cue> read_wvtt_sample(Bytes sample);

/// Puts cues together: one that goes on in the next sample, as where a fragment or another cue begins, is
/// one.
class CueCollector {
public:
    /// `codec` is tx3g or wvtt, `face` of TextFormat.
    CueCollector(Codec codec, std::uint8_t face) noexcept : codec_(codec), face_(face) {}

    /// Takes a sample that is shown from `start` to `end`, milliseconds, in order of time. False if there
    /// are more than kMostCues cues.
    [[nodiscard]] bool add(std::uint32_t start, std::uint32_t end, Bytes sample);

    [[nodiscard]] const std::vector<Cue>& cues() const noexcept { return cues_; }

private:
    Codec codec_;
    std::uint8_t face_;
    std::vector<Cue> cues_;
    std::vector<std::size_t> last_;  // those of the last sample
};

}  // namespace mezz::media
