#include "api/list_query.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/percent.hpp"
#include "core/utf8.hpp"

namespace mezz::api {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"q", "status", "limit", "cursor"};
constexpr std::array<std::string_view, 4> kStatuses = {"uploading", "processing", "ready", "failed"};

using Values = std::array<std::string, kNames.size()>;

// Undoes form encoding: UTF-8 without NUL, which PostgreSQL does not take.
std::optional<std::string> form_decoded(std::string_view text) {
    std::string spaced(text);
    std::ranges::replace(spaced, '+', ' ');
    auto decoded = percent_decoded(spaced);
    if (!decoded || !count_code_points(*decoded) || decoded->find('\0') != std::string::npos)
        return std::nullopt;
    return decoded;
}

std::expected<Values, Problem> read_values(std::string_view query) {
    Values values;
    std::array<bool, kNames.size()> seen{};
    while (!query.empty()) {
        const std::size_t end = query.find('&');
        const std::string_view argument = query.substr(0, end);
        query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
        if (argument.empty()) continue;
        const std::size_t equals = argument.find('=');
        const auto name = form_decoded(argument.substr(0, equals));
        const auto found = name ? std::ranges::find(kNames, *name) : kNames.end();
        if (found == kNames.end())
            return std::unexpected(invalid_argument(name.value_or(""), "There is no such argument."));
        const auto index = static_cast<std::size_t>(found - kNames.begin());
        if (seen[index]) return std::unexpected(invalid_argument(*name, "It is there twice."));
        seen[index] = true;
        auto value = form_decoded(equals == std::string_view::npos ? "" : argument.substr(equals + 1));
        if (!value) return std::unexpected(invalid_argument(*name, "It is not UTF-8 text, percent-encoded."));
        values[index] = std::move(*value);
    }
    return values;
}

// Without the white space around it.
std::string trimmed(const std::string& text) {
    constexpr const char* kSpace = " \t\r\n\f\v";
    const std::size_t first = text.find_first_not_of(kSpace);
    return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// PostgreSQL's websearch_to_tsquery negates at each minus, also at one that stands for itself, and fails at
// some thirty before a word. Only one right before a word or a phrase is left.
std::string without_idle_minus(std::string_view text) {
    constexpr std::string_view kNoWord = "- \t\r\n\f\v!&|()";
    std::string kept;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool idle = i + 1 == text.size() || kNoWord.find(text[i + 1]) != std::string_view::npos;
        if (text[i] != '-' || !idle) kept += text[i];
    }
    return kept;
}

bool read_limit(const std::string& text, int& limit) noexcept {
    if (text.empty()) return true;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
    return error == std::errc() && end == text.data() + text.size() && limit >= 1 && limit <= kMaxLimit;
}

}  // namespace

std::expected<ListQuery, Problem> parse_list_query(std::string_view query) {
    const auto values = read_values(query);
    if (!values) return std::unexpected(values.error());
    const auto& [q, status, limit, cursor] = *values;
    ListQuery list;
    list.q = trimmed(without_idle_minus(q));
    if (count_code_points(list.q).value_or(kMaxSearch + 1) > kMaxSearch)
        return std::unexpected(invalid_argument("q", "It is longer than 300 characters."));
    if (!status.empty() && std::ranges::find(kStatuses, status) == kStatuses.end())
        return std::unexpected(
            invalid_argument("status", "It must be uploading, processing, ready or failed."));
    list.status = status;
    if (!read_limit(limit, list.limit))
        return std::unexpected(invalid_argument("limit", "It must be a number from 1 to 100."));
    if (cursor.empty()) return list;
    list.cursor = read_cursor(cursor, list.q, list.status);
    if (!list.cursor)
        return std::unexpected(invalid_argument("cursor", "It is not one that was given for this query."));
    return list;
}

}  // namespace mezz::api
