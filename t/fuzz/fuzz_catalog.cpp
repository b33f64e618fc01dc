// Fuzzes what Redis says of a video.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "catalog/catalog_entry.hpp"

namespace {

using mezz::catalog::EntryStatus;

constexpr std::string_view kId = "8c4d0a4e-9d0f-4a55-8a5b-0d6f1c2e3a4b";

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto entry = mezz::catalog::parse_catalog_entry(text, kId);
    if (!entry) return 0;
    const auto& asset = entry->asset;
    require(entry->title.empty() || entry->status == EntryStatus::ready);
    require((entry->status == EntryStatus::ready) == !asset.renditions.empty());
    require(entry->status == EntryStatus::unknown || text.size() > kId.size());
    require(asset.thumbs.storyboard == (asset.thumbs.sheets > 0));
    for (const auto& rendition : asset.renditions) {
        require(mezz::catalog::is_rendition_name(rendition.name));
        require(mezz::catalog::is_plain_file_name(rendition.file));
        require(rendition.codecs.find_first_of("\"\\\n") == std::string_view::npos);
        require(rendition.width <= 65535 && rendition.height <= 65535);
    }
    return 0;
}
