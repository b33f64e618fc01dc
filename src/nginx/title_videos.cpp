#include "nginx/title_videos.hpp"

#include "core/uuid.hpp"

namespace mezz::nginx {

Task<Result<CatalogRecord>> find_ready_video(RequestFlow& flow, std::string_view title) {
    auto id = canonical_uuid(title);
    if (!id || *id != title) co_return fail(ErrorCode::not_found, "title: is no video's id");
    auto record = co_await look_up_video(flow, std::move(*id));
    if (!record) co_return std::unexpected(record.error());
    if (record->stamp().status != catalog::EntryStatus::ready)
        co_return fail(ErrorCode::not_found, "title: the catalog has no such video that is ready");
    co_return std::move(*record);
}

}  // namespace mezz::nginx
