#include <algorithm>
#include <numeric>
#include <vector>

#include "core/rescale.hpp"
#include "core/text.hpp"
#include "package/dash_tiles.hpp"
#include "package/iframes.hpp"
#include "package/playlist.hpp"
#include "package/xml_attribute.hpp"

namespace mezz::package {
namespace {

using media::TrackKind;

// What the whole manifest is about.
struct Of {
    std::string_view query;  // behind each URL
    const std::optional<Clip>& clip;
};

// An xs:duration of a number of milliseconds.
std::string duration_text(std::uint64_t ms) {
    std::string text = "PT";
    append_number(text, ms / 1000);
    const auto rest = static_cast<unsigned>(ms % 1000);
    text += '.';
    for (const unsigned digit : {rest / 100, rest / 10 % 10, rest % 10})
        text += static_cast<char>('0' + digit);
    return text + 'S';
}

// Joins segments of equal duration to one S element (ISO/IEC 23009-1 §5.3.9.6).
class TimelineWriter {
public:
    explicit TimelineWriter(std::string& out) noexcept : out_(out) {}
    void add(std::int64_t start, std::int64_t duration) {
        if (open_ && duration_ == duration) {
            ++repeats_;
            return;
        }
        finish();
        start_ = start;
        duration_ = duration;
        open_ = true;
    }
    void finish() {
        if (!open_) return;
        out_ += "<S";
        if (first_)
            append_attribute(out_, "t", static_cast<std::uint64_t>(std::max<std::int64_t>(start_, 0)));
        append_attribute(out_, "d", static_cast<std::uint64_t>(duration_));
        if (repeats_ > 0) append_attribute(out_, "r", repeats_);
        out_ += "/>";
        first_ = false;
        repeats_ = 0;
    }

private:
    std::string& out_;
    std::int64_t start_ = 0;
    std::int64_t duration_ = 0;
    std::uint64_t repeats_ = 0;
    bool open_ = false;
    bool first_ = true;
};

void append_segments(const TitleView& title, const RenditionRecord& rendition, const media::TrackView& track,
                     const Of& of, std::string& out) {
    const TrackTimeline line = timeline(title, track);
    const SegmentStarts starts(line);
    auto [first, last] = listed_segments(line, of.clip);
    while (first < last && starts.empty(first))
        ++first;
    std::string base(title.revision());
    base += '/';
    base += rendition.name.data();
    out += "<SegmentTemplate";
    append_attribute(out, "timescale", track->timescale);
    append_attribute(out, "startNumber", first);
    if (of.clip) append_attribute(out, "presentationTimeOffset", clip_offset(*of.clip, track->timescale));
    append_attribute(out, "initialization", base + "_init.mp4" + std::string(of.query));
    append_attribute(out, "media", base + "_$Number$.m4s" + std::string(of.query));
    out += "><SegmentTimeline>";
    TimelineWriter segments(out);
    for (std::uint32_t n = first; n < last; ++n)
        if (!starts.empty(n))
            segments.add(starts.media_start(n), starts.start(n + 1) - starts.media_start(n));
    segments.finish();
    out += "</SegmentTimeline></SegmentTemplate>";
}

void append_frame_rate(const RenditionRecord& rendition, const media::TrackView& track, std::string& out) {
    const std::uint32_t frame = track->shortest_duration;
    std::string rate;
    if (frame != 0 &&
        rescale(1000, track->timescale, frame) == static_cast<std::int64_t>(rendition.frame_rate_milli)) {
        const std::uint32_t divisor = std::gcd(track->timescale, frame);
        append_number(rate, track->timescale / divisor);
        if (frame != divisor) {
            rate += '/';
            append_number(rate, frame / divisor);
        }
    } else if (rendition.frame_rate_milli != 0) {
        append_number(rate, rendition.frame_rate_milli);
        rate += "/1000";
    }
    if (!rate.empty()) append_attribute(out, "frameRate", rate);
}

void append_property(std::string_view element, std::string_view scheme, std::string_view value,
                     std::string& out) {
    out += '<';
    out += element;
    append_attribute(out, "schemeIdUri", scheme);
    append_attribute(out, "value", value);
    out += "/>";
}

// Dolby's codecs tell which channels there are, and Atmos what it is made of (DASH-IF IOP part 8); others how
// many (ISO/IEC 23003-3).
void append_channels(const RenditionRecord& rendition, const media::AudioFormat& format, std::string& out) {
    if (format.dolby_channels == 0) {
        std::string count;
        append_number(count, rendition.channels);
        append_property("AudioChannelConfiguration", "urn:mpeg:dash:23003:3:audio_channel_configuration:2011",
                        count, out);
        return;
    }
    std::string mask;
    for (const unsigned shift : {12U, 8U, 4U, 0U})
        mask += "0123456789ABCDEF"[format.dolby_channels >> shift & 15U];
    append_property("AudioChannelConfiguration", "tag:dolby.com,2014:dash:audio_channel_configuration:2011",
                    mask, out);
    if (format.joc_complexity == 0) return;
    std::string complexity;
    append_number(complexity, format.joc_complexity);
    append_property("SupplementalProperty", "tag:dolby.com,2018:dash:EC3_ExtensionType:2018", "JOC", out);
    append_property("SupplementalProperty", "tag:dolby.com,2018:dash:EC3_ExtensionComplexityIndex:2018",
                    complexity, out);
}

void append_representation(const TitleView& title, const RenditionRecord& rendition,
                           const media::TrackView& track, const Of& of, std::string& out) {
    out += "<Representation";
    append_attribute(out, "id", rendition.name.data());
    append_attribute(out, "codecs", rendition.codec_string.data());
    append_attribute(out, "bandwidth", rendition.cmaf.peak);
    if (rendition.kind == TrackKind::video) {
        append_frame_size(track, out);
        append_frame_rate(rendition, track, out);
        out += '>';
    } else {
        append_attribute(out, "audioSamplingRate", rendition.sample_rate);
        out += '>';
        append_channels(rendition, track->audio, out);
    }
    append_segments(title, rendition, track, of, out);
    out += "</Representation>";
}

// A player that does not know these must not choose what it would show in wrong colours.
void append_dynamic_range(const media::Color& color, std::string& out) {
    if (color.video_range() == media::VideoRange::sdr) return;
    const auto append = [&](std::string_view scheme, unsigned value) {
        std::string text;
        append_number(text, value);
        append_property("EssentialProperty", scheme, text, out);
    };
    append("urn:mpeg:mpegB:cicp:ColourPrimaries", color.primaries);
    append("urn:mpeg:mpegB:cicp:TransferCharacteristics", color.transfer);
    append("urn:mpeg:mpegB:cicp:MatrixCoefficients", color.matrix);
}

void append_role(std::string_view role, std::string& out) {
    out += "<Role";
    append_attribute(out, "schemeIdUri", "urn:mpeg:dash:role:2011");
    append_attribute(out, "value", role);
    out += "/>";
}

// For whom sound or text is made, by the table that DASH-IF IOP and DVB-DASH use (ETSI TS 102 822-3-1).
void append_accessibility(std::string_view purpose, std::string& out) {
    append_property("Accessibility", "urn:tva:metadata:cs:AudioPurposeCS:2007", purpose, out);
}

void open_adaptation_set(const TitleView& title, const RenditionRecord& rendition,
                         const media::TrackView& track, unsigned id, std::string& out) {
    const bool video = rendition.kind == TrackKind::video;
    out += "<AdaptationSet";
    append_attribute(out, "id", id);
    append_attribute(out, "contentType", video ? "video" : "audio");
    append_attribute(out, "mimeType", video ? "video/mp4" : "audio/mp4");
    if (rendition.language[0] != '\0' && !video) append_attribute(out, "lang", rendition.language.data());
    append_attribute(out, "segmentAlignment", "true");
    append_attribute(out, "startWithSAP", video && title.header().independent == 0 ? 3 : 1);
    out += '>';
    if (video) append_dynamic_range(track->color, out);
    if (rendition.label[0] != '\0' && !video) {
        out += "<Label>";
        append_xml(out, rendition.label.data());
        out += "</Label>";
    }
    if (rendition.is_described) append_accessibility("1", out);
    append_role(video || rendition.is_default ? "main"
                : rendition.is_commentary     ? "commentary"
                                              : "alternate",
                out);
}

// Players switch between the representations of a set: video of one codec and one range of colours.
bool is_switchable(const RenditionRecord& a, const RenditionRecord& b) noexcept {
    return a.kind == TrackKind::video && b.kind == TrackKind::video && a.codec == b.codec &&
           a.range == b.range;
}

// One file for the whole title: dash.js and Shaka both take text so.
void append_text(const TitleView& title, const TextRecord& text, unsigned id, const Of& of,
                 std::string& out) {
    out += "<AdaptationSet";
    append_attribute(out, "id", id);
    append_attribute(out, "contentType", "text");
    append_attribute(out, "mimeType", "text/vtt");
    if (text.language[0] != '\0') append_attribute(out, "lang", text.language.data());
    out += '>';
    if (text.label[0] != '\0') {
        out += "<Label>";
        append_xml(out, text.label.data());
        out += "</Label>";
    }
    if (text.is_sdh) append_accessibility("2", out);
    append_role(text.is_forced ? "forced-subtitle" : text.is_sdh ? "caption" : "subtitle", out);
    if (text.is_default) append_role("main", out);
    out += "<Representation";
    append_attribute(out, "id", text.name.data());
    append_attribute(out, "bandwidth", text.rate.peak);
    out += "><BaseURL>../subs/";
    out += title.revision();
    out += '/';
    append_xml(out, text.name.data());
    out += ".vtt";
    append_xml(out, with_clip(of.query, of.clip));
    out += "</BaseURL></Representation></AdaptationSet>\n";
}

std::string duration_of(const TitleView& title, const std::optional<Clip>& clip) {
    if (!clip) {
        const std::int64_t end = rescale(title.boundaries().back(), 1000, title.header().timescale);
        return duration_text(static_cast<std::uint64_t>(end));
    }
    std::string text = "PT";
    append_seconds(text, static_cast<std::uint64_t>(clip->duration()));
    return text + 'S';
}

void append_head(const TitleView& title, const std::optional<Clip>& clip, std::string& out) {
    out += "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"";
    append_attribute(out, "type", "static");
    append_attribute(out, "profiles", "urn:mpeg:dash:profile:isoff-live:2011");
    append_attribute(out, "mediaPresentationDuration", duration_of(title, clip));
    append_attribute(out, "maxSegmentDuration",
                     duration_text(std::uint64_t{title.header().longest_cmaf_ms} + 1));
    append_attribute(out, "minBufferTime", duration_text(2000));
    out += ">\n<Period id=\"0\" start=\"PT0S\">\n";
}

}  // namespace

void append_frame_size(const media::TrackView& track, std::string& out) {
    std::uint32_t width = track->width;
    std::uint32_t height = track->height;
    std::uint32_t across = track->pixel_aspect_h;
    std::uint32_t upright = track->pixel_aspect_v;
    if (track.is_turned()) {
        std::swap(width, height);
        std::swap(across, upright);
    }
    const std::uint32_t divisor = std::gcd(across, upright);
    append_attribute(out, "width", width);
    append_attribute(out, "height", height);
    std::string sar;
    append_number(sar, across / divisor);
    sar += ':';
    append_number(sar, upright / divisor);
    append_attribute(out, "sar", sar);
}

void write_manifest(const TitleView& title, std::span<const media::TrackView> tracks, std::string_view query,
                    std::string& out, const std::optional<Clip>& clip) {
    const auto renditions = title.renditions();
    const std::optional<Clip> shown = clip ? std::optional(from_key_frame(*clip, tracks)) : std::nullopt;
    const Of of{query, shown};
    append_head(title, shown, out);
    unsigned sets = 0;
    std::vector<bool> written(renditions.size());
    std::vector<VideoSet> videos;
    for (std::size_t i = 0; i < renditions.size(); ++i) {
        if (written[i]) continue;
        VideoSet set{.id = sets++, .members = {}, .properties = {}, .clip = shown};
        open_adaptation_set(title, renditions[i], tracks[i], set.id, out);
        for (std::size_t k = i; k < renditions.size(); ++k) {
            if (k != i && !is_switchable(renditions[i], renditions[k])) continue;
            append_representation(title, renditions[k], tracks[k], of, out);
            written[k] = true;
            set.members.push_back(k);
        }
        out += "</AdaptationSet>\n";
        if (renditions[i].kind != TrackKind::video) continue;
        append_dynamic_range(tracks[i]->color, set.properties);
        videos.push_back(std::move(set));
    }
    for (const TextRecord& text : title.texts())
        append_text(title, text, sets++, of, out);
    for (const VideoSet& video : videos)
        if (write_trick_set(title, tracks, video, query, sets, out)) ++sets;
    // Sheets are counted from the title's start, and players take it that they are from the clip's.
    if (!clip || clip->from == 0) write_tile_set(title, query, sets, out);
    out += "</Period>\n</MPD>\n";
}

}  // namespace mezz::package
