#include "token/claim_readers.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "token/base64url.hpp"
#include "token/jwt.hpp"

namespace mezz::token {
namespace {

bool read_time(const JsonField& field, double (*round)(double), std::optional<std::int64_t>& out) noexcept {
    if (field.kind == JsonKind::absent) return true;
    if (field.kind != JsonKind::number || !(field.number >= 0)) return false;
    const double whole = round(field.number);
    if (whole > static_cast<double>(kMaxNumericDate)) return false;
    out = static_cast<std::int64_t>(whole);
    return true;
}

}  // namespace

bool read_part(std::string_view part, std::span<JsonField> fields) {
    std::array<std::byte, base64url_decoded_size(kMaxTokenSize)> buffer;
    const auto json = base64url_decode(part, buffer);
    return json && read_json_object(as_text(*json), fields);
}

bool read_expiry(const JsonField& field, std::optional<std::int64_t>& out) noexcept {
    return read_time(field, std::floor, out);
}

bool read_start(const JsonField& field, std::optional<std::int64_t>& out) noexcept {
    return read_time(field, std::ceil, out);
}

// Operators put these claims into log lines and header fields, where a control character could forge another.
bool read_name(JsonField& field, std::string& out) noexcept {
    if (field.kind == JsonKind::absent) return true;
    const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == '\x7F'; };
    if (field.kind != JsonKind::text || std::ranges::any_of(field.text, is_control)) return false;
    out = std::move(field.text);
    return true;
}

bool read_texts(JsonField& field, std::vector<std::string>& out) {
    if (field.kind == JsonKind::absent) return true;
    if (field.kind == JsonKind::text)
        out.push_back(std::move(field.text));
    else if (field.kind == JsonKind::texts)
        out = std::move(field.texts);
    return !out.empty() && std::ranges::none_of(out, &std::string::empty);
}

bool read_countries(JsonField& field, std::vector<std::string>& out) {
    if (!read_texts(field, out)) return false;
    for (std::string& country : out) {
        if (country.size() != 2) return false;
        for (char& letter : country) {
            if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
            if (letter < 'A' || letter > 'Z') return false;
        }
    }
    return true;
}

bool read_height(const JsonField& field, std::optional<std::uint32_t>& out) noexcept {
    if (field.kind == JsonKind::absent) return true;
    if (field.kind != JsonKind::number || !(field.number >= 1) || field.number > UINT16_MAX) return false;
    out = static_cast<std::uint32_t>(field.number);
    return static_cast<double>(*out) == field.number;
}

bool read_networks(JsonField& field, std::vector<Network>& out) {
    std::vector<std::string> texts;
    if (!read_texts(field, texts)) return false;
    for (const std::string& text : texts) {
        const auto network = parse_network(text);
        if (!network) return false;
        out.push_back(*network);
    }
    return true;
}

}  // namespace mezz::token
