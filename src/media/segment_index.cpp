#include "media/segment_index.hpp"

namespace mezz::media {

Result<SegmentIndex> parse_segment_index(const Box& sidx, std::uint64_t file_size) {
    ByteReader in(sidx.payload);
    const bool wide = read_full_box_head(in).version != 0;
    in.skip(4);
    SegmentIndex index;
    index.timescale = in.u32();
    index.earliest_time = wide ? in.i64() : std::int64_t{in.u32()};
    const std::uint64_t first_offset = wide ? in.u64() : in.u32();
    in.skip(2);
    const std::uint32_t count = in.u16();
    constexpr std::size_t kReferenceSize = 12;
    if (!in.ok() || count > in.remaining() / kReferenceSize)
        return fail(ErrorCode::bad_media, "sidx: count exceeds box", sidx.offset);
    constexpr std::int64_t kLatest = std::int64_t{1} << 56;
    if (index.earliest_time < 0 || index.earliest_time > kLatest)
        return fail(ErrorCode::bad_media, "sidx: earliest time is out of range", sidx.offset);
    if (index.timescale == 0) return fail(ErrorCode::bad_media, "sidx: timescale is 0", sidx.offset);
    const std::uint64_t anchor = sidx.payload_offset() + sidx.payload.size();
    if (anchor > file_size || first_offset > file_size - anchor)
        return fail(ErrorCode::bad_media, "sidx: first offset is beyond the end of the file", sidx.offset);
    index.first_byte = anchor + first_offset;
    std::uint64_t left = file_size - index.first_byte;
    index.subsegments.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint32_t reference = in.u32();
        Subsegment part{.bytes = reference & 0x7FFFFFFFU, .duration = in.u32()};
        const std::uint32_t access_point = in.u32();
        index.all_sync = index.all_sync && access_point >> 31 != 0;
        constexpr std::uint32_t kClosed = 2;  // the highest type whose pictures can all be decoded
        part.open = (access_point >> 28 & 7) > kClosed && !index.subsegments.empty();
        if (reference >> 31 != 0) return fail(ErrorCode::unsupported, "sidx: index of indexes", sidx.offset);
        if (part.bytes == 0) return fail(ErrorCode::bad_media, "sidx: subsegment is empty", sidx.offset);
        if (part.bytes > left)
            return fail(ErrorCode::bad_media, "sidx: subsegment exceeds the file", sidx.offset);
        left -= part.bytes;
        index.subsegments.push_back(part);
    }
    index.end = file_size - left;
    return index;
}

Result<void> add_subsegment_index(const Box& ssix, SegmentIndex& index) {
    ByteReader in(ssix.payload);
    (void)read_full_box_head(in);
    const std::uint32_t count = in.u32();
    if (!in.ok() || count != index.subsegments.size())
        return fail(ErrorCode::bad_media, "ssix: count differs from sidx", ssix.offset);
    for (Subsegment& part : index.subsegments) {
        const std::uint32_t ranges = in.u32();
        if (!in.ok() || ranges > in.remaining() / 4)
            return fail(ErrorCode::bad_media, "ssix: count exceeds box", ssix.offset);
        for (std::uint32_t i = 0; i < ranges; ++i) {
            const std::uint32_t size = in.u32() & 0xFFFFFFU;
            if (i == 0 && size <= part.bytes) part.head = size;
        }
    }
    return {};
}

}  // namespace mezz::media
