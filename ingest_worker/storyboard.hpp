// The sheets of small pictures of a title, and the list of what they show.
#pragma once

#include "jpeg.hpp"
#include "output_files.hpp"
#include "picture_forms.hpp"
#include "transcode_report.hpp"

namespace mezz::worker {

/// The bytes of a tile in kTilesFile.
[[nodiscard]] constexpr std::size_t tile_bytes(Size tile) noexcept {
    return static_cast<std::size_t>(tile.width) * static_cast<std::size_t>(tile.height) * 3 / 2;
}

/// Writes thumbs/{name}.jpg of the canvas's upper `height` lines, and beside it its other forms.
[[nodiscard]] Outcome<void> write_picture(const OutputFiles& files, const std::string& name,
                                          const AVFrame& canvas, int height, int quality,
                                          PictureForms& forms);

/// Writes thumbs/storyboard_{n}.jpg, sheets of 5 × 5 tiles (all of one size, the last one black behind its
/// tiles), and thumbs/storyboard.vtt; beside each JPEG its other forms.
class Storyboard {
public:
    /// A tile each `interval_ms` from 0 on; its sides are even.
    Storyboard(const OutputFiles& files, Size tile, std::int64_t interval_ms)
        : files_(files), tile_(tile), interval_ms_(interval_ms) {}

    /// Where the next tile is to be drawn.
    struct Place {
        AVFrame* canvas = nullptr;
        int x = 0;
        int y = 0;
    };
    [[nodiscard]] Place next_place();

    /// The tile at next_place() was drawn.
    [[nodiscard]] Outcome<void> drawn();

    /// Writes what is left; `end_ms` is the length of the title.
    [[nodiscard]] Outcome<MadeThumbs> finish(std::int64_t end_ms);

    [[nodiscard]] std::int64_t tiles() const noexcept { return tiles_; }
    [[nodiscard]] Size tile() const noexcept { return tile_; }
    [[nodiscard]] std::int64_t interval_ms() const noexcept { return interval_ms_; }

private:
    [[nodiscard]] Outcome<void> write_sheet();
    [[nodiscard]] Outcome<void> write_list(std::int64_t end_ms);

    const OutputFiles& files_;
    Size tile_;
    std::int64_t interval_ms_;
    Av<AVFrame> sheet_;
    PictureForms forms_;
    std::int64_t tiles_ = 0;
    int sheets_ = 0;
};

/// Makes the storyboard of the tiles in a file.
[[nodiscard]] Outcome<TranscodeReport> make_sheets(int tiles_fd, const Piece& piece,
                                                   const OutputFiles& files);

}  // namespace mezz::worker
