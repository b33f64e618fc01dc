#include <algorithm>
#include <vector>

#include "core/text.hpp"
#include "package/hls_audio.hpp"
#include "package/iframes.hpp"
#include "package/playlist.hpp"

namespace mezz::package {
namespace {

constexpr std::string_view kTextGroup = "subs";

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

std::string audio_name(const AudioGroup& group, const RenditionRecord& rendition) {
    const auto name_of = [](const RenditionRecord& r) {
        return r.label[0] != '\0' ? r.label.data() : r.language[0] != '\0' ? r.language.data() : "Audio";
    };
    const std::string_view name = name_of(rendition);
    unsigned same = 1;
    for (const RenditionRecord* other : group.members) {
        if (other == &rendition) break;
        if (name_of(*other) == name) ++same;
    }
    std::string text;
    append_quoted(text, name);
    if (same > 1) {
        text += ' ';
        append_number(text, same);
    }
    return text;
}

// Of Dolby Atmos not channels are told, but how many objects and channels it is made of.
void append_channels(const RenditionRecord& audio, std::string& out) {
    out += ",CHANNELS=\"";
    append_number(out, audio.joc_complexity != 0 ? audio.joc_complexity : audio.channels);
    out += audio.joc_complexity != 0 ? "/JOC\"" : "\"";
}

void append_audio(const TitleView& title, const AudioGroup& group, const RenditionRecord& audio, bool muxed,
                  std::string_view query, std::string& out) {
    out += "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"";
    out += group.id;
    out += "\",NAME=\"";
    out += audio_name(group, audio);
    out += '"';
    if (audio.language[0] != '\0') {
        out += ",LANGUAGE=\"";
        append_quoted(out, audio.language.data());
        out += '"';
    }
    out += &audio == group.main ? ",DEFAULT=YES,AUTOSELECT=YES" : ",DEFAULT=NO,AUTOSELECT=YES";
    append_channels(audio, out);
    if (!muxed) {
        out += ",URI=\"";
        append_uri(title, audio, query, out);
        out += '"';
    }
    out += '\n';
}

// NAME must differ in a group (RFC 8216bis §4.4.6.1).
std::string text_name(const TitleView& title, const TextRecord& text) {
    const auto name_of = [](const TextRecord& t) {
        std::string name(t.label[0] != '\0'      ? t.label.data()
                         : t.language[0] != '\0' ? t.language.data()
                                                 : "Subtitles");
        if (t.label[0] == '\0' && t.is_sdh) name += " SDH";
        if (t.label[0] == '\0' && t.is_forced) name += " forced";
        return name;
    };
    const std::string name = name_of(text);
    unsigned same = 1;
    for (const TextRecord& other : title.texts()) {
        if (&other == &text) break;
        if (name_of(other) == name) ++same;
    }
    std::string quoted;
    append_quoted(quoted, name);
    if (same > 1) {
        quoted += ' ';
        append_number(quoted, same);
    }
    return quoted;
}

void append_text(const TitleView& title, const TextRecord& text, Format format, std::string_view query,
                 std::string& out) {
    out += "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"";
    out += kTextGroup;
    out += "\",NAME=\"";
    out += text_name(title, text);
    out += '"';
    if (text.language[0] != '\0') {
        out += ",LANGUAGE=\"";
        append_quoted(out, text.language.data());
        out += '"';
    }
    out += text.is_default ? ",DEFAULT=YES,AUTOSELECT=YES" : ",DEFAULT=NO,AUTOSELECT=YES";
    out += text.is_forced ? ",FORCED=YES" : ",FORCED=NO";
    if (text.is_sdh)
        out +=
            ",CHARACTERISTICS=\"public.accessibility.transcribes-spoken-dialog,"
            "public.accessibility.describes-music-and-sound\"";
    out += format == Format::hls ? ",URI=\"" : ",URI=\"../subs/";
    out += title.revision();
    out += '/';
    out += text.name.data();
    out += ".m3u8";
    out += query;
    out += "\"\n";
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
        out += ",RESOLUTION=";
        append_number(out, rendition.width);
        out += 'x';
        append_number(out, rendition.height);
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
                    .range = selection.range};
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
    // The only audio there is, in the segments themselves, needs no choice.
    if (selection.audio.size() > 1 || selection.muxed == nullptr) variant.group = group->id;
    return variant;
}

Variant audio_variant(const AudioGroup& group, const Selection& selection, Format format) {
    const RenditionRecord& main = *group.main;
    return {.rendition = main,
            .rate = format == Format::hls ? main.ts : main.cmaf,
            .other_codecs = codecs_beside(main.codec_string.data(), group),
            .group = selection.audio.size() > 1 ? std::string_view(group.id) : std::string_view()};
}

}  // namespace

bool has_variants(const TitleView& title, Format format) noexcept {
    return std::ranges::any_of(title.renditions(), [format](const RenditionRecord& rendition) {
        return format != Format::hls || rendition.in_ts;
    });
}

void write_multivariant_playlist(const TitleView& title, Format format, std::string_view token,
                                 std::string& out, const std::optional<Clip>& clip) {
    const std::string query = with_clip(token, clip);
    const Selection selection = select(title, format);
    const std::vector<AudioGroup> groups = group_audio(selection.audio);
    const bool choice =
        selection.audio.size() > 1 || (!selection.video.empty() && selection.muxed == nullptr);
    out.reserve(out.size() + 128 + (title.renditions().size() + title.texts().size()) * (320 + query.size()));
    out += "#EXTM3U\n#EXT-X-INDEPENDENT-SEGMENTS\n";
    append_start(clip, out);
    for (const AudioGroup& group : groups)
        for (const RenditionRecord* member : group.members)
            if (choice) append_audio(title, group, *member, member == selection.muxed, query, out);
    for (const TextRecord& text : title.texts())
        append_text(title, text, format, query, out);
    if (groups.empty())
        for (const RenditionRecord* video : selection.video)
            append_variant(title, video_variant(*video, nullptr, selection, format), query, out);
    for (const AudioGroup& group : groups) {
        for (const RenditionRecord* video : selection.video)
            append_variant(title, video_variant(*video, &group, selection, format), query, out);
        if (selection.video.empty())
            append_variant(title, audio_variant(group, selection, format), query, out);
    }
    write_iframe_streams(title, format, selection.range, query, out);
}

}  // namespace mezz::package
