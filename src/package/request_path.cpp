#include "package/request_path.hpp"

#include "core/text.hpp"

#include <charconv>
#include <cstring>
#include <utility>

namespace mezz::package {
namespace {

constexpr std::string_view kMasterName = "master";
constexpr std::string_view kIFrames = "_iframes";
constexpr std::string_view kIFrame = "_iframe";

std::optional<Format> parse_format(std::string_view text) noexcept {
    if (text == "hls") return Format::hls;
    if (text == "cmaf") return Format::cmaf;
    if (text == "subs") return Format::subs;
    if (text == "thumbs") return Format::thumbs;
    if (text == "download") return Format::download;
    return std::nullopt;
}

// Takes the last component off a path.
std::string_view pop_component(std::string_view& path) noexcept {
    const void* slash = path.empty() ? nullptr : ::memrchr(path.data(), '/', path.size());
    if (slash == nullptr) return std::exchange(path, {});
    const auto at = static_cast<std::size_t>(static_cast<const char*>(slash) - path.data());
    const std::string_view last = path.substr(at + 1);
    path = path.substr(0, at);
    return last;
}

bool strip_suffix(std::string_view& text, std::string_view suffix) noexcept {
    if (!text.ends_with(suffix)) return false;
    text.remove_suffix(suffix.size());
    return true;
}

std::optional<std::uint32_t> parse_number(std::string_view text) noexcept {
    if (text.empty() || text.size() > 9 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool parse_segment(std::string_view leaf, RequestPath& out) noexcept {
    const std::size_t underscore = leaf.rfind('_');
    if (underscore == std::string_view::npos || underscore == 0) return false;
    const auto number = parse_number(leaf.substr(underscore + 1));
    if (!number) return false;
    out.resource = Resource::segment;
    out.rendition = leaf.substr(0, underscore);
    out.number = *number;
    if (strip_suffix(out.rendition, kIFrame)) out.resource = Resource::iframe;
    return !out.rendition.empty();
}

bool parse_playlist(std::string_view leaf, RequestPath& out) noexcept {
    out.resource = Resource::media_playlist;
    if (strip_suffix(leaf, kIFrames)) out.resource = Resource::iframe_playlist;
    out.rendition = leaf;
    return !leaf.empty() && (out.resource == Resource::media_playlist || out.format != Format::subs);
}

bool parse_download(std::string_view leaf, RequestPath& out) noexcept {
    out.resource = Resource::download;
    const bool named = strip_suffix(leaf, ".mp4") && !leaf.empty();
    out.rendition = leaf;
    return named && out.revision.empty();
}

// Names of text tracks have no underscore, so these forms differ.
bool parse_text(std::string_view leaf, RequestPath& out) noexcept {
    if (leaf.find('_') == std::string_view::npos) {
        out.resource = Resource::text_file;
        out.rendition = leaf;
        return out.format == Format::subs && !leaf.empty();
    }
    if (!parse_segment(leaf, out) || out.resource != Resource::segment) return false;
    out.resource = Resource::text_segment;
    return true;
}

bool parse_numbered_picture(std::string_view leaf, std::string_view name, Resource resource,
                            RequestPath& out) noexcept {
    if (!leaf.starts_with(name)) return false;
    const auto number = parse_number(leaf.substr(name.size()));
    out.resource = resource;
    out.number = number.value_or(0);
    return number.has_value();
}

bool parse_picture(std::string_view leaf, RequestPath& out) noexcept {
    if (leaf == "poster.jpg" || leaf == "storyboard.vtt") {
        out.resource = leaf == "poster.jpg" ? Resource::poster : Resource::storyboard;
        return out.revision.empty();
    }
    if (!strip_suffix(leaf, ".jpg")) return false;
    if (parse_numbered_picture(leaf, "storyboard_", Resource::storyboard_sheet, out))
        return out.revision.empty();
    return parse_numbered_picture(leaf, "at_", Resource::frame, out) ||
           parse_numbered_picture(leaf, "key_", Resource::key_frame, out);
}

bool parse_leaf(std::string_view leaf, RequestPath& out) noexcept {
    if (out.format == Format::thumbs) return parse_picture(leaf, out);
    if (out.format == Format::download) return parse_download(leaf, out);
    if (leaf == "manifest.mpd") {
        out.resource = Resource::manifest;
        return out.format == Format::cmaf && out.revision.empty();
    }
    if (strip_suffix(leaf, ".m3u8")) {
        if (leaf != kMasterName) return parse_playlist(leaf, out);
        out.resource = Resource::multivariant_playlist;
        return out.revision.empty() && out.format != Format::subs;
    }
    if (out.format != Format::cmaf && strip_suffix(leaf, ".vtt")) return parse_text(leaf, out);
    if (out.format == Format::subs) return false;
    if (out.format == Format::hls) return strip_suffix(leaf, ".ts") && parse_segment(leaf, out);
    if (strip_suffix(leaf, "_init.mp4")) {
        out.resource = Resource::init_segment;
        out.rendition = leaf;
        return !leaf.empty();
    }
    return strip_suffix(leaf, ".m4s") && parse_segment(leaf, out);
}

}  // namespace

std::optional<RequestPath> parse_request_path(std::string_view path) noexcept {
    RequestPath out;
    const std::string_view leaf = pop_component(path);
    std::string_view component = pop_component(path);
    auto format = parse_format(component);
    if (!format) {
        out.revision = component;
        format = parse_format(pop_component(path));
        if (!format || out.revision.empty()) return std::nullopt;
    }
    out.format = *format;
    out.title = path;
    if (!parse_leaf(leaf, out)) return std::nullopt;
    return out;
}

void append_selection(std::string& out, const RequestPath& path) {
    out += to_text(path.format);
    out += '-';
    append_number(out, static_cast<unsigned>(path.resource));
    out += path.revision.empty() ? "-" : "r-";
    append_number(out, path.number);
    out += '-';
    out += path.rendition;
}

}  // namespace mezz::package
