#include "nginx/answer_head.hpp"

#include "core/hash.hpp"
#include "core/text.hpp"

namespace mezz::nginx {

Caching caching_of(const AnswerContext& context, bool personal) noexcept {
    if (context.revisioned()) return personal ? Caching::immutable_private : Caching::immutable;
    return personal ? Caching::brief_private : Caching::brief;
}

ResponseHead text_head(const AnswerContext& context, std::string_view type, std::string_view etag) noexcept {
    ResponseHead head;
    head.content_type = type;
    head.etag = etag;
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

void append_selection(std::string& out, const AnswerContext& context) {
    package::append_selection(out, context.path);
    const auto add = [&out](std::string_view name, auto number) {
        out += name;
        append_number(out, number);
    };
    const std::string_view name = context.title.name();
    if (context.path.resource == package::Resource::multivariant_playlist && !name.empty()) {
        out += "-n";
        out += to_hex(hash_of(name));
    }
    if (!context.filter.passes_all()) {
        add("-h", context.filter.min_height);
        add("-", context.filter.max_height);
        add("-c", context.filter.codecs);
    }
    if (!context.clip) return;
    add("-t", context.clip->from);
    add("-", context.clip->to);
}

std::string text_etag(const AnswerContext& context) {
    std::string etag;
    etag.reserve(64 + context.path.rendition.size());
    etag += context.title.view().revision();
    etag += '-';
    append_selection(etag, context);
    if (context.query.empty()) return etag;
    etag += '-';
    etag += to_hex(hash_of(context.query));
    return etag;
}

EtagText media_etag(const AnswerContext& context, std::string_view what) {
    EtagText etag;
    etag += context.title.view().revision();
    for (const std::string_view part : {to_text(context.path.format), context.path.rendition, what}) {
        etag += '-';
        etag += part;
    }
    return etag;
}

}  // namespace mezz::nginx
