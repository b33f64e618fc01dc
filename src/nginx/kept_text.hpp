// Playlists and manifests that are asked for again and again: kept in shared memory, without the viewer's
// query.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "nginx/answer.hpp"
#include "package/query_gaps.hpp"

namespace mezz::nginx {

/// The text that the context asks for, with its query, if it is kept.
[[nodiscard]] std::optional<std::string> find_kept_text(const RequestFlow& flow,
                                                        const AnswerContext& context);

/// Whether a text is worth keeping: this worker has made it before, not long ago, and the location allows it.
[[nodiscard]] bool is_in_demand(const RequestFlow& flow, const AnswerContext& context);

/// Keeps a text that was written with kQueryMark in place of the query. `plain` is the same without any.
void keep_text(const RequestFlow& flow, const AnswerContext& context, std::string_view marked,
               std::string_view plain);

/// Writes a text that is not kept, by `write(query, out)`, and keeps it if it is in demand.
template <class Write>
[[nodiscard]] std::string make_text(const RequestFlow& flow, const AnswerContext& context,
                                    const Write& write) {
    std::string text;
    write(context.query, text);
    if (!is_in_demand(flow, context)) return text;
    std::string marked;
    std::string plain;
    write(package::kQueryMark, marked);
    write(std::string_view(), plain);
    keep_text(flow, context, marked, plain);
    return text;
}

}  // namespace mezz::nginx
