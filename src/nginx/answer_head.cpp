#include "nginx/answer_head.hpp"

namespace mezz::nginx {

Caching caching_of(const AnswerContext& context, bool personal) noexcept {
    if (context.revisioned()) return personal ? Caching::immutable_private : Caching::immutable;
    return personal ? Caching::brief_private : Caching::brief;
}

ResponseHead text_head(const AnswerContext& context, std::string_view type) noexcept {
    ResponseHead head;
    head.content_type = type;
    head.modified = context.title.view().header().modified;
    head.caching = caching_of(context, context.personal || !context.query.empty());
    return head;
}

ResponseHead media_head(const AnswerContext& context, std::string_view type, std::string_view etag) noexcept {
    ResponseHead head;
    head.content_type = type;
    head.etag = etag;
    head.modified = context.title.view().header().modified;
    head.caching = caching_of(context, context.personal);
    return head;
}

std::string media_etag(const AnswerContext& context, std::string_view what) {
    std::string etag(context.title.view().revision());
    for (const std::string_view part : {to_text(context.path.format), context.path.rendition, what}) {
        etag += '-';
        etag += part;
    }
    return etag;
}

}  // namespace mezz::nginx
