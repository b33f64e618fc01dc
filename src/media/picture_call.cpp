#include "media/picture_call.hpp"

#include <algorithm>

namespace mezz::media {
namespace {

constexpr std::uint32_t kMark = fourcc("MZP1");
constexpr std::uint32_t kLargestConfig = 1 << 16;
constexpr std::uint32_t kPictureRecord = 12;
constexpr std::uint32_t kLargestHead = kLargestConfig + 128 + kMostOrderedPictures * kPictureRecord;

bool is_video(std::uint8_t codec) noexcept {
    return codec <= static_cast<std::uint8_t>(Codec::vp9);
}

std::unexpected<Error> nonsense(const char* what) noexcept {
    return fail(ErrorCode::bad_request, what);
}

}  // namespace

PictureOrder order_of(const TrackView& track) {
    PictureOrder order;
    order.codec = track->codec;
    order.coded_width = track->width;
    order.coded_height = track->height;
    order.pixel_aspect_h = std::max(1U, track->pixel_aspect_h);
    order.pixel_aspect_v = std::max(1U, track->pixel_aspect_v);
    order.matrix = track->matrix;
    order.config = track.config();
    return order;
}

void write_picture_order(const PictureOrder& order, std::vector<std::byte>& out) {
    ByteWriter to(out);
    const std::size_t start = to.size();
    std::uint64_t data = 0;
    for (const CodedPicture& picture : order.pictures)
        data += picture.size;
    to.u32(kMark);
    to.u32(0);
    to.u32(data);
    to.u8(static_cast<std::uint8_t>(order.codec));
    to.u8(static_cast<std::uint8_t>(order.task));
    to.u16(order.width);
    to.u16(order.height);
    to.u16(order.coded_width);
    to.u16(order.coded_height);
    to.u32(order.pixel_aspect_h);
    to.u32(order.pixel_aspect_v);
    to.bytes(order.matrix);
    to.u64(static_cast<std::uint64_t>(order.time));
    to.u32(order.config.size());
    to.bytes(order.config);
    to.u32(order.pictures.size());
    for (const CodedPicture& picture : order.pictures) {
        to.u64(static_cast<std::uint64_t>(picture.time));
        to.u32(picture.size);
    }
    to.patch_u32(start + 4, static_cast<std::uint32_t>(to.size() - start - kPictureOrderPrefix));
}

Result<PictureOrderSizes> parse_picture_order_prefix(Bytes prefix) {
    ByteReader in(prefix);
    if (in.u32() != kMark) return nonsense("picture order: not the beginning of one");
    PictureOrderSizes sizes;
    sizes.head = in.u32();
    sizes.data = in.u32();
    if (!in.ok()) return nonsense("picture order: cut off");
    if (sizes.head > kLargestHead || sizes.data > kMostOrderedBytes)
        return fail(ErrorCode::too_large, "picture order: over the limit");
    return sizes;
}

Result<PictureOrder> parse_picture_order(Bytes head, std::uint32_t data_size) {
    ByteReader in(head);
    PictureOrder order;
    const std::uint8_t codec = in.u8();
    const std::uint8_t task = in.u8();
    order.width = in.u16();
    order.height = in.u16();
    order.coded_width = in.u16();
    order.coded_height = in.u16();
    order.pixel_aspect_h = in.u32();
    order.pixel_aspect_v = in.u32();
    std::ranges::copy(in.take(order.matrix.size()), order.matrix.begin());
    order.time = in.i64();
    order.config = in.take(in.u32());
    const std::uint32_t count = in.u32();
    if (!in.has(std::uint64_t{count} * kPictureRecord) ||
        in.remaining() != count * std::size_t{kPictureRecord})
        return nonsense("picture order: not as long as it says");
    if (!is_video(codec) || task > static_cast<std::uint8_t>(PictureTask::best_of))
        return nonsense("picture order: a codec or task that there is not");
    if (order.config.size() > kLargestConfig || count == 0 || count > kMostOrderedPictures)
        return nonsense("picture order: a count out of range");
    if (order.pixel_aspect_h == 0 || order.pixel_aspect_v == 0)
        return nonsense("picture order: pixels of no size");
    order.codec = static_cast<Codec>(codec);
    order.task = static_cast<PictureTask>(task);
    std::uint64_t total = 0;
    order.pictures.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::int64_t time = in.i64();
        order.pictures.push_back({time, in.u32()});
        total += order.pictures.back().size;
    }
    if (total != data_size) return nonsense("picture order: sizes that do not add up");
    return order;
}

void write_picture_answer(const PictureAnswer& answer, std::vector<std::byte>& out) {
    ByteWriter to(out);
    to.u32(kMark);
    to.u8(static_cast<std::uint8_t>(answer.status));
    to.u32(answer.size);
}

Result<PictureAnswer> parse_picture_answer(Bytes prefix) {
    ByteReader in(prefix);
    const bool marked = in.u32() == kMark;
    const std::uint8_t status = in.u8();
    const std::uint32_t size = in.u32();
    const bool made = status == static_cast<std::uint8_t>(PictureStatus::made);
    if (!in.ok() || !marked || status > static_cast<std::uint8_t>(PictureStatus::failed) ||
        size > kLargestJpeg || made != (size != 0))
        return fail(ErrorCode::internal, "picture service: its answer makes no sense");
    return PictureAnswer{static_cast<PictureStatus>(status), size};
}

}  // namespace mezz::media
