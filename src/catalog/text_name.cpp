#include "catalog/text_name.hpp"

#include <algorithm>

#include "core/language.hpp"

namespace mezz::catalog {
namespace {

bool is_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(
        out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

// Takes the last part off a name; what is left is empty if there was one part only.
std::string_view pop_part(std::string_view& name, char separator) noexcept {
    const std::size_t at = name.rfind(separator);
    const std::string_view part = at == std::string_view::npos ? name : name.substr(at + 1);
    name = at == std::string_view::npos ? std::string_view() : name.substr(0, at);
    return part;
}

// A language of two or three letters, then a script or a region or both.
bool is_language(std::string_view tag) noexcept {
    const auto letters = [](std::string_view text) { return std::ranges::all_of(text, is_letter); };
    std::size_t dash = std::min(tag.find('-'), tag.size());
    if (dash < 2 || dash > 3 || !letters(tag.substr(0, dash))) return false;
    bool script = false;
    bool region = false;
    while (dash < tag.size()) {
        tag.remove_prefix(dash + 1);
        dash = std::min(tag.find('-'), tag.size());
        const std::string_view part = tag.substr(0, dash);
        const bool as_script = part.size() == 4 && letters(part);
        const bool as_region =
            (part.size() == 2 && letters(part)) || (part.size() == 3 && std::ranges::all_of(part, is_digit));
        if (region || (as_script ? script : !as_region)) return false;
        script = script || as_script;
        region = as_region;
    }
    return true;
}

bool read_word(std::string_view part, TextName& out) {
    const std::string word = lower(part);
    if (word == "forced") return out.is_forced = true;
    if (word == "sdh" || word == "cc") return out.is_sdh = true;
    if (word == "default") return out.is_default = true;
    return false;
}

// "eng", "pt-BR", "eng-2", "eng-forced": what stands behind "subs-".
void read_tail(std::string_view tail, TextName& out) {
    while (!tail.empty()) {
        std::string_view before = tail;
        const std::string_view part = pop_part(before, '-');
        const bool number = std::ranges::all_of(part, is_digit) && part.size() < 3;
        if (!number && !read_word(part, out)) break;
        tail = before;
    }
    if (is_language(tail)) out.language = tail;
}

}  // namespace

std::optional<TextName> read_text_name(std::string_view file_name) {
    constexpr std::string_view kPrefix = "subs-";
    const std::string extension = lower(pop_part(file_name, '.'));
    if (file_name.empty() || (extension != "vtt" && extension != "srt")) return std::nullopt;
    TextName out;
    while (!file_name.empty() && out.language.empty()) {
        const std::string_view part = pop_part(file_name, '.');
        if (file_name.empty() && lower(part).starts_with(kPrefix))
            read_tail(part.substr(kPrefix.size()), out);
        else if (!read_word(part, out)) {
            if (!is_language(part)) break;
            out.language = part;
        }
    }
    if (lower(out.language) == "und") out.language.clear();
    out.track = "subs-" + (out.language.empty() ? std::string("und") : out.language);
    if (out.is_sdh) out.track += "-sdh";
    if (out.is_forced) out.track += "-forced";
    out.language = canonical_language(out.language);
    return out;
}

}  // namespace mezz::catalog
