#include "media/piece_cutter.hpp"

#include "core/rescale.hpp"

namespace mezz::media {

bool SyncCutter::begins_piece(const Sample& sample) {
    if (!sample.sync) return false;
    const std::int64_t ms = rescale(sample.dts + sample.composition_offset, 1000, timescale_);
    const std::int64_t slot = ms / kPieceSpacingMs - (ms < 0 ? 1 : 0);
    const bool open = next_ < open_.size() && open_[next_];
    ++next_;
    const bool closes = slot_ == slot && is_open_ && !open;
    if (slot_ && slot <= *slot_ && !closes) return false;
    slot_ = slot;
    is_open_ = open;
    return true;
}

bool FollowingCutter::begins_piece(const Sample& sample) {
    bool cut = first_;
    first_ = false;
    const std::int64_t middle =
        sample.dts + sample.composition_offset + (std::int64_t{sample.duration} + 1) / 2;
    while (next_ < cuts_.times.size() && rescale(cuts_.times[next_], timescale_, cuts_.timescale) < middle) {
        cut = true;
        ++next_;
    }
    return cut;
}

}  // namespace mezz::media
