// Parameter sets that stand in the pictures (sample entries avc3 and hev1, ISO/IEC 14496-15 §5.4.2.1,
// §8.4.1.1).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/bytes.hpp"
#include "core/error.hpp"
#include "media/codec.hpp"

namespace mezz::media {

/// NAL units of each type, without their lengths; parts of what they were found in.
struct ParameterSets {
    std::vector<Bytes> vps;  ///< of HEVC
    std::vector<Bytes> sps;
    std::vector<Bytes> pps;
};

/// What stands before the first slice of an access unit, each set once. `sample` may be cut off: a unit that
/// is not whole is not found. Of H.264 and HEVC.
[[nodiscard]] ParameterSets find_parameter_sets(Codec codec, Bytes sample, std::size_t length_size);

/// Each of the sets is one of the units, byte for byte.
[[nodiscard]] bool are_among(const ParameterSets& sets, std::span<const Bytes> units) noexcept;

/// The payload of avcC (§5.3.3.1) or hvcC (§8.3.3.1) that announces these sets. Fails with bad_media if a
/// kind is missing or an SPS cannot be read, with unsupported if there are more than the box can hold.
[[nodiscard]] Result<std::vector<std::byte>> write_decoder_config(Codec codec, const ParameterSets& sets,
                                                                  std::size_t length_size);

}  // namespace mezz::media
