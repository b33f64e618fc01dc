// MP4 files with text tracks.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "media/text_track_reader.hpp"
#include "mp4_driver.hpp"
#include "mp4_fixture.hpp"

namespace mezz::test {

/// A sample of text: how long it lasts in milliseconds, and its bytes.
struct TextSample {
    std::uint32_t duration = 1000;
    Buffer bytes{};
};

/// The sample entry of tx3g.
inline Buffer tx3g_entry(std::uint32_t display_flags = 0, unsigned face = 0) {
    return box("tx3g", Fields().zeros(6).u16(1).u32(display_flags).zeros(14).zeros(6).u8(face).zeros(5));
}

inline Buffer wvtt_entry() {
    return box("wvtt", Fields().zeros(6).u16(1).add(box("vttC", Fields().text("WEBVTT"))));
}

/// A style record of tx3g.
inline Buffer style(unsigned begin, unsigned end, unsigned face) {
    return Fields().u16(begin).u16(end).u16(1).u8(face).u8(12).u32(0xFFFFFFFF);
}

inline Buffer styles(const std::vector<Buffer>& records) {
    Fields out;
    out.u16(records.size());
    for (const Buffer& record : records)
        out.add(record);
    return box("styl", out);
}

inline Buffer tx3g(std::string_view text, Bytes modifiers = {}) {
    return Fields().u16(text.size()).text(text).add(modifiers);
}

inline Buffer wvtt_cue(std::string_view payload, std::string_view settings = {}) {
    Fields out;
    if (!settings.empty()) out.add(box("sttg", Fields().text(settings)));
    return box("vttc", out.add(box("payl", Fields().text(payload))));
}

/// Appends a text track to a file; its samples are written with place_texts().
inline void add_text_track(FileSpec& spec, Buffer entry, const std::vector<TextSample>& samples) {
    TrackSpec track;
    track.video = false;
    track.id = static_cast<std::uint32_t>(spec.tracks.size() + 1);
    track.timescale = 1000;
    track.entry = std::move(entry);
    track.chunks = {1};
    for (const TextSample& sample : samples)
        track.frames.push_back({static_cast<std::uint32_t>(sample.bytes.size()), sample.duration, 0, true});
    spec.tracks.push_back(std::move(track));
}

/// Writes the samples of the file's track `t` where they belong.
inline void place_texts(Mp4File& file, std::size_t t, const std::vector<TextSample>& samples) {
    for (std::size_t i = 0; i < samples.size(); ++i)
        std::ranges::copy(samples[i].bytes,
                          file.bytes.begin() + static_cast<std::ptrdiff_t>(file.samples[t][i].offset));
}

/// The index of a text track's cues.
inline Result<Buffer> read_text(Bytes file, media::TrackView track, std::uint64_t most_bytes = 1 << 20) {
    media::TextTrackReader reader(track, file.size(), most_bytes);
    while (const auto need = reader.need())
        if (const auto ok = reader.feed(range_of(file, *need)); !ok) return std::unexpected(ok.error());
    return reader.take_index();
}

}  // namespace mezz::test
