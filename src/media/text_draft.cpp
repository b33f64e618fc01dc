#include "media/text_draft.hpp"

namespace mezz::media {

Result<TrackDraft> draft_text(const MovieTrack& track, SampleSource& source, Layout layout) {
    constexpr std::uint64_t kSamplesOfPiece = 1024;
    constexpr std::uint64_t kMostSamples = 1U << 18;  // between two cues may be one that is empty
    TrackDraft draft = draft_track(track);
    draft.record.layout = layout;
    while (!source.at_end()) {
        const auto sample = source.next();
        if (!sample) return std::unexpected(sample.error());
        if (draft.record.sample_count % kSamplesOfPiece == 0) {
            source.mark(draft, false);
            append_piece(draft, sample->dts + sample->composition_offset, {});
        }
        if (++draft.record.sample_count > kMostSamples)
            return fail(ErrorCode::too_large, "stsz: over 2^18 samples of text");
    }
    source.mark(draft, true);
    return draft;
}

}  // namespace mezz::media
