// A packet of AAC in which nothing is heard.
#pragma once

#include <array>
#include <cstddef>

#include "core/bytes.hpp"

namespace mezz::media {

/// A raw_data_block (ISO/IEC 14496-3 §4.5.2.1) of a channel configuration from 1 to 7 whose spectrum is
/// empty.
class SilentAac {
public:
    explicit SilentAac(unsigned channel_configuration) noexcept;

    [[nodiscard]] Bytes bytes() const noexcept { return Bytes(bytes_).first((bits_ + 7) / 8); }

private:
    void put(unsigned value, unsigned bits) noexcept;
    void put_one(unsigned element, unsigned tag) noexcept;
    void put_pair(unsigned tag) noexcept;

    std::array<std::byte, 24> bytes_{};
    std::size_t bits_ = 0;
};

}  // namespace mezz::media
