#include "media/text_draft.hpp"

#include <algorithm>

namespace mezz::media {
namespace {

// So that piece_time() of the next one is right.
void end_piece(TrackDraft& draft, std::int64_t time) noexcept {
    constexpr std::int64_t kLongest = UINT32_MAX;
    if (draft.pieces.empty()) return;
    draft.pieces.back().duration =
        static_cast<std::uint32_t>(std::clamp<std::int64_t>(time - draft.record.end, 0, kLongest));
}

}  // namespace

Result<TrackDraft> draft_text(const MovieTrack& track, SampleSource& source, Layout layout) {
    constexpr std::uint64_t kSamplesOfPiece = 1024;
    constexpr std::uint64_t kMostSamples = 1U << 18;  // between two cues may be one that is empty
    TrackDraft draft = draft_track(track);
    draft.record.layout = layout;
    while (!source.at_end()) {
        const auto sample = source.next();
        if (!sample) return std::unexpected(sample.error());
        if (draft.record.sample_count % kSamplesOfPiece == 0) {
            const std::int64_t time = sample->dts + sample->composition_offset;
            source.mark(draft, false);
            end_piece(draft, time);
            append_piece(draft, time, {});
        }
        if (++draft.record.sample_count > kMostSamples)
            return fail(ErrorCode::too_large, "stsz: over 2^18 samples of text");
    }
    source.mark(draft, true);
    return draft;
}

}  // namespace mezz::media
