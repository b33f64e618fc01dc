// MPEG-TS segments, remuxed while they are sent.
#pragma once

#include "nginx/respond.hpp"
#include "nginx/title_loader.hpp"

namespace mezz::nginx {

/// Sends segment `number` of a rendition, video together with the title's default audio. Needs less than
/// 512 KiB of memory whatever the segment's size, and reads no further ahead than the client takes. The
/// length in `head` is filled in. Fails with not_found if the rendition has nothing there.
[[nodiscard]] Task<Result<ngx_int_t>> stream_ts_segment(RequestFlow& flow, const LoadedTitle& title,
                                                        const package::RenditionRecord& rendition,
                                                        std::uint32_t number, ResponseHead head);

/// Sends picture `number` of a video rendition's I-frame playlist alone, in the same way.
[[nodiscard]] Task<Result<ngx_int_t>> stream_ts_iframe(RequestFlow& flow, const LoadedTitle& title,
                                                       const package::RenditionRecord& rendition,
                                                       std::uint32_t number, ResponseHead head);

}  // namespace mezz::nginx
