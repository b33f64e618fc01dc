// What the catalog says of a video: an entry of PostgreSQL, and its copy in Redis.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "catalog/asset.hpp"
#include "core/error.hpp"

namespace mezz::catalog {

inline constexpr std::string_view kUnknownEntry = R"({"status":"unknown"})";  ///< there is no such video
inline constexpr int kEntryTtl = 300;                                         ///< seconds, in Redis
inline constexpr int kUnknownTtl = 5;                                         ///< seconds, of kUnknownEntry
inline constexpr std::string_view kInvalidateChannel = "mezz:invalidate";     ///< messages are video ids
inline constexpr std::string_view kJobsStream = "mezz:jobs";
inline constexpr std::string_view kJobsGroup = "workers";
inline constexpr std::string_view kDeadStream = "mezz:dead";
inline constexpr int kJobsMaxLength = 100000;      ///< entries, about
inline constexpr std::size_t kMaxEntry = 1 << 20;  ///< bytes

/// The key of a video's entry in Redis.
[[nodiscard]] std::string asset_key(std::string_view video_id);

/// The key of a worker's heartbeat in Redis.
[[nodiscard]] std::string worker_key(std::string_view worker_id);

enum class EntryStatus : std::uint8_t {
    unknown,  ///< there never was such a video
    uploading,
    processing,
    ready,
    failed,
    gone,  ///< taken down
};

struct CatalogEntry {
    EntryStatus status = EntryStatus::unknown;
    std::uint64_t revision = 0;
    std::string title;              ///< of a video that is ready, as it is called now; may be empty
    Asset asset;                    ///< of a video that is ready, else empty
    std::optional<Asset> previous;  ///< what it was before, as long as its files are there
};

/// Parses the text of mezz_catalog_entry, or kUnknownEntry, which is not trusted. Fails with bad_media,
/// naming the member, if it is neither, larger than kMaxEntry, or the entry of another video than `video_id`
/// (a UUID in lower case).
[[nodiscard]] Result<CatalogEntry> parse_catalog_entry(std::string_view json, std::string_view video_id);

}  // namespace mezz::catalog
