#include "nginx/scattered_answer.hpp"

#include "core/short_text.hpp"
#include "nginx/conf.hpp"
#include "nginx/gather.hpp"
#include "nginx/metrics.hpp"
#include "nginx/segment_cache.hpp"

namespace mezz::nginx {
namespace {

using package::RenditionRecord;
using Key = ShortText<256>;

// Null: nothing is kept for this location.
ngx_shm_zone_t* zone_of(const RequestFlow& flow) noexcept {
    return mezz_conf(flow.request()).keep_segments != 0 ? mezz_main_conf(flow.request()).segments : nullptr;
}

// The revision tells what the packager makes of a title; the file's identity, which file it was made of, also
// where an operator has replaced one and left the catalog's revision as it was.
Key key_of(const AnswerContext& context, const RenditionRecord& rendition, const MediaFile& file) {
    Key key;
    key += context.title.view().revision();
    key += ' ';
    key += rendition.name.data();
    key.append_raw(context.path.number);
    key.append_raw(file.size);
    key.append_raw(file.modified);
    key.append_raw(file.unique);
    key += context.title.path.view();
    return key;
}

}  // namespace

Block find_kept_segment(const RequestFlow& flow, const AnswerContext& context,
                        const RenditionRecord& rendition, const MediaFile& file) {
    ngx_shm_zone_t* zone = zone_of(flow);
    if (zone == nullptr || rendition.layout == media::Layout::fragments) return {};
    Block kept = SegmentCache(zone).find(key_of(context, rendition, file));
    if (kept) count_kept_segment(true);
    return kept;
}

Task<Result<ngx_int_t>> answer_scattered(RequestFlow& flow, const AnswerContext& context, ResponseHead head,
                                         ScatteredSegment segment) {
    head.length = segment.head.size();
    for (const ByteRange& range : segment.ranges)
        head.length += range.length;
    head.several_buffers = true;
    const ngx_int_t rc = send_head(flow.request(), head);
    if (is_answered(flow.request(), rc)) co_return rc;
    Block block;
    ngx_shm_zone_t* zone = zone_of(flow);
    if (zone != nullptr) {
        count_kept_segment(false);
        const Key key = key_of(context, *segment.rendition, *segment.file);
        block = SegmentCache(zone).reserve(key, static_cast<std::size_t>(head.length));
    }
    if (!block) {
        const auto sent = co_await send_gathered(flow, *segment.file, segment.head, segment.ranges);
        co_return sent;
    }
    const std::vector<std::span<std::byte>> rooms = block.pieces();
    const auto filled = co_await gather(flow, *segment.file, segment.head, segment.ranges, rooms);
    if (!filled) co_return std::unexpected(filled.error());
    // What was written to meanwhile is sent, as it would be otherwise, but nobody else gets it.
    if (is_unchanged(*segment.file)) block = SegmentCache(zone).publish(std::move(block));
    co_return send_block_body(flow.request(), std::move(block));
}

}  // namespace mezz::nginx
