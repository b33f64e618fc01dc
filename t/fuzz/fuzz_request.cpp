// Fuzzes what comes from outside besides tokens: path and query of a request, asset.json, the picture
// service.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string>
#include <string_view>

#include "catalog/asset.hpp"
#include "media/picture_call.hpp"
#include "package/clip.hpp"
#include "package/picture_pick.hpp"
#include "package/playback_query.hpp"
#include "package/request_path.hpp"

namespace {

using mezz::package::Format;
using mezz::package::RequestPath;
using mezz::package::Resource;

void require(bool holds, const std::source_location& where = std::source_location::current()) {
    if (holds) return;
    std::fprintf(stderr, "rule at line %u does not hold\n", static_cast<unsigned>(where.line()));
    std::abort();
}

std::string leaf_of(const RequestPath& path) {
    const std::string rendition(path.rendition);
    switch (path.resource) {
        case Resource::multivariant_playlist:
            return "master.m3u8";
        case Resource::manifest:
            return "manifest.mpd";
        case Resource::media_playlist:
            return rendition + ".m3u8";
        case Resource::init_segment:
            return rendition + "_init.mp4";
        case Resource::segment:
            return rendition + "_" + std::to_string(path.number) +
                   (path.format == Format::hls ? ".ts" : ".m4s");
        case Resource::text_segment:
            return rendition + "_" + std::to_string(path.number) + ".vtt";
        case Resource::text_file:
            return rendition + ".vtt";
        case Resource::iframe_playlist:
            return rendition + "_iframes.m3u8";
        case Resource::iframe:
            return rendition + "_iframe_" + std::to_string(path.number) +
                   (path.format == Format::hls ? ".ts" : ".m4s");
        case Resource::download:
            return rendition + ".mp4";
        case Resource::poster:
            return "poster.jpg";
        case Resource::storyboard:
            return "storyboard.vtt";
        case Resource::storyboard_sheet:
            return "storyboard_" + std::to_string(path.number) + ".jpg";
        case Resource::frame:
            return "at_" + std::to_string(path.number) + ".jpg";
        case Resource::key_frame:
            return "key_" + std::to_string(path.number) + ".jpg";
    }
    std::abort();
}

// What was parsed spells the path again, so no two paths mean one thing.
void check_path(std::string_view text) {
    const auto path = mezz::package::parse_request_path(text);
    if (!path) return;
    std::string again(path->title);
    if (!again.empty() || text.starts_with('/')) again += '/';
    again += to_text(path->format);
    again += '/';
    if (!path->revision.empty()) again += std::string(path->revision) + '/';
    again += leaf_of(*path);
    require(again == text);
}

// The part of a title that was read is written so that it reads the same.
void check_query(std::string_view text) {
    const auto query = mezz::package::parse_playback_query(text);
    if (!query) return;
    const auto& [filter, range] = *query;
    require(filter.min_height <= filter.max_height && filter.codecs < 1U << 10);
    if (range.to) require(*range.to > range.from.value_or(0));
    mezz::package::Clip clip;
    clip.asked = range;
    const std::string carried = with_clip("?token=t", clip);
    const auto again = mezz::package::parse_playback_query(std::string_view(carried).substr(1));
    require(again && again->clip.from == range.from && again->clip.to == range.to);
    require(again->filter.passes_all());
}

void check_asset(std::string_view json) {
    const auto asset = mezz::catalog::parse_asset(json);
    if (!asset) return;
    require(!asset->renditions.empty());
    for (const auto& rendition : asset->renditions) {
        require(mezz::catalog::is_rendition_name(rendition.name));
        require(mezz::catalog::is_plain_file_name(rendition.file));
        require(rendition.file.find('/') == std::string::npos && rendition.file[0] != '.');
        require(rendition.language.find_first_of("/\"<>&_ ") == std::string::npos);
    }
}

}  // namespace

// Two spellings of a size may mean one, but what they mean is in range.
void check_size(std::string_view query) {
    const auto size = mezz::package::parse_picture_size(query);
    if (!size) return;
    for (const unsigned side : {size->width, size->height})
        require(side == 0 ||
                (side >= mezz::package::kSmallestPicture && side <= mezz::package::kLargestPicture));
}

// What the picture service reads, which then decodes it, and what the module reads of the service.
void check_picture_call(std::string_view text) {
    using namespace mezz::media;
    const mezz::Bytes bytes = mezz::as_bytes(text);
    (void)parse_picture_answer(bytes);
    if (bytes.size() < kPictureOrderPrefix) return;
    const auto sizes = parse_picture_order_prefix(bytes.first(kPictureOrderPrefix));
    if (!sizes) return;
    const auto order = parse_picture_order(bytes.subspan(kPictureOrderPrefix), sizes->data);
    if (!order) return;
    std::vector<std::byte> again;
    write_picture_order(*order, again);
    require(std::ranges::equal(mezz::Bytes(again).subspan(kPictureOrderPrefix),
                               bytes.subspan(kPictureOrderPrefix)));
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_path(text);
    check_query(text);
    check_asset(text);
    check_size(text);
    check_picture_call(text);
    return 0;
}
