// A packet of AAC in which nothing is heard.
#pragma once

#include <cstddef>
#include <vector>

namespace mezz::media {

/// A raw_data_block (ISO/IEC 14496-3 §4.5.2.1) of a channel configuration from 1 to 7 whose spectrum is
/// empty.
[[nodiscard]] std::vector<std::byte> silent_aac(unsigned channel_configuration);

}  // namespace mezz::media
