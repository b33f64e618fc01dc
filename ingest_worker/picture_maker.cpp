#include "picture_maker.hpp"

#include "jpeg.hpp"
#include "thumbnails.hpp"

namespace mezz::worker {

// Those that cannot be decoded are passed over; one at least must be.
Outcome<Av<AVFrame>> PictureMaker::best_of(const media::PictureOrder& order, Bytes data,
                                           const PictureDecoder::IsWanted& is_wanted) {
    Outcome<Av<AVFrame>> best = give_up(FailureKind::source, "The picture cannot be decoded.");
    double most = -1;
    for (const media::CodedPicture& picture : order.pictures) {
        const Bytes coded = data.first(picture.size);
        data = data.subspan(picture.size);
        if (!is_wanted()) return give_up(FailureKind::interrupted, "Nobody waits for the picture.");
        const auto decoded = decoder_.key_frame(order, coded);
        if (!decoded) continue;
        auto drawn = canvas_.draw(**decoded, order);
        if (!drawn) continue;
        const double interest = picture_interest(**drawn);
        if (interest <= most) continue;
        most = interest;
        best = std::move(drawn);
    }
    return best;
}

Outcome<std::vector<std::byte>> PictureMaker::make(const media::PictureOrder& order, Bytes data,
                                                   const PictureDecoder::IsWanted& is_wanted) {
    constexpr int kQuality = 85;
    Outcome<Av<AVFrame>> drawn;
    if (order.task == media::PictureTask::best_of) {
        drawn = best_of(order, data, is_wanted);
    } else {
        auto decoded = decoder_.shown_at(order, data, is_wanted);
        if (!decoded) return std::unexpected(std::move(decoded.error()));
        drawn = canvas_.draw(**decoded, order);
    }
    if (!drawn) return std::unexpected(std::move(drawn.error()));
    return encode_jpeg(**drawn, (*drawn)->height, kQuality);
}

}  // namespace mezz::worker
