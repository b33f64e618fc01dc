#include "catalog/catalog_entry.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace mezz::catalog {
namespace {

using Json = nlohmann::json;

std::optional<EntryStatus> read_status(const Json& document) {
    constexpr std::array<std::pair<const char*, EntryStatus>, 6> kNames = {{
        {"unknown", EntryStatus::unknown},
        {"uploading", EntryStatus::uploading},
        {"processing", EntryStatus::processing},
        {"ready", EntryStatus::ready},
        {"failed", EntryStatus::failed},
        {"gone", EntryStatus::gone},
    }};
    const auto found = document.find("status");
    if (found == document.end()) return std::nullopt;
    for (const auto& [name, status] : kNames)
        if (*found == name) return status;
    return std::nullopt;
}

}  // namespace

std::string asset_key(std::string_view video_id) {
    return "mezz:asset:" + std::string(video_id);
}

std::string worker_key(std::string_view worker_id) {
    return "mezz:worker:" + std::string(worker_id);
}

Result<CatalogEntry> parse_catalog_entry(std::string_view json, std::string_view video_id) {
    if (json.size() > kMaxEntry) return fail(ErrorCode::bad_media, "catalog entry: is too large");
    const Json document = Json::parse(json, nullptr, false);
    if (!document.is_object()) return fail(ErrorCode::bad_media, "catalog entry: is no JSON object");
    const auto status = read_status(document);
    if (!status) return fail(ErrorCode::bad_media, "catalog entry: \"status\" is missing or not known");
    CatalogEntry entry;
    entry.status = *status;
    if (entry.status == EntryStatus::unknown) return entry;

    const auto id = document.find("video_id");
    if (id == document.end() || *id != video_id)
        return fail(ErrorCode::bad_media, "catalog entry: \"video_id\" is not that of the video");
    const auto revision = document.find("revision");
    if (revision == document.end() || !revision->is_number_unsigned())
        return fail(ErrorCode::bad_media, "catalog entry: \"revision\" must be a whole number");
    entry.revision = revision->get<std::uint64_t>();
    if (entry.status != EntryStatus::ready) return entry;

    const auto title = document.find("title");
    if (title != document.end() && !title->is_null()) {
        if (!title->is_string()) return fail(ErrorCode::bad_media, "catalog entry: \"title\" must be a text");
        entry.title = title->get_ref<const std::string&>();
    }
    const auto found = document.find("asset");
    auto asset = read_asset(found == document.end() ? Json() : *found);
    if (!asset) return std::unexpected(asset.error());
    entry.asset = std::move(*asset);
    const auto before = document.find("previous");
    if (before == document.end() || before->is_null()) return entry;
    auto previous = read_asset(*before);
    if (!previous) return std::unexpected(previous.error());
    entry.previous = std::move(*previous);
    return entry;
}

}  // namespace mezz::catalog
