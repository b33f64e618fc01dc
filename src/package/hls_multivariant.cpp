#include <algorithm>
#include <vector>

#include "core/text.hpp"
#include "package/iframes.hpp"
#include "package/playlist.hpp"

namespace mezz::package {
namespace {

constexpr std::string_view kAudioGroup = "audio";

bool is_audio(const RenditionRecord& rendition) noexcept {
    return rendition.kind == media::TrackKind::audio;
}

void append_uri(const TitleView& title, const RenditionRecord& rendition, std::string_view query,
                std::string& out) {
    out += title.revision();
    out += '/';
    out += rendition.name.data();
    out += ".m3u8";
    out += query;
}

std::string audio_name(const TitleView& title, const RenditionRecord& rendition) {
    const auto name_of = [](const RenditionRecord& r) {
        return r.label[0] != '\0' ? r.label.data() : r.language[0] != '\0' ? r.language.data() : "Audio";
    };
    const std::string_view name = name_of(rendition);
    unsigned same = 1;
    for (const RenditionRecord& other : title.renditions()) {
        if (&other == &rendition) break;
        if (is_audio(other) && name_of(other) == name) ++same;
    }
    std::string text;
    append_quoted(text, name);
    if (same > 1) {
        text += ' ';
        append_number(text, same);
    }
    return text;
}

void append_audio(const TitleView& title, const RenditionRecord& audio, Format format, std::string_view query,
                  std::string& out) {
    out += "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"";
    out += kAudioGroup;
    out += "\",NAME=\"";
    out += audio_name(title, audio);
    out += '"';
    if (audio.language[0] != '\0') {
        out += ",LANGUAGE=\"";
        append_quoted(out, audio.language.data());
        out += '"';
    }
    out += audio.is_default ? ",DEFAULT=YES,AUTOSELECT=YES" : ",DEFAULT=NO,AUTOSELECT=YES";
    out += ",CHANNELS=\"";
    append_number(out, audio.channels);
    out += '"';
    const bool muxed = format == Format::hls && audio.is_default && title.has_video();
    if (!muxed) {
        out += ",URI=\"";
        append_uri(title, audio, query, out);
        out += '"';
    }
    out += '\n';
}

struct AudioSummary {
    BitRate most;
    std::vector<std::string_view> codecs;
};

// Of the audio that can be played beside a variant and is not in it.
AudioSummary summarise_audio(const TitleView& title, Format format) {
    AudioSummary summary;
    for (const RenditionRecord& rendition : title.renditions()) {
        if (!is_audio(rendition)) continue;
        const std::string_view codec = rendition.codec_string.data();
        if (std::ranges::find(summary.codecs, codec) == summary.codecs.end()) summary.codecs.push_back(codec);
        if (format == Format::hls) continue;
        summary.most.peak = std::max(summary.most.peak, rendition.cmaf.peak);
        summary.most.average = std::max(summary.most.average, rendition.cmaf.average);
    }
    return summary;
}

// In TS a variant already holds the default audio; another one that is chosen instead comes on top.
BitRate other_audio_in_ts(const TitleView& title) {
    BitRate most;
    for (const RenditionRecord& rendition : title.renditions()) {
        if (!is_audio(rendition) || rendition.is_default) continue;
        most.peak = std::max(most.peak, rendition.ts.peak);
        most.average = std::max(most.average, rendition.ts.average);
    }
    return most;
}

void append_frame_rate(std::uint64_t milli, std::string& out) {
    out += ",FRAME-RATE=";
    append_number(out, milli / 1000);
    char fraction[5] = ".000";
    for (std::uint64_t i = 3, rest = milli % 1000; i > 0; --i, rest /= 10)
        fraction[i] = static_cast<char>('0' + rest % 10);
    out.append(fraction, 4);
}

struct Variant {
    const RenditionRecord& rendition;
    BitRate rate;
    std::span<const std::string_view> audio_codecs;
    bool audio_group = false;
};

void append_variant(const TitleView& title, const Variant& variant, std::string_view query,
                    std::string& out) {
    const RenditionRecord& rendition = variant.rendition;
    out += "#EXT-X-STREAM-INF:BANDWIDTH=";
    append_number(out, variant.rate.peak);
    out += ",AVERAGE-BANDWIDTH=";
    append_number(out, variant.rate.average);
    out += ",CODECS=\"";
    out += rendition.codec_string.data();
    for (const std::string_view codec : variant.audio_codecs) {
        out += ',';
        out += codec;
    }
    out += '"';
    if (!is_audio(rendition)) {
        out += ",RESOLUTION=";
        append_number(out, rendition.width);
        out += 'x';
        append_number(out, rendition.height);
        if (rendition.frame_rate_milli != 0) append_frame_rate(rendition.frame_rate_milli, out);
    }
    if (variant.audio_group) {
        out += ",AUDIO=\"";
        out += kAudioGroup;
        out += '"';
    }
    out += '\n';
    append_uri(title, rendition, query, out);
    out += '\n';
}

}  // namespace

void write_multivariant_playlist(const TitleView& title, Format format, std::string_view query,
                                 std::string& out) {
    const auto renditions = title.renditions();
    const auto audio_count = std::ranges::count_if(renditions, is_audio);
    const bool video = title.has_video();
    const bool group = video ? (format == Format::cmaf ? audio_count > 0 : audio_count > 1) : audio_count > 1;
    out.reserve(out.size() + 128 + renditions.size() * (320 + query.size()));
    out += "#EXTM3U\n#EXT-X-INDEPENDENT-SEGMENTS\n";
    if (group)
        for (const RenditionRecord& rendition : renditions)
            if (is_audio(rendition)) append_audio(title, rendition, format, query, out);
    const AudioSummary audio = summarise_audio(title, format);
    const BitRate beside = format == Format::hls ? other_audio_in_ts(title) : audio.most;
    for (const RenditionRecord& rendition : renditions) {
        if (video ? is_audio(rendition) : !rendition.is_default) continue;
        BitRate rate = format == Format::hls ? rendition.ts : rendition.cmaf;
        if (video) {
            rate.peak += beside.peak;
            rate.average += beside.average;
        }
        append_variant(
            title,
            {rendition, rate, video ? std::span(audio.codecs) : std::span<const std::string_view>(), group},
            query, out);
    }
    write_iframe_streams(title, format, query, out);
}

}  // namespace mezz::package
