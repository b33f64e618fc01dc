#include <algorithm>
#include <vector>

#include "core/text.hpp"
#include "core/utf8.hpp"
#include "package/hls_choices.hpp"
#include "package/iframes.hpp"
#include "package/playlist.hpp"

namespace mezz::package {
namespace {

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

// Of the text that comes on top of a variant when it is shown.
BitRate most_text(const TitleView& title) {
    BitRate most;
    for (const TextRecord& text : title.texts()) {
        most.peak = std::max(most.peak, text.rate.peak);
        most.average = std::max(most.average, text.rate.average);
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
    std::vector<std::string_view> other_codecs;
    std::string_view group;  ///< empty if it has none
    bool range = false;      ///< VIDEO-RANGE is told
    Format format = Format::hls;
};

void append_variant(const TitleView& title, const Variant& variant, std::string_view query,
                    std::string& out) {
    const RenditionRecord& rendition = variant.rendition;
    const BitRate text = most_text(title);
    out += "#EXT-X-STREAM-INF:BANDWIDTH=";
    append_number(out, variant.rate.peak + text.peak);
    out += ",AVERAGE-BANDWIDTH=";
    append_number(out, variant.rate.average + text.average);
    out += ",CODECS=\"";
    out += rendition.codec_string.data();
    for (const std::string_view codec : variant.other_codecs) {
        out += ',';
        out += codec;
    }
    out += '"';
    if (!is_audio(rendition)) {
        append_resolution(rendition, variant.format, out);
        if (rendition.frame_rate_milli != 0) append_frame_rate(rendition.frame_rate_milli, out);
        if (variant.range) {
            out += ",VIDEO-RANGE=";
            out += to_text(rendition.range);
        }
    }
    if (!variant.group.empty()) {
        out += ",AUDIO=\"";
        out += variant.group;
        out += '"';
    }
    if (!title.texts().empty()) {
        out += ",SUBTITLES=\"";
        out += kTextGroup;
        out += '"';
    }
    out += '\n';
    append_uri(title, rendition, query, out);
    out += '\n';
}

// What of a title a multivariant playlist of one format is made from.
struct Selection {
    std::vector<const RenditionRecord*> video;
    std::vector<const RenditionRecord*> audio;
    const RenditionRecord* muxed = nullptr;  ///< the audio that the video's segments carry
    bool range = false;                      ///< VIDEO-RANGE is told: not all is what players assume

    /// Audio is listed. The only audio there is, in the segments themselves, needs no choice.
    [[nodiscard]] bool has_choice() const noexcept {
        return audio.size() > 1 || (!video.empty() && !audio.empty() && muxed == nullptr);
    }
};

Selection select(const TitleView& title, Format format) {
    Selection selection;
    for (const RenditionRecord& rendition : title.renditions()) {
        if (format == Format::hls && !rendition.in_ts) continue;
        (is_audio(rendition) ? selection.audio : selection.video).push_back(&rendition);
        if (!is_audio(rendition) &&
            (rendition.codec != media::Codec::h264 || rendition.range != media::VideoRange::sdr))
            selection.range = true;
    }
    if (format == Format::hls && !selection.video.empty()) selection.muxed = title.muxed_audio();
    return selection;
}

// The most that audio of a group which is not in the variant itself adds to it.
BitRate beside(const AudioGroup& group, const Selection& selection, Format format) noexcept {
    BitRate most;
    for (const RenditionRecord* member : group.members) {
        if (member == selection.muxed) continue;
        const BitRate& rate = format == Format::hls ? member->ts : member->cmaf;
        most.peak = std::max(most.peak, rate.peak);
        most.average = std::max(most.average, rate.average);
    }
    return most;
}

// A variant of video with the audio of a group beside it. What is muxed is listed even if the group is of
// another codec: it is in the segments.
Variant video_variant(const RenditionRecord& video, const AudioGroup* group, const Selection& selection,
                      Format format) {
    Variant variant{.rendition = video,
                    .rate = format == Format::hls ? video.ts : video.cmaf,
                    .other_codecs = {},
                    .group = {},
                    .range = selection.range,
                    .format = format};
    if (group == nullptr) return variant;
    const BitRate more = beside(*group, selection, format);
    variant.rate.peak += more.peak;
    variant.rate.average += more.average;
    variant.other_codecs = codecs_beside(video.codec_string.data(), *group);
    if (selection.muxed != nullptr) {
        const std::string_view codec = selection.muxed->codec_string.data();
        if (std::ranges::find(variant.other_codecs, codec) == variant.other_codecs.end())
            variant.other_codecs.push_back(codec);
    }
    if (selection.has_choice()) variant.group = group->id;
    return variant;
}

// Any member of the group may be what is heard.
Variant audio_variant(const AudioGroup& group, const RenditionRecord& main, const Selection& selection,
                      Format format) {
    Variant variant{.rendition = main,
                    .rate = {},
                    .other_codecs = codecs_beside(main.codec_string.data(), group),
                    .group = selection.has_choice() ? std::string_view(group.id) : std::string_view(),
                    .format = format};
    for (const RenditionRecord* member : group.members) {
        const BitRate& rate = format == Format::hls ? member->ts : member->cmaf;
        variant.rate.peak = std::max(variant.rate.peak, rate.peak);
        variant.rate.average = std::max(variant.rate.average, rate.average);
    }
    return variant;
}

// What is left of a title with pictures on a poor connection: the group that costs least, or the one whose
// sound is in the segments of the pictures.
void append_sound_alone(const TitleView& title, std::span<const AudioGroup> groups,
                        const Selection& selection, Format format, std::string_view query, std::string& out) {
    const AudioGroup* chosen = nullptr;
    for (const AudioGroup& group : groups) {
        const bool fits = selection.muxed == nullptr ||
                          std::ranges::find(group.members, selection.muxed) != group.members.end();
        if (fits && (chosen == nullptr || group.main->cmaf.peak < chosen->main->cmaf.peak)) chosen = &group;
    }
    if (chosen == nullptr) return;
    const RenditionRecord& main = selection.muxed != nullptr ? *selection.muxed : *chosen->main;
    append_variant(title, audio_variant(*chosen, main, selection, format), query, out);
}

// Apple's authoring specification: players show it as the title.
void append_name(std::string_view name, std::string& out) {
    constexpr std::size_t kLongest = 1000;  // code points
    if (name.empty()) return;
    out += "#EXT-X-SESSION-DATA:DATA-ID=\"com.apple.hls.title\",VALUE=\"";
    for (std::size_t n = 0; n < kLongest && !name.empty(); ++n) {
        const std::string_view before = name;
        const auto code = pop_code_point(name);
        if (!code) name.remove_prefix(1);
        if (code && !is_control(*code)) append_quoted(out, before.substr(0, before.size() - name.size()));
    }
    out += "\"\n";
}

}  // namespace

void append_resolution(const RenditionRecord& rendition, Format format, std::string& out) {
    const bool lying = rendition.turned && format == Format::hls;
    out += ",RESOLUTION=";
    append_number(out, lying ? rendition.height : rendition.width);
    out += 'x';
    append_number(out, lying ? rendition.width : rendition.height);
}

bool carries_each_kind(const TitleView& title, Format format) noexcept {
    if (format != Format::hls) return true;
    const auto renditions = title.renditions();
    return std::ranges::all_of(renditions, [renditions](const RenditionRecord& rendition) {
        return rendition.in_ts || std::ranges::any_of(renditions, [&rendition](const RenditionRecord& other) {
                   return other.kind == rendition.kind && other.in_ts;
               });
    });
}

void write_multivariant_playlist(const TitleView& title, Format format, std::string_view token,
                                 std::string& out, const std::optional<Clip>& clip, std::string_view name) {
    const std::string query = with_clip(token, clip);
    const Selection selection = select(title, format);
    const std::vector<AudioGroup> groups = group_audio(selection.audio);
    out.reserve(out.size() + 256 + (title.renditions().size() + title.texts().size()) * (320 + query.size()));
    out += "#EXTM3U\n";
    if (title.header().independent != 0) out += "#EXT-X-INDEPENDENT-SEGMENTS\n";
    append_start(clip, out);
    append_name(name.empty() ? title.name() : name, out);
    if (selection.has_choice()) append_audio_choices(title, groups, selection.muxed, query, out);
    append_text_choices(title, format, query, out);
    if (groups.empty())
        for (const RenditionRecord* video : selection.video)
            append_variant(title, video_variant(*video, nullptr, selection, format), query, out);
    for (const AudioGroup& group : groups) {
        for (const RenditionRecord* video : selection.video)
            append_variant(title, video_variant(*video, &group, selection, format), query, out);
        if (selection.video.empty())
            append_variant(title, audio_variant(group, *group.main, selection, format), query, out);
    }
    if (!selection.video.empty()) append_sound_alone(title, groups, selection, format, query, out);
    write_iframe_streams(title, format, selection.range, query, out);
}

}  // namespace mezz::package
