// Bounds-checked big-endian reading, and appending.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace mezz {

using Bytes = std::span<const std::byte>;

/// The bytes of a text, without copying.
[[nodiscard]] inline Bytes as_bytes(std::string_view text) noexcept {
    return std::as_bytes(std::span(text.data(), text.size()));
}

/// The text that some bytes spell, without copying.
[[nodiscard]] inline std::string_view as_text(Bytes bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Reads big-endian integers from untrusted bytes. A read past the end yields 0 and makes ok() false for
/// good, so a parser may read a whole structure and check once. Does not own the bytes.
class ByteReader {
public:
    ByteReader() = default;
    explicit ByteReader(Bytes bytes) noexcept : bytes_(bytes) {}

    [[nodiscard]] bool ok() const noexcept { return ok_; }
    [[nodiscard]] std::size_t position() const noexcept { return position_; }
    [[nodiscard]] std::size_t remaining() const noexcept { return bytes_.size() - position_; }
    [[nodiscard]] bool has(std::uint64_t n) const noexcept { return ok_ && n <= remaining(); }

    std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(integer(1)); }
    std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(integer(2)); }
    std::uint32_t u24() noexcept { return static_cast<std::uint32_t>(integer(3)); }
    std::uint32_t u32() noexcept { return static_cast<std::uint32_t>(integer(4)); }
    std::uint64_t u64() noexcept { return integer(8); }
    std::int16_t i16() noexcept { return static_cast<std::int16_t>(u16()); }
    std::int32_t i32() noexcept { return static_cast<std::int32_t>(u32()); }
    std::int64_t i64() noexcept { return static_cast<std::int64_t>(u64()); }

    /// The next n bytes, or an empty span (and ok() false) if fewer remain.
    Bytes take(std::uint64_t n) noexcept {
        if (!has(n)) {
            ok_ = false;
            return {};
        }
        const Bytes part = bytes_.subspan(position_, static_cast<std::size_t>(n));
        position_ += static_cast<std::size_t>(n);
        return part;
    }

    /// All bytes that remain.
    Bytes rest() noexcept { return take(remaining()); }
    void skip(std::uint64_t n) noexcept { (void)take(n); }

private:
    std::uint64_t integer(std::size_t n) noexcept {
        std::uint64_t value = 0;
        for (const std::byte b : take(n))
            value = value << 8 | std::to_integer<std::uint64_t>(b);
        return value;
    }

    Bytes bytes_;
    std::size_t position_ = 0;
    bool ok_ = true;
};

/// Writes a big-endian integer to four bytes.
inline void store_u32(std::byte* to, std::uint32_t v) noexcept {
    if constexpr (std::endian::native == std::endian::little) v = __builtin_bswap32(v);
    std::memcpy(to, &v, sizeof v);
}

/// Appends big-endian integers to a vector that the caller owns.
class ByteWriter {
public:
    explicit ByteWriter(std::vector<std::byte>& out) noexcept : out_(&out) {}

    [[nodiscard]] std::size_t size() const noexcept { return out_->size(); }

    void u8(std::uint64_t v) { integer(v, 1); }
    void u16(std::uint64_t v) { integer(v, 2); }
    void u24(std::uint64_t v) { integer(v, 3); }
    void u32(std::uint64_t v) { integer(v, 4); }
    void u64(std::uint64_t v) { integer(v, 8); }
    void bytes(Bytes b) { out_->insert(out_->end(), b.begin(), b.end()); }
    void text(std::string_view s) { bytes(as_bytes(s)); }
    void zeros(std::size_t n) { out_->resize(out_->size() + n); }

    /// Appends n bytes for the caller to fill; where they are is good until more is appended.
    [[nodiscard]] std::byte* grow(std::size_t n) {
        const std::size_t at = out_->size();
        out_->resize(at + n);
        return out_->data() + at;
    }

    /// Overwrites four bytes that were written before, at `at` from the start of the vector.
    void patch_u32(std::size_t at, std::uint32_t v) noexcept { store_u32(out_->data() + at, v); }

private:
    void integer(std::uint64_t v, std::size_t n) {
        std::array<std::byte, 8> big;
        for (std::size_t i = 0; i < n; ++i)
            big[i] = static_cast<std::byte>(v >> (8 * (n - 1 - i)) & 0xFF);
        out_->insert(out_->end(), big.data(), big.data() + n);
    }

    std::vector<std::byte>* out_;
};

}  // namespace mezz
