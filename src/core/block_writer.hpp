// Lays plain structures out in one flat block of bytes that can be copied anywhere.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace mezz {

/// Where an array lies in a block.
struct ArrayRef {
    std::uint32_t offset = 0;  ///< bytes from the start of the block
    std::uint32_t count = 0;   ///< entries
};

/// Appends arrays, each aligned to 8 bytes. A block of over 4 GiB cannot be referred to: the caller checks
/// size() before it uses the references.
class BlockWriter {
public:
    template <class T>
    ArrayRef put(std::span<const T> items) {
        static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 8);
        bytes_.resize((bytes_.size() + 7) / 8 * 8);
        const ArrayRef ref{static_cast<std::uint32_t>(bytes_.size()),
                           static_cast<std::uint32_t>(items.size())};
        const auto raw = std::as_bytes(items);
        bytes_.insert(bytes_.end(), raw.begin(), raw.end());
        return ref;
    }

    /// Replaces what stands at `at`, bytes from the start.
    template <class T>
    void overwrite(std::size_t at, const T& item) noexcept {
        std::ranges::copy(std::as_bytes(std::span(&item, 1)),
                          bytes_.begin() + static_cast<std::ptrdiff_t>(at));
    }

    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
    [[nodiscard]] std::vector<std::byte> take() noexcept { return std::move(bytes_); }

private:
    std::vector<std::byte> bytes_;
};

}  // namespace mezz
