// Walking boxes (ISO/IEC 14496-12 §4.2) in a piece of a file that is already in memory.
#pragma once

#include <cstdint>
#include <optional>

#include "core/bytes.hpp"
#include "core/error.hpp"

namespace mezz::media {

/// A box type as the big-endian integer of its four characters.
using FourCc = std::uint32_t;

[[nodiscard]] consteval FourCc fourcc(const char (&text)[5]) {
    FourCc value = 0;
    for (int i = 0; i < 4; ++i)
        value = value << 8 | static_cast<unsigned char>(text[i]);
    return value;
}

/// A box header; positions are bytes from the start of the file.
struct BoxHeader {
    FourCc type = 0;
    std::uint64_t offset = 0;       ///< of the header
    std::uint32_t header_size = 0;  ///< 8, or 16 with a 64-bit size
    std::uint64_t size = 0;         ///< header and payload

    [[nodiscard]] std::uint64_t end() const noexcept { return offset + size; }
    [[nodiscard]] std::uint64_t payload_size() const noexcept { return size - header_size; }
};

/// Bytes that are enough for any box header this reader understands.
inline constexpr std::size_t kMaxBoxHeader = 16;

/// Reads the header at `offset`, of which `bytes` are the following bytes. `limit` is where the enclosing box
/// or file ends. Fails with bad_media if the size is below the header's or passes `limit`.
[[nodiscard]] Result<BoxHeader> read_box_header(Bytes bytes, std::uint64_t offset, std::uint64_t limit);

/// A box whose payload is in memory.
struct Box {
    FourCc type = 0;
    std::uint64_t offset = 0;  ///< of the header in the file
    std::uint32_t header_size = 0;
    Bytes payload;

    [[nodiscard]] std::uint64_t payload_offset() const noexcept { return offset + header_size; }
};

/// Iterates the children that follow each other in `bytes`, which start at `offset` in the file.
class BoxIterator {
public:
    BoxIterator(Bytes bytes, std::uint64_t offset) noexcept : bytes_(bytes), offset_(offset) {}
    explicit BoxIterator(const Box& parent) noexcept : BoxIterator(parent.payload, parent.payload_offset()) {}

    /// The next box; nullopt at the end. Fewer than 8 bytes that remain are taken as padding, as QuickTime
    /// writes them after a list.
    [[nodiscard]] Result<std::optional<Box>> next();

private:
    Bytes bytes_;
    std::uint64_t offset_;
};

/// The first child of the given type, nullopt if there is none.
[[nodiscard]] Result<std::optional<Box>> find_box(const Box& parent, FourCc type);

/// The first child of the given type; bad_media with `missing` as text if there is none.
[[nodiscard]] Result<Box> require_box(const Box& parent, FourCc type, const char* missing);

/// Version and flags of a FullBox (§4.2.2).
struct FullBoxHead {
    std::uint8_t version = 0;
    std::uint32_t flags = 0;
};

[[nodiscard]] inline FullBoxHead read_full_box_head(ByteReader& in) noexcept {
    FullBoxHead head;
    head.version = in.u8();
    head.flags = in.u24();
    return head;
}

}  // namespace mezz::media
