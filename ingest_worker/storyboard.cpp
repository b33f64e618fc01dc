#include "storyboard.hpp"

#include <unistd.h>

#include <cmath>
#include <cstring>

#include "subtitle_text.hpp"

namespace mezz::worker {
namespace {

constexpr int kColumns = 5;
constexpr int kRows = 5;
constexpr int kTileQuality = 75;

std::string picture_name(const std::string& name) {
    return std::string(kThumbsFolder) + '/' + name;
}

// The planes of a tile, as a chunk wrote them, into a canvas.
void copy_tile(const std::byte* from, Size tile, const Storyboard::Place& place) {
    for (int plane = 0; plane < 3; ++plane) {
        const int half = plane == 0 ? 1 : 2;
        const auto width = static_cast<std::size_t>(tile.width / half);
        for (int line = 0; line < tile.height / half; ++line) {
            std::memcpy(place.canvas->data[plane] + (place.y / half + line) * place.canvas->linesize[plane] +
                            place.x / half,
                        from, width);
            from += width;
        }
    }
}

}  // namespace

Outcome<void> write_picture(const OutputFiles& files, const std::string& name, const AVFrame& canvas,
                            int height, int quality, PictureForms& forms) {
    const auto jpeg = encode_jpeg(canvas, height, quality);
    if (!jpeg) return std::unexpected(jpeg.error());
    if (auto ok = write_file(files, picture_name(name + ".jpg"), *jpeg); !ok) return ok;
    for (const PictureForms::Form& form : forms.make(canvas, height, *jpeg))
        if (auto ok = write_file(files, picture_name(name + std::string(form.ending)), form.bytes); !ok)
            return ok;
    return {};
}

Storyboard::Place Storyboard::next_place() {
    const int place = static_cast<int>(tiles_ % (kColumns * kRows));
    if (place == 0 && !sheet_) sheet_ = make_canvas({tile_.width * kColumns, tile_.height * kRows});
    return {sheet_.get(), place % kColumns * tile_.width, place / kColumns * tile_.height};
}

Outcome<void> Storyboard::drawn() {
    return ++tiles_ % (kColumns * kRows) == 0 ? write_sheet() : Outcome<void>();
}

Outcome<void> Storyboard::write_sheet() {
    const std::string name = "storyboard_" + std::to_string(sheets_++);
    auto written = write_picture(files_, name, *sheet_, kRows * tile_.height, kTileQuality, forms_);
    sheet_.reset();
    return written;
}

// WebVTT with a media fragment for each tile (W3C Media Fragments §4.2.2).
Outcome<void> Storyboard::write_list(std::int64_t end_ms) {
    std::string text = "WEBVTT\n";
    for (std::int64_t tile = 0; tile < tiles_; ++tile) {
        const std::int64_t place = tile % (kColumns * kRows);
        text += '\n';
        text += cue_time(tile * interval_ms_) + " --> " +
                cue_time(tile + 1 < tiles_ ? (tile + 1) * interval_ms_ : end_ms);
        text += "\nstoryboard_" + std::to_string(tile / (kColumns * kRows)) +
                ".jpg#xywh=" + std::to_string(place % kColumns * tile_.width) + ',' +
                std::to_string(place / kColumns * tile_.height) + ',' + std::to_string(tile_.width) + ',' +
                std::to_string(tile_.height) + '\n';
    }
    return write_file(files_, picture_name("storyboard.vtt"), as_bytes(text));
}

Outcome<MadeThumbs> Storyboard::finish(std::int64_t end_ms) {
    Outcome<void> ok;
    if (sheet_) ok = write_sheet();
    if (ok) ok = write_list(end_ms);
    if (!ok) return std::unexpected(std::move(ok.error()));
    return MadeThumbs{kColumns,     kRows,   tile_.width,
                      tile_.height, sheets_, static_cast<double>(interval_ms_) / 1000};
}

Outcome<TranscodeReport> make_sheets(int tiles_fd, const Piece& piece, const OutputFiles& files) {
    const Size tile{piece.tile_width, piece.tile_height};
    Storyboard storyboard(files, tile, std::llround(piece.interval_seconds * 1000));
    std::vector<std::byte> bytes(tile_bytes(tile));
    for (off_t offset = 0;; offset += static_cast<off_t>(bytes.size())) {
        const ssize_t got = ::pread(tiles_fd, bytes.data(), bytes.size(), offset);
        if (got == 0) break;
        if (got != static_cast<ssize_t>(bytes.size()))
            return give_up(FailureKind::internal, "A tile of the storyboard is incomplete.");
        copy_tile(bytes.data(), tile, storyboard.next_place());
        if (auto ok = storyboard.drawn(); !ok) return std::unexpected(std::move(ok.error()));
    }
    auto made = storyboard.finish(piece.video_end / 1000);
    if (!made) return std::unexpected(std::move(made.error()));
    TranscodeReport report;
    report.thumbs = *made;
    return report;
}

}  // namespace mezz::worker
