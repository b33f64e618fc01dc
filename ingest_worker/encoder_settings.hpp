// What each video encoder is told. The result depends on nothing else, so nothing is left to the machine.
#pragma once

#include "picture_graph.hpp"
#include "plan.hpp"

namespace mezz::worker {

/// Of libavcodec.
[[nodiscard]] const char* encoder_name(VideoCodec codec) noexcept;

/// Whether the encoder itself begins a group at each of its `gop` pictures. Told so for each picture, x264
/// would spend less on those just before, to which it then knows that nothing refers: that shows as pumping.
[[nodiscard]] bool keeps_the_grid(VideoCodec codec) noexcept;

/// Size, times, colours and rate of the rendition.
void configure_encoder(AVCodecContext& context, const VideoPlan& video, const RenditionPlan& rendition,
                       const OutputColor& color);

/// Quality, groups of pictures and threads, in the encoder's own words.
void set_encoder_options(Options& options, const VideoPlan& video, const RenditionPlan& rendition);

}  // namespace mezz::worker
