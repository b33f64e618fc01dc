#include "package/accept.hpp"

#include <algorithm>

namespace mezz::package {
namespace {

std::string_view trimmed(std::string_view text) noexcept {
    constexpr std::string_view kBlanks = " \t";
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

// Takes the part up to the mark off a text, and the mark.
std::string_view pop_part(std::string_view& text, char mark) noexcept {
    const std::size_t end = std::min(text.find(mark), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return trimmed(part);
}

bool same(std::string_view one, std::string_view other) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::ranges::equal(one, other, {}, lower, lower);
}

// "q=0", "q=0.000": not wanted at all.
bool is_refusal(std::string_view parameter) noexcept {
    if (parameter.size() < 3 || !same(parameter.substr(0, 2), "q=")) return false;
    return parameter.find_first_not_of("0.", 2) == std::string_view::npos;
}

}  // namespace

bool names_media_type(std::string_view accept, std::string_view type) noexcept {
    while (!accept.empty()) {
        std::string_view range = pop_part(accept, ',');
        if (!same(pop_part(range, ';'), type)) continue;
        bool wanted = true;
        while (!range.empty())
            wanted = !is_refusal(pop_part(range, ';')) && wanted;
        return wanted;
    }
    return false;
}

}  // namespace mezz::package
