// The catalog of videos: shared memory, then Redis, then PostgreSQL.
#pragma once

#include <string>
#include <string_view>

#include "catalog/catalog_entry.hpp"
#include "nginx/background.hpp"
#include "nginx/request_flow.hpp"
#include "nginx/zone.hpp"

namespace mezz::nginx {

/// What shared memory holds of a video, followed by its title and the entry's text.
struct CatalogStamp {
    std::uint64_t revision;
    ngx_msec_t fetched;  ///< as ngx_current_msec
    std::uint32_t title_bytes;
    catalog::EntryStatus status;
};

/// An entry of the catalog, as shared memory holds it.
class CatalogRecord {
public:
    explicit CatalogRecord(Block block) noexcept : block_(std::move(block)) {}

    [[nodiscard]] const CatalogStamp& stamp() const noexcept {
        return *reinterpret_cast<const CatalogStamp*>(block_.bytes().data());
    }
    /// The entry as parse_catalog_entry() reads it.
    [[nodiscard]] std::string_view text() const noexcept {
        return as_text(block_.bytes().subspan(sizeof(CatalogStamp) + stamp().title_bytes));
    }
    /// CatalogEntry::title.
    [[nodiscard]] std::string_view title() const noexcept {
        return as_text(block_.bytes().subspan(sizeof(CatalogStamp), stamp().title_bytes));
    }

private:
    Block block_;
};

/// Looks a video up by its id, a UUID in lower case. One request of a worker asks the backends, others that
/// want the same video wait for it. A video that is known is given out as it was known while neither backend
/// answers; otherwise it fails with busy.
[[nodiscard]] Task<Result<CatalogRecord>> look_up_video(RequestFlow& flow, std::string video_id);

/// The video has changed: this worker, and all others by their own calls, look it up anew.
void forget_video(std::string_view video_id) noexcept;

/// Changes may have been missed: everything that was fetched before now is looked up anew.
void doubt_all_videos() noexcept;

/// Tells all nodes, by Redis, that a video has been taken down; `entry` says so. Once it has tried, the flow
/// tells true; it goes on trying while Redis is away, for as long as that may still hold an older entry.
[[nodiscard]] Task<Result<void>> announce_takedown(BackgroundFlow& flow, const std::string& video_id,
                                                   const std::string& entry);

/// Tells all nodes, by Redis, what PostgreSQL says now of a video that has changed. It tries once: a worker's
/// sweep tells what was not told.
[[nodiscard]] Task<Result<void>> announce_change(BackgroundFlow& flow, const std::string& video_id);

}  // namespace mezz::nginx
