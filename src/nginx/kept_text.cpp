#include "nginx/kept_text.hpp"

#include <array>
#include <functional>

#include "core/text.hpp"
#include "nginx/answer_head.hpp"
#include "nginx/conf.hpp"

namespace mezz::nginx {
namespace {

// Which texts this worker has made last, by their keys' hashes: who is asked for once only shall not push out
// what others need.
constexpr std::size_t kRemembered = 1024;
constinit std::array<std::size_t, kRemembered> made_last{};

Zone zone_of(const RequestFlow& flow) noexcept {
    return Zone(mezz_main_conf(flow.request()).zone);
}

std::string key_of(const AnswerContext& context) {
    std::string key;
    key.reserve(64 + context.title.path.view().size() + context.path.rendition.size());
    key += "body ";
    key += context.title.view().revision();
    key += ' ';
    append_selection(key, context);
    key += ' ';
    key += context.title.path.view();
    return key;
}

// A clip is asked for in the query, too, which then is more than a gap.
bool may_keep(const RequestFlow& flow, const AnswerContext& context) noexcept {
    return mezz_conf(flow.request()).keep_playlists != 0 && !context.clip;
}

}  // namespace

std::optional<std::string> find_kept_text(const RequestFlow& flow, const AnswerContext& context) {
    if (!may_keep(flow, context)) return std::nullopt;
    const Block block = zone_of(flow).find(key_of(context));
    if (!block) return std::nullopt;
    if (context.path.resource != package::Resource::manifest)
        return package::fill_text(block.bytes(), context.query);
    std::string escaped;
    append_xml(escaped, context.query);
    return package::fill_text(block.bytes(), escaped);
}

bool is_in_demand(const RequestFlow& flow, const AnswerContext& context) {
    if (!may_keep(flow, context)) return false;
    const std::size_t hash = std::hash<std::string>{}(key_of(context));
    std::size_t& place = made_last[hash % kRemembered];
    if (place == hash) return true;
    place = hash;
    return false;
}

void keep_text(const RequestFlow& flow, const AnswerContext& context, std::string_view marked,
               std::string_view plain) {
    if (plain.find(package::kQueryMark) != std::string_view::npos) return;
    (void)zone_of(flow).insert(key_of(context), package::pack_text(marked));
}

}  // namespace mezz::nginx
