#include "core/text.hpp"
#include "package/iframes.hpp"
#include "package/xml_attribute.hpp"

namespace mezz::package {
namespace {

// The I-frames from n on, before `last`, that last equally long.
std::uint32_t run_of(std::span<const std::int64_t> starts, std::uint32_t n, std::uint32_t last) noexcept {
    std::uint32_t end = n + 1;
    while (end < last && starts[end + 1] - starts[end] == starts[n + 1] - starts[n])
        ++end;
    return end - n;
}

void append_timeline(const IFrameLine& line, PieceRange listed, std::string& out) {
    out += "<SegmentTimeline>";
    const std::vector<std::int64_t> starts = starts_of(line);
    std::uint32_t run = 0;
    for (std::uint32_t n = listed.first; n < listed.last; n += run) {
        run = run_of(starts, n, listed.last);
        out += "<S";
        if (n == listed.first) append_attribute(out, "t", static_cast<std::uint64_t>(starts[n]));
        append_attribute(out, "d", static_cast<std::uint64_t>(starts[n + 1] - starts[n]));
        if (run > 1) append_attribute(out, "r", run - 1);
        out += "/>";
    }
    out += "</SegmentTimeline>";
}

void append_url(const TitleView& title, const RenditionRecord& rendition, std::string_view name,
                std::string_view leaf, std::string_view query, std::string& out) {
    out += ' ';
    out += name;
    out += "=\"";
    out += title.revision();
    out += '/';
    out += rendition.name.data();
    out += leaf;
    append_xml(out, query);
    out += '"';
}

void append_representation(const TitleView& title, const RenditionRecord& rendition,
                           const media::TrackView& track, const std::optional<Clip>& clip,
                           std::string_view query, std::string& out) {
    const TrackTimeline line = timeline(title, track);
    const PieceRange listed = listed_iframes(line, clip);
    out += "<Representation id=\"";
    out += rendition.name.data();
    out += "-iframes\" codecs=\"";
    out += rendition.codec_string.data();
    out += '"';
    append_attribute(out, "bandwidth", rendition.iframes_cmaf.peak);
    append_frame_size(track, out);
    out += " codingDependency=\"false\"><SegmentTemplate";
    append_attribute(out, "timescale", track->timescale);
    append_attribute(out, "startNumber", listed.first);
    if (clip) append_attribute(out, "presentationTimeOffset", clip_offset(*clip, track->timescale));
    append_url(title, rendition, "initialization", "_init.mp4", query, out);
    append_url(title, rendition, "media", "_iframe_$Number$.m4s", query, out);
    out += '>';
    append_timeline(IFrameLine(line), listed, out);
    out += "</SegmentTemplate></Representation>";
}

}  // namespace

bool write_trick_set(const TitleView& title, std::span<const media::TrackView> tracks, const VideoSet& video,
                     std::string_view query, unsigned id, std::string& out) {
    const auto renditions = title.renditions();
    bool open = false;
    for (const std::size_t i : video.members) {
        if (renditions[i].iframes_cmaf.peak == 0) continue;
        if (!open) {
            out += "<AdaptationSet";
            append_attribute(out, "id", id);
            out +=
                " contentType=\"video\" mimeType=\"video/mp4\" segmentAlignment=\"true\" startWithSAP=\"1\">"
                "<EssentialProperty schemeIdUri=\"http://dashif.org/guidelines/trickmode\"";
            append_attribute(out, "value", video.id);
            out += "/>";
            out += video.properties;
            open = true;
        }
        append_representation(title, renditions[i], tracks[i], video.clip, query, out);
    }
    if (open) out += "</AdaptationSet>\n";
    return open;
}

}  // namespace mezz::package
