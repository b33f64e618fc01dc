#include "api/content_type.hpp"

#include <algorithm>

namespace mezz::api {
namespace {

constexpr std::size_t kLongest = 255;

// RFC 9110 section 5.6.2.
bool is_token_char(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

std::string_view take_token(std::string_view& text) noexcept {
    const auto end = std::ranges::find_if_not(text, is_token_char);
    const auto size = static_cast<std::size_t>(end - text.begin());
    const std::string_view token = text.substr(0, size);
    text.remove_prefix(size);
    return token;
}

void skip_space(std::string_view& text) noexcept {
    while (text.starts_with(' ') || text.starts_with('\t'))
        text.remove_prefix(1);
}

bool take(std::string_view& text, char c) noexcept {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
}

// A quoted string of printable ASCII with its quotes; empty if there is none.
std::string_view take_quoted(std::string_view& text) noexcept {
    for (std::size_t i = 1; i < text.size() && text[i] >= ' ' && text[i] <= '~'; ++i) {
        if (text[i] == '\\') {
            if (++i >= text.size() || text[i] < ' ' || text[i] > '~') break;
        } else if (text[i] == '"') {
            const std::string_view quoted = text.substr(0, i + 1);
            text.remove_prefix(i + 1);
            return quoted;
        }
    }
    return {};
}

bool append_parameters(std::string& out, std::string_view text) {
    for (skip_space(text); !text.empty(); skip_space(text)) {
        if (!take(text, ';')) return false;
        skip_space(text);
        const std::string_view name = take_token(text);
        if (name.empty() || !take(text, '=')) return false;
        const std::string_view value = text.starts_with('"') ? take_quoted(text) : take_token(text);
        if (value.empty()) return false;
        out += ';';
        out += name;
        out += '=';
        out += value;
    }
    return true;
}

}  // namespace

std::optional<std::string> canonical_content_type(std::string_view text) {
    if (text.size() > kLongest) return std::nullopt;
    skip_space(text);
    std::string out(take_token(text));
    if (out.empty() || !take(text, '/')) return std::nullopt;
    const std::string_view subtype = take_token(text);
    if (subtype.empty()) return std::nullopt;
    out += '/';
    out += subtype;
    if (!append_parameters(out, text)) return std::nullopt;
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

}  // namespace mezz::api
