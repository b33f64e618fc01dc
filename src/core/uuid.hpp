// UUIDs as text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace mezz {

/// The canonical form, in lower case, of a UUID written 8-4-4-4-12 in hexadecimal digits of either case;
/// nothing for any other text.
[[nodiscard]] inline std::optional<std::string> canonical_uuid(std::string_view text) {
    constexpr std::size_t kSize = 36;
    if (text.size() != kSize) return std::nullopt;
    std::string id(text);
    for (std::size_t i = 0; i < kSize; ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (id[i] >= 'A' && id[i] <= 'F') id[i] = static_cast<char>(id[i] - 'A' + 'a');
        const bool digit = (id[i] >= '0' && id[i] <= '9') || (id[i] >= 'a' && id[i] <= 'f');
        if (dash ? id[i] != '-' : !digit) return std::nullopt;
    }
    return id;
}

}  // namespace mezz
