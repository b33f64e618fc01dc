// Where the NAL units of an access unit are.
#pragma once

#include <vector>

#include "core/bytes.hpp"

namespace mezz::media {

/// Appends the units of a byte stream (ITU-T H.264 and H.265 annex B), without the zeros between them; what
/// comes before the first start code is passed over. They are parts of `data`, in order, none is empty.
void split_start_codes(Bytes data, std::vector<Bytes>& units);

/// Appends the units that stand behind their lengths, of 1 to 4 bytes (ISO/IEC 14496-15 §5.3.4.2); empty ones
/// are passed over. False if one exceeds the data.
[[nodiscard]] bool split_lengths(Bytes data, std::size_t length_size, std::vector<Bytes>& units);

/// The unit without the zeros behind it.
[[nodiscard]] Bytes without_trailing_zeros(Bytes unit) noexcept;

}  // namespace mezz::media
