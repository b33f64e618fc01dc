#include "catalog/asset.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/language.hpp"

namespace mezz::catalog {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostRenditions = 64;
constexpr std::size_t kMostSubtitles = 64;
constexpr std::uint64_t kVersion = 1;

bool is_letter_or_digit(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// An optional text; nullptr-free: absent gives an empty one. False if it is there and no text.
bool read_text(const Json& object, const char* key, std::string& out) {
    const auto found = object.find(key);
    if (found == object.end()) return true;
    if (!found->is_string()) return false;
    out = found->get_ref<const std::string&>();
    return true;
}

// An optional truth value, false if absent. False if it is there and none.
bool read_flag(const Json& object, const char* key, bool& out) {
    const auto found = object.find(key);
    if (found == object.end()) return true;
    if (!found->is_boolean()) return false;
    out = found->get<bool>();
    return true;
}

// An optional whole number, 0 if absent. False if it is there and none, or above `most`.
template <class T>
bool read_number(const Json& object, const char* key, std::uint64_t most, T& out) {
    const auto found = object.find(key);
    if (found == object.end()) return true;
    if (!found->is_number_unsigned() || found->get<std::uint64_t>() > most) return false;
    out = static_cast<T>(found->get<std::uint64_t>());
    return true;
}

// Playlists have codecs between quotes.
bool is_codecs(std::string_view text) noexcept {
    constexpr std::size_t kLongest = 255;
    return text.size() <= kLongest && std::ranges::all_of(text, [](const char c) {
               return is_letter_or_digit(c) || c == '.' || c == ',' || c == '-' || c == '_' || c == ' ';
           });
}

// True if the member is there and true to its name; `fine` becomes false if it is there and anything else.
bool has_picture(const Json& thumbs, const char* key, std::string_view name, bool& fine) {
    const auto found = thumbs.find(key);
    if (found == thumbs.end()) return false;
    const bool right = found->is_string() && found->get_ref<const std::string&>() == name;
    fine = fine && right;
    return right;
}

// How the sheets of a storyboard are made up. False if it is there and not valid.
bool read_tiles(const Json& thumbs, AssetThumbs& out) {
    constexpr std::uint64_t kMostPixels = 4096;
    constexpr std::uint64_t kMostTiles = 64;
    constexpr double kLongest = 3600;  // seconds
    if (!read_number(thumbs, "tile_width", kMostPixels, out.tile_width) ||
        !read_number(thumbs, "tile_height", kMostPixels, out.tile_height))
        return false;
    if (thumbs.contains("columns") && !read_number(thumbs, "columns", kMostTiles, out.columns)) return false;
    if (thumbs.contains("rows") && !read_number(thumbs, "rows", kMostTiles, out.rows)) return false;
    const auto interval = thumbs.find("interval");
    if (interval == thumbs.end()) return true;
    const double seconds = interval->is_number() ? interval->get<double>() : 0;
    out.interval_ms =
        seconds > 0 && seconds <= kLongest ? static_cast<std::uint32_t>(std::lround(seconds * 1000)) : 0;
    return out.interval_ms > 0 && out.columns > 0 && out.rows > 0;
}

Result<AssetThumbs> read_thumbs(const Json& document) {
    constexpr std::uint64_t kMostSheets = 100000;
    AssetThumbs thumbs;
    const auto found = document.find("thumbs");
    if (found == document.end()) return thumbs;
    if (!found->is_object()) return fail(ErrorCode::bad_media, "asset.json: \"thumbs\" must be an object");
    bool fine = true;
    thumbs.poster = has_picture(*found, "poster", "thumbs/poster.jpg", fine);
    thumbs.storyboard = has_picture(*found, "storyboard", "thumbs/storyboard.vtt", fine);
    if (!fine)
        return fail(ErrorCode::bad_media,
                    "asset.json: pictures must be thumbs/poster.jpg and thumbs/storyboard.vtt");
    if (!read_number(*found, "sheets", kMostSheets, thumbs.sheets) ||
        thumbs.storyboard != (thumbs.sheets > 0))
        return fail(ErrorCode::bad_media,
                    "asset.json: \"sheets\" must be the number of a storyboard's pictures");
    if (!read_tiles(*found, thumbs))
        return fail(ErrorCode::bad_media, "asset.json: what \"thumbs\" says of tiles is not valid");
    return thumbs;
}

// What the worker tells of a rendition and plain folders do not.
bool read_facts(const Json& item, AssetRendition& rendition) {
    constexpr std::uint64_t kMostPixels = 65535;
    constexpr std::uint64_t kMostBits = 1ULL << 40;
    return read_number(item, "width", kMostPixels, rendition.width) &&
           read_number(item, "height", kMostPixels, rendition.height) &&
           read_number(item, "bandwidth", kMostBits, rendition.bandwidth) &&
           read_text(item, "codecs", rendition.codecs) && is_codecs(rendition.codecs);
}

Result<AssetRendition> read_rendition(const Json& item) {
    AssetRendition rendition;
    if (!item.is_object()) return fail(ErrorCode::bad_media, "asset.json: a rendition is no object");
    if (!read_text(item, "name", rendition.name) || !is_rendition_name(rendition.name))
        return fail(ErrorCode::bad_media, "asset.json: a rendition's \"name\" is missing or not allowed");
    if (!read_text(item, "file", rendition.file) || !is_plain_file_name(rendition.file))
        return fail(ErrorCode::bad_media,
                    "asset.json: a rendition's \"file\" is missing or not in the folder");
    if (!read_text(item, "language", rendition.language) || !read_text(item, "label", rendition.label))
        return fail(ErrorCode::bad_media, "asset.json: \"language\" and \"label\" must be texts");
    if (!rendition.language.empty() && !is_language_tag(rendition.language))
        return fail(ErrorCode::bad_media,
                    "asset.json: \"language\" must be a tag such as \"en\" or \"pt-BR\"");
    rendition.language = canonical_language(rendition.language);
    if (!read_flag(item, "default", rendition.is_default) ||
        !read_flag(item, "described", rendition.is_described) ||
        !read_flag(item, "commentary", rendition.is_commentary))
        return fail(ErrorCode::bad_media,
                    "asset.json: \"default\", \"described\" and \"commentary\" must be true or false");
    if (!read_facts(item, rendition))
        return fail(ErrorCode::bad_media,
                    "asset.json: \"width\", \"height\", \"bandwidth\" or \"codecs\" is not valid");
    return rendition;
}

Result<std::vector<AssetRendition>> read_renditions(const Json& list) {
    std::vector<AssetRendition> renditions;
    if (!list.is_array() || list.empty() || list.size() > kMostRenditions)
        return fail(ErrorCode::bad_media, "asset.json: \"renditions\" must be a list of 1 to 64");
    for (const Json& item : list) {
        auto rendition = read_rendition(item);
        if (!rendition) return std::unexpected(rendition.error());
        const bool repeated =
            std::ranges::any_of(renditions, [&](const auto& r) { return r.name == rendition->name; });
        if (repeated) return fail(ErrorCode::bad_media, "asset.json: two renditions have one name");
        renditions.push_back(std::move(*rendition));
    }
    return renditions;
}

Result<AssetSubtitles> read_subtitles_item(const Json& item) {
    AssetSubtitles text;
    if (!item.is_object() || !read_text(item, "name", text.name) || !is_rendition_name(text.name))
        return fail(ErrorCode::bad_media,
                    "asset.json: a \"name\" in \"subtitles\" is missing or not allowed");
    if (!read_text(item, "file", text.file) || !is_plain_file_name(text.file))
        return fail(ErrorCode::bad_media,
                    "asset.json: a \"file\" in \"subtitles\" is missing or not in the folder");
    if (!read_text(item, "language", text.language) || !read_text(item, "label", text.label) ||
        (!text.language.empty() && !is_language_tag(text.language)))
        return fail(ErrorCode::bad_media,
                    "asset.json: \"language\" or \"label\" in \"subtitles\" is not valid");
    text.language = canonical_language(text.language);
    if (!read_flag(item, "default", text.is_default) || !read_flag(item, "forced", text.is_forced) ||
        !read_flag(item, "sdh", text.is_sdh))
        return fail(ErrorCode::bad_media,
                    "asset.json: \"default\", \"forced\" and \"sdh\" must be true or false");
    return text;
}

Result<std::vector<AssetSubtitles>> read_subtitles(const Json& document,
                                                   const std::vector<AssetRendition>& renditions) {
    std::vector<AssetSubtitles> all;
    const auto list = document.find("subtitles");
    if (list == document.end()) return all;
    if (!list->is_array() || list->size() > kMostSubtitles)
        return fail(ErrorCode::bad_media, "asset.json: \"subtitles\" must be a list of at most 64");
    for (const Json& item : *list) {
        auto text = read_subtitles_item(item);
        if (!text) return std::unexpected(text.error());
        const auto is_same = [&](const auto& other) { return other.name == text->name; };
        if (std::ranges::any_of(all, is_same) || std::ranges::any_of(renditions, is_same))
            return fail(ErrorCode::bad_media, "asset.json: two renditions have one name");
        all.push_back(std::move(*text));
    }
    return all;
}

}  // namespace

Result<Asset> parse_asset(std::string_view json) {
    return read_asset(Json::parse(json, nullptr, false));
}

Result<Asset> read_asset(const Json& document) {
    if (!document.is_object()) return fail(ErrorCode::bad_media, "asset.json: is no JSON object");
    const auto version = document.find("version");
    if (version == document.end() || !version->is_number_unsigned() ||
        version->get<std::uint64_t>() != kVersion)
        return fail(ErrorCode::bad_media, "asset.json: \"version\" must be 1");
    Asset asset;
    const auto revision = document.find("revision");
    if (revision == document.end() || !revision->is_number_unsigned())
        return fail(ErrorCode::bad_media, "asset.json: \"revision\" must be a whole number");
    asset.revision = revision->get<std::uint64_t>();
    if (!read_text(document, "title", asset.title))
        return fail(ErrorCode::bad_media, "asset.json: \"title\" must be a text");
    constexpr std::uint64_t kLongest = 1ULL << 40;  // 34 years
    if (!read_number(document, "duration_ms", kLongest, asset.duration_ms))
        return fail(ErrorCode::bad_media, "asset.json: \"duration_ms\" must be a whole number");
    const auto list = document.find("renditions");
    auto renditions = read_renditions(list == document.end() ? Json() : *list);
    if (!renditions) return std::unexpected(renditions.error());
    asset.renditions = std::move(*renditions);
    auto subtitles = read_subtitles(document, asset.renditions);
    if (!subtitles) return std::unexpected(subtitles.error());
    asset.subtitles = std::move(*subtitles);
    const auto thumbs = read_thumbs(document);
    if (!thumbs) return std::unexpected(thumbs.error());
    asset.thumbs = *thumbs;
    return asset;
}

bool is_rendition_name(std::string_view name) noexcept {
    constexpr std::size_t kLongest = 40;
    if (name.empty() || name.size() > kLongest || name == "master") return false;
    return std::ranges::all_of(name,
                               [](const char c) { return is_letter_or_digit(c) || c == '-' || c == '.'; });
}

bool is_language_tag(std::string_view tag) noexcept {
    constexpr std::size_t kLongest = 15;
    if (tag.empty() || tag.size() > kLongest || tag.front() == '-' || tag.back() == '-') return false;
    return std::ranges::all_of(tag, [](const char c) { return is_letter_or_digit(c) || c == '-'; });
}

bool is_plain_file_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= 255 && name[0] != '.' &&
           name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

}  // namespace mezz::catalog
