#include "thumbnails.hpp"

#include <algorithm>

#include "subtitle_text.hpp"

namespace mezz::worker {
namespace {

constexpr int kColumns = 5;
constexpr int kRows = 5;
constexpr int kTileSide = 160;
constexpr int kTileQuality = 75;
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
      interval_ms_(interval_for(duration)),
      tile_(tile_size(plan.renditions.back().size)) {
    while (poster_from_ + 1 < plan.renditions.size() &&
           std::min(plan.renditions[poster_from_].size.width, plan.renditions[poster_from_].size.height) >
               kPosterSide)
        ++poster_from_;
}

std::int64_t Thumbnails::tile_tick(std::int64_t tile) const noexcept {
    return av_rescale(tile * interval_ms_, plan_.rate.num, plan_.rate.den * 1000);
}

Outcome<void> Thumbnails::add(const std::vector<Av<AVFrame>>& pictures, const OutputColor& color,
                              std::int64_t first, std::int64_t count) {
    color_ = color;
    while (tile_tick(tiles_) < first + count)
        if (auto ok = add_tile(*pictures.back()); !ok) return ok;
    if (poster_found_ || first < next_look_) return {};
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
    const int place = static_cast<int>(tiles_ % (kColumns * kRows));
    if (place == 0) sheet_ = make_canvas({tile_.width * kColumns, tile_.height * kRows});
    if (!tile_scaler_) tile_scaler_.emplace(tile_, color_);
    const int x = place % kColumns * tile_.width;
    const int y = place / kColumns * tile_.height;
    if (auto ok = tile_scaler_->draw(picture, *sheet_, x, y); !ok) return ok;
    ++tiles_;
    return place + 1 == kColumns * kRows ? write_sheet() : Outcome<void>();
}

Outcome<void> Thumbnails::write_sheet() {
    const std::string name = "storyboard_" + std::to_string(sheets_++);
    auto written = write_picture(name, *sheet_, kRows * tile_.height, kTileQuality, sheet_forms_);
    sheet_.reset();
    return written;
}

Outcome<void> write_poster(const OutputFiles& files, const AVFrame& picture, const OutputColor& color) {
    const auto canvas = poster_canvas(picture, color);
    if (!canvas) return std::unexpected(canvas.error());
    const auto jpeg = encode_jpeg(**canvas, picture.height, kPosterQuality);
    if (!jpeg) return std::unexpected(jpeg.error());
    return write_file(files, picture_name("poster.jpg"), *jpeg);
}

Outcome<void> Thumbnails::write_poster() {
    const auto canvas = poster_canvas(*poster_, color_);
    if (!canvas) return std::unexpected(canvas.error());
    PictureForms forms;
    return write_picture("poster", **canvas, poster_->height, kPosterQuality, forms);
}

Outcome<void> Thumbnails::write_picture(const std::string& name, const AVFrame& canvas, int height,
                                        int quality, PictureForms& forms) {
    const auto jpeg = encode_jpeg(canvas, height, quality);
    if (!jpeg) return std::unexpected(jpeg.error());
    if (auto ok = write_file(files_, picture_name(name + ".jpg"), *jpeg); !ok) return ok;
    for (const PictureForms::Form& form : forms.make(canvas, height, *jpeg))
        if (auto ok = write_file(files_, picture_name(name + std::string(form.ending)), form.bytes); !ok)
            return ok;
    return {};
}

// WebVTT with a media fragment for each tile (W3C Media Fragments §4.2.2).
Outcome<void> Thumbnails::write_list(std::int64_t ticks) {
    const std::int64_t end = av_rescale(ticks, 1000 * plan_.rate.den, plan_.rate.num);
    std::string text = "WEBVTT\n";
    for (std::int64_t tile = 0; tile < tiles_; ++tile) {
        const std::int64_t place = tile % (kColumns * kRows);
        text += '\n';
        text += cue_time(tile * interval_ms_) + " --> " +
                cue_time(tile + 1 < tiles_ ? (tile + 1) * interval_ms_ : end);
        text += "\nstoryboard_" + std::to_string(tile / (kColumns * kRows)) +
                ".jpg#xywh=" + std::to_string(place % kColumns * tile_.width) + ',' +
                std::to_string(place / kColumns * tile_.height) + ',' + std::to_string(tile_.width) + ',' +
                std::to_string(tile_.height) + '\n';
    }
    return write_file(files_, picture_name("storyboard.vtt"), as_bytes(text));
}

Outcome<MadeThumbs> Thumbnails::finish(std::int64_t ticks) {
    Outcome<void> ok;
    if (sheet_) ok = write_sheet();
    if (ok && poster_) ok = write_poster();
    if (ok) ok = write_list(ticks);
    if (!ok) return std::unexpected(std::move(ok.error()));
    return MadeThumbs{kColumns,     kRows,   tile_.width,
                      tile_.height, sheets_, static_cast<double>(interval_ms_) / 1000};
}

}  // namespace mezz::worker
