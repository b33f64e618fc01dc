#include "media/piece_cutter.hpp"

#include "core/rescale.hpp"

namespace mezz::media {

bool SyncCutter::begins_piece(const Sample& sample) {
    if (!sample.sync) return false;
    const std::int64_t ms = rescale(sample.dts + sample.composition_offset, 1000, timescale_);
    const std::int64_t slot = ms / kPieceSpacingMs - (ms < 0 ? 1 : 0);
    if (slot_ && slot <= *slot_) return false;
    slot_ = slot;
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
