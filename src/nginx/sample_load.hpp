// Reading the sample tables or fragments of a segment.
#pragma once

#include <vector>

#include "media/sample.hpp"
#include "nginx/media_file.hpp"
#include "package/title.hpp"

namespace mezz::nginx {

/// The samples of some pieces of a track, in decoding order; empty for no pieces. Fails with bad_media if the
/// file is broken there.
[[nodiscard]] Task<Result<std::vector<media::Sample>>> load_samples(RequestFlow& flow, const MediaFile& file,
                                                                    media::TrackView track,
                                                                    package::PieceRange pieces);

}  // namespace mezz::nginx
