#include "media/file_index.hpp"

#include <algorithm>

namespace mezz::media {

std::int64_t TrackView::piece_time(std::uint32_t i) const noexcept {
    if (i >= piece_count()) return record_->end;
    const PieceBlock& block = array<PieceBlock>(record_->blocks)[i / kPiecesPerBlock];
    std::int64_t time = block.time;
    for (const Piece& piece : pieces().subspan(i - i % kPiecesPerBlock, i % kPiecesPerBlock))
        time += piece.duration;
    return time;
}

std::uint64_t TrackView::bytes_before(std::uint32_t i) const noexcept {
    if (i >= piece_count()) return record_->bytes;
    const PieceBlock& block = array<PieceBlock>(record_->blocks)[i / kPiecesPerBlock];
    std::uint64_t bytes = block.bytes;
    for (const Piece& piece : pieces().subspan(i - i % kPiecesPerBlock, i % kPiecesPerBlock))
        bytes += piece.bytes;
    return bytes;
}

std::string_view TrackView::written_language() const noexcept {
    const std::string_view extended = record_->about.language.data();
    const std::string_view code = record_->language.data();
    return !extended.empty() || code == "und" ? extended : code;
}

std::uint16_t TrackView::displayed_width() const noexcept {
    const std::uint64_t width =
        std::uint64_t{record_->width} * record_->pixel_aspect_h / record_->pixel_aspect_v;
    return static_cast<std::uint16_t>(std::min<std::uint64_t>(width, UINT16_MAX));
}

bool TrackView::is_turned() const noexcept {
    ByteReader in(record_->matrix);  // a b u c d v x y w
    const std::int32_t a = in.i32();
    const std::int32_t b = in.i32();
    in.skip(4);
    const std::int32_t c = in.i32();
    const std::int32_t d = in.i32();
    return a == 0 && d == 0 && b != 0 && c != 0;
}

std::uint32_t TrackView::key_bytes(std::uint32_t i) const noexcept {
    if (record_->kind != TrackKind::video) return 0;
    if (record_->layout == Layout::fragments) return pieces()[i].extra;
    return array<std::uint32_t>(record_->key_sizes)[i];
}

std::uint32_t TrackView::samples_before(std::uint32_t i) const noexcept {
    switch (record_->layout) {
        case Layout::sample_tables:
            return positions()[i].sample;
        case Layout::scanned:
            return fragment_positions()[i].sample;
        case Layout::fragments:
            break;
    }
    return 0;
}

std::uint32_t TrackView::nearest_piece(std::int64_t time) const noexcept {
    const auto blocks = array<PieceBlock>(record_->blocks);
    const auto after = std::ranges::upper_bound(blocks, time, {}, &PieceBlock::time);
    if (after == blocks.begin()) return 0;
    auto i = static_cast<std::uint32_t>(after - blocks.begin() - 1) * kPiecesPerBlock;
    std::int64_t start = blocks[i / kPiecesPerBlock].time;
    const auto all = pieces();
    while (i < all.size() && start + all[i].duration <= time)
        start += all[i++].duration;
    if (i == all.size()) return i;
    return time - start <= start + all[i].duration - time ? i : i + 1;
}

PieceWalk::Found PieceWalk::nearest(std::int64_t time) noexcept {
    const auto all = track_.pieces();
    std::uint32_t piece = piece_;  // not the members: each step would write them to memory
    std::int64_t begin = time_;
    std::int64_t end = begin;  // of `piece`
    while (piece < all.size() && (end = begin + all[piece].duration) <= time) {
        begin = end;
        ++piece;
    }
    piece_ = piece;
    time_ = begin;
    Found found{piece, begin};
    if (piece < all.size() && time >= begin && time - begin > end - time) found = {piece + 1, end};
    if (found.piece == all.size()) found.time = track_->end;
    return found;
}

}  // namespace mezz::media
