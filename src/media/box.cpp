#include "media/box.hpp"

namespace mezz::media {

Result<BoxHeader> read_box_header(Bytes bytes, std::uint64_t offset, std::uint64_t limit) {
    ByteReader in(bytes);
    BoxHeader box{.type = 0, .offset = offset, .header_size = 8, .size = in.u32()};
    box.type = in.u32();
    if (box.size == 1) {
        box.size = in.u64();
        box.header_size = 16;
    }
    if (!in.ok()) return fail(ErrorCode::bad_media, "box: header is cut off", offset);
    if (box.size == 0) box.size = limit - offset;
    if (box.size < box.header_size)
        return fail(ErrorCode::bad_media, "box: size is below its header's", offset);
    if (box.size > limit - offset)
        return fail(ErrorCode::bad_media, "box: size exceeds its container", offset);
    return box;
}

Result<std::optional<Box>> BoxIterator::next() {
    if (bytes_.size() < 8) return std::nullopt;
    const auto header = read_box_header(bytes_, offset_, offset_ + bytes_.size());
    if (!header) return std::unexpected(header.error());
    const auto size = static_cast<std::size_t>(header->size);
    const Box box{header->type, offset_, header->header_size,
                  bytes_.subspan(header->header_size, size - header->header_size)};
    bytes_ = bytes_.subspan(size);
    offset_ += size;
    return box;
}

Result<std::optional<Box>> find_box(const Box& parent, FourCc type) {
    BoxIterator children(parent);
    for (;;) {
        auto box = children.next();
        if (!box || !*box || (*box)->type == type) return box;
    }
}

Result<Box> require_box(const Box& parent, FourCc type, const char* missing) {
    const auto box = find_box(parent, type);
    if (!box) return std::unexpected(box.error());
    if (!*box) return fail(ErrorCode::bad_media, missing, parent.offset);
    return **box;
}

}  // namespace mezz::media
