// Sample entries of codecs that the usual fixtures do not have.
#pragma once

#include <string_view>

#include "hevc_fixture.hpp"
#include "mp4_boxes.hpp"

namespace mezz::test {

inline Buffer video_entry(std::string_view type, Bytes boxes) {
    return box(type, Fields().zeros(6).u16(1).zeros(16).u16(64).u16(36).zeros(50).add(boxes));
}

inline Buffer audio_entry(std::string_view type, Bytes boxes, unsigned channels = 2) {
    return box(type,
               Fields().zeros(6).u16(1).zeros(8).u16(channels).u16(16).zeros(4).u32(48000U << 16).add(boxes));
}

inline Buffer hevc_entry(std::string_view type, Bytes config, Bytes more = {}) {
    return video_entry(type, join({box("hvcC", config), more}));
}

inline Buffer av1_entry(Bytes more = {}) {
    return video_entry("av01", join({box("av1C", Fields().u32(0x81000C00)), more}));
}

/// 48 kHz, 5.1.
inline Buffer ac3_entry() {
    return audio_entry("ac-3", box("dac3", Fields().u24(0x103DC0)), 6);
}

/// 48 kHz, 5.1 with Dolby Atmos of complexity 16.
inline Buffer atmos_entry() {
    return audio_entry("ec-3", box("dec3", Fields().u32(0x1800200F).u8(0).u16(0x0110)), 6);
}

/// 48 kHz, 7.1: with a substream that depends on the first. There are no frames of silence for it.
inline Buffer dependent_entry() {
    return audio_entry("ec-3", box("dec3", Fields().u32(0x1800200F).u24(0x020080)), 6);
}

inline Buffer opus_entry() {
    return audio_entry("Opus", box("dOps", Fields().u16(2).u16(0x138).u32(48000).u16(0).u8(0)));
}

/// 48 kHz, stereo, blocks of 4608 samples.
inline Buffer flac_entry() {
    return audio_entry(
        "fLaC",
        box("dfLa", Fields().u32(0).u32(0x80000022).u32(0x12001200).zeros(6).u32(0x0BB802F0).zeros(20)));
}

inline Buffer mp3_entry() {
    const Buffer descriptor = Fields()
                                  .u32(0)
                                  .u16(0x0300 | (3 + 15 + 3))
                                  .u16(1)
                                  .u8(0)
                                  .u16(0x040D)
                                  .u16(0x6B15)
                                  .zeros(11)
                                  .u24(0x060102);
    return audio_entry("mp4a", box("esds", descriptor));
}

}  // namespace mezz::test
