#include "thumbnails.hpp"

#include <algorithm>

namespace mezz::worker {
namespace {

constexpr int kTileSide = 160;
constexpr int kPosterQuality = 85;

std::int64_t interval_for(std::int64_t duration) {
    constexpr std::int64_t kMinute = 60000000;
    if (duration == 0) return 5000;
    if (duration <= 5 * kMinute) return 2000;
    return duration <= 30 * kMinute ? 5000 : 10000;
}

Size tile_size(Size picture) {
    const int longer = std::max(picture.width, picture.height);
    const auto side = [longer](int length) {
        return std::max(2, 2 * ((length * kTileSide + longer) / (2 * longer)));
    };
    return {side(picture.width), side(picture.height)};
}

std::string picture_name(const std::string& name) {
    return std::string(kThumbsFolder) + '/' + name;
}

Outcome<Av<AVFrame>> poster_canvas(const AVFrame& picture, const OutputColor& color) {
    const Size size{picture.width, picture.height};
    Av<AVFrame> canvas = make_canvas(size);
    JpegScaler scaler(size, color);
    if (auto ok = scaler.draw(picture, *canvas, 0, 0); !ok) return std::unexpected(std::move(ok.error()));
    return canvas;
}

}  // namespace

Thumbnails::Thumbnails(const OutputFiles& files, const VideoPlan& plan, std::int64_t duration)
    : files_(files),
      plan_(plan),
      storyboard_(files, tile_size(plan.renditions.back().size), interval_for(duration)) {
    while (tile_tick(tiles_) < plan.part.first)
        ++tiles_;
    while (poster_from_ + 1 < plan.renditions.size() &&
           std::min(plan.renditions[poster_from_].size.width, plan.renditions[poster_from_].size.height) >
               kPosterSide)
        ++poster_from_;
}

std::int64_t Thumbnails::tile_tick(std::int64_t tile) const noexcept {
    return av_rescale(tile * storyboard_.interval_ms(), plan_.rate.num, plan_.rate.den * 1000);
}

Outcome<void> Thumbnails::add(const std::vector<Av<AVFrame>>& pictures, const OutputColor& color,
                              std::int64_t first, std::int64_t count) {
    color_ = color;
    while (!plan_.draft && tile_tick(tiles_) < first + count)
        if (auto ok = add_tile(*pictures.back()); !ok) return ok;
    if (plan_.part.first > 0 || poster_found_ || first < next_look_) return {};
    const auto half_second = static_cast<std::int64_t>(plan_.rate.value() / 2);
    next_look_ = first + std::max<std::int64_t>(1, half_second);
    return consider(pictures);
}

Outcome<void> Thumbnails::consider(const std::vector<Av<AVFrame>>& pictures) {
    const double interest = picture_interest(*pictures.back());
    if (interest > poster_interest_) {
        poster_interest_ = interest;
        poster_ = share(*pictures[poster_from_]);
    }
    const auto last_look = static_cast<std::int64_t>(plan_.rate.value() * kPosterWithin);
    poster_found_ = next_look_ > last_look && poster_interest_ > 0;
    return {};
}

Outcome<void> Thumbnails::add_tile(const AVFrame& picture) {
    ++tiles_;
    if (!tile_scaler_) tile_scaler_.emplace(storyboard_.tile(), color_);
    if (plan_.part.is_chunk) return keep_tile(picture);
    const Storyboard::Place place = storyboard_.next_place();
    if (auto ok = tile_scaler_->draw(picture, *place.canvas, place.x, place.y); !ok) return ok;
    return storyboard_.drawn();
}

// Sheets are made once the tiles of all chunks are there.
Outcome<void> Thumbnails::keep_tile(const AVFrame& picture) {
    const Size tile = storyboard_.tile();
    const Av<AVFrame> canvas = make_canvas(tile);
    if (auto ok = tile_scaler_->draw(picture, *canvas, 0, 0); !ok) return ok;
    for (int plane = 0; plane < 3; ++plane) {
        const int half = plane == 0 ? 1 : 2;
        for (int line = 0; line < tile.height / half; ++line) {
            const auto* const from =
                reinterpret_cast<const std::byte*>(canvas->data[plane] + line * canvas->linesize[plane]);
            kept_.insert(kept_.end(), from, from + tile.width / half);
        }
    }
    return {};
}

Outcome<void> write_poster(const OutputFiles& files, const AVFrame& picture, const OutputColor& color) {
    const auto canvas = poster_canvas(picture, color);
    if (!canvas) return std::unexpected(canvas.error());
    const auto jpeg = encode_jpeg(**canvas, picture.height, kPosterQuality);
    if (!jpeg) return std::unexpected(jpeg.error());
    return write_file(files, picture_name("poster.jpg"), *jpeg);
}

Outcome<void> Thumbnails::write_poster() {
    if (plan_.draft) return worker::write_poster(files_, *poster_, color_);
    const auto canvas = poster_canvas(*poster_, color_);
    if (!canvas) return std::unexpected(canvas.error());
    PictureForms forms;
    return write_picture(files_, "poster", **canvas, poster_->height, kPosterQuality, forms);
}

Outcome<MadeThumbs> Thumbnails::finish(std::int64_t ticks) {
    if (poster_)
        if (auto ok = write_poster(); !ok) return std::unexpected(std::move(ok.error()));
    if (plan_.draft) return MadeThumbs{};
    if (!plan_.part.is_chunk)
        return storyboard_.finish(av_rescale(ticks, 1000 * plan_.rate.den, plan_.rate.num));
    if (auto ok = write_file(files_, picture_name(std::string(kTilesFile)), kept_); !ok)
        return std::unexpected(std::move(ok.error()));
    return MadeThumbs{0,
                      0,
                      storyboard_.tile().width,
                      storyboard_.tile().height,
                      0,
                      static_cast<double>(storyboard_.interval_ms()) / 1000};
}

}  // namespace mezz::worker
