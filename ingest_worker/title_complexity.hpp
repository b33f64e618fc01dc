// Per-title encoding: how much of its ladder's caps a title needs, judged from a few of its moments.
#pragma once

#include "job.hpp"
#include "probe.hpp"

namespace mezz::worker {

/// What a moment of the title costs at one size.
struct Sample {
    int height = 0;   ///< lines, or columns if fewer
    double kbps = 0;  ///< at 30 pictures a second, encoded at CRF 23
    double psnr = 0;  ///< of luma, dB
};

/// The rung with a CRF raised (by at most 6) as far as the samples keep 43 dB of luma, at which differences
/// are no longer seen, and a cap lowered to what the most expensive moment needs then, with room, but at
/// least to a quarter. Samples of any two heights or one; without any, the rung as it is.
[[nodiscard]] Rung fit_rung(Rung rung, const std::vector<Sample>& samples);

/// The ladder fitted to the title: encodes about 1 s at each of up to five moments, in two sizes. Rungs as
/// they are where the title has no pictures, is interlaced, or cannot be sampled. `threads` look at that many
/// moments at once; the result depends on nothing but the other arguments. Fails if memory ends.
[[nodiscard]] Outcome<std::vector<Rung>> fit_ladder(int fd, const MediaInfo& info, std::vector<Rung> ladder,
                                                    const Limits& limits, unsigned threads);

}  // namespace mezz::worker
