// What the picture service is asked, and what it answers, over a stream of bytes. The client connects and
// waits for the greeting: only then is there a process that has nothing else to do. It sends a prefix, the
// order's head and the coded pictures one after the other; the answer is a prefix and, if all went well, a
// JPEG.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"
#include "core/error.hpp"
#include "media/codec.hpp"
#include "media/file_index.hpp"

namespace mezz::media {

/// What a process of the service sends when it is ready to take one order.
inline constexpr std::string_view kPictureGreeting = "MZP1";

inline constexpr std::uint32_t kMostOrderedPictures = 4000;
inline constexpr std::uint32_t kMostOrderedBytes = 48U << 20;  ///< of all coded pictures of an order
inline constexpr std::uint32_t kLargestJpeg = 32U << 20;       ///< bytes

/// A coded picture, whose bytes follow those of the one before.
struct CodedPicture {
    std::int64_t time = 0;   ///< when it is shown, in the order's own unit
    std::uint32_t size = 0;  ///< bytes
};

enum class PictureTask : std::uint8_t {
    shown_at,  ///< decode them all, in order; the one that is shown at `time` is wanted
    best_of,   ///< each is a key frame; the one with most to see is wanted
};

/// The head of an order. `config` points to bytes of somebody else's.
struct PictureOrder {
    Codec codec = Codec::h264;  ///< of a video track
    PictureTask task = PictureTask::shown_at;
    std::uint16_t width = 0;  ///< the JPEG is to be no wider, pixels; 0: as wide as the picture
    std::uint16_t height = 0;
    std::uint16_t coded_width = 0;  ///< of the track's pictures, pixels
    std::uint16_t coded_height = 0;
    std::uint32_t pixel_aspect_h = 1, pixel_aspect_v = 1;
    std::array<std::byte, 36> matrix{};  ///< of tkhd
    Bytes config;                        ///< see MovieTrack::config
    std::int64_t time = 0;
    std::vector<CodedPicture> pictures;
};

/// An order without pictures, with what the track says.
[[nodiscard]] PictureOrder order_of(const TrackView& track);

/// Appends prefix and head; the bytes of the pictures are to follow.
void write_picture_order(const PictureOrder& order, std::vector<std::byte>& out);

inline constexpr std::size_t kPictureOrderPrefix = 12;

struct PictureOrderSizes {
    std::uint32_t head = 0;  ///< bytes
    std::uint32_t data = 0;  ///< bytes of all pictures
};

/// Reads the prefix, of kPictureOrderPrefix bytes. Fails with bad_request if it is none, with too_large
/// beyond the limits.
[[nodiscard]] Result<PictureOrderSizes> parse_picture_order_prefix(Bytes prefix);

/// Reads the head. Fails with bad_request if it is cut off, goes on too long, names a codec that is none of
/// video's, or its pictures' sizes do not add up to `data_size`.
[[nodiscard]] Result<PictureOrder> parse_picture_order(Bytes head, std::uint32_t data_size);

enum class PictureStatus : std::uint8_t {
    made,
    undecodable,  ///< nothing can be seen of the pictures
    failed,       ///< no memory
};

inline constexpr std::size_t kPictureAnswerPrefix = 9;

struct PictureAnswer {
    PictureStatus status = PictureStatus::failed;
    std::uint32_t size = 0;  ///< bytes of the JPEG that follows
};

/// Appends the prefix of an answer.
void write_picture_answer(const PictureAnswer& answer, std::vector<std::byte>& out);

/// Reads such a prefix, of kPictureAnswerPrefix bytes. Fails with internal if it is none.
[[nodiscard]] Result<PictureAnswer> parse_picture_answer(Bytes prefix);

}  // namespace mezz::media
