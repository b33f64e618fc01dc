#include "package/attachment.hpp"

#include <algorithm>

#include "core/utf8.hpp"

namespace mezz::package {
namespace {

bool is_letter_or_digit(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool is_plain(char c) noexcept {
    return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
}

// Letters, digits and "-_." stay, and so does what is not ASCII; the rest becomes "_". Nothing if that leaves
// no name: not UTF-8, only dots, or with marks that turn the direction of writing.
std::string safe_name(std::string_view title) {
    constexpr std::size_t kLongest = 180;
    if (!count_code_points(title) || title.size() > kLongest) return {};
    std::string name;
    for (std::string_view rest = title; !rest.empty();) {
        const std::string_view before = rest;
        const char32_t code = *pop_code_point(rest);
        const bool turns = (code >= 0x200B && code <= 0x200F) || (code >= 0x202A && code <= 0x202E) ||
                           (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF;
        if (is_control(code) || turns) continue;
        if (code < 0x80)
            name += is_plain(before[0]) ? before[0] : '_';
        else
            name += before.substr(0, before.size() - rest.size());
    }
    name.erase(0, std::min(name.find_first_not_of('.'), name.size()));
    return name;
}

std::string_view stem(std::string_view title_path) noexcept {
    const std::size_t slash = title_path.rfind('/');
    std::string_view name = slash == std::string_view::npos ? title_path : title_path.substr(slash + 1);
    for (const std::string_view ending : {".mp4", ".m4v", ".m4a", ".mov", ".MP4", ".M4V", ".M4A", ".MOV"}) {
        if (!name.ends_with(ending)) continue;
        name.remove_suffix(ending.size());
        break;
    }
    return name;
}

}  // namespace

std::string attachment(std::string_view title_path, std::string_view rendition) {
    std::string name = safe_name(stem(title_path));
    if (!name.empty()) name += '-';
    name += rendition;
    name += ".mp4";
    std::string value = "attachment; filename";
    if (std::ranges::all_of(name, is_plain)) {
        value += "=\"";
        value += name;
        return value += '"';
    }
    value += "*=UTF-8''";
    for (const char c : name) {
        if (is_plain(c)) {
            value += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        value += '%';
        value += "0123456789ABCDEF"[byte >> 4];
        value += "0123456789ABCDEF"[byte & 15U];
    }
    return value;
}

}  // namespace mezz::package
