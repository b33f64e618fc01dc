#include "api/cursor.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/hash.hpp"
#include "core/uuid.hpp"
#include "token/base64url.hpp"
#include "token/json_object.hpp"

namespace mezz::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kLongest = 256;                         // characters
constexpr std::int64_t kFirstTime = -62'135'596'800'000'000;  // of the year 1
constexpr std::int64_t kLastTime = 253'402'300'799'999'999;   // of the year 9999

std::string query_hash(std::string_view q, std::string_view status) {
    std::string both(status);
    both += '\n';
    both += q;
    return to_hex(hash_of(both));
}

// A number in decimal that is a real of PostgreSQL.
bool is_rank(std::string_view text) noexcept {
    const auto is_number = [](char c) {
        return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+' || c == 'e';
    };
    if (text.empty() || text.size() > 32 || !std::ranges::all_of(text, is_number)) return false;
    float value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && std::isfinite(value);
}

bool is_time(std::string_view text, std::int64_t& out) noexcept {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc() && end == text.data() + text.size() && out >= kFirstTime && out <= kLastTime;
}

}  // namespace

std::string write_cursor(const Cursor& cursor, std::string_view q, std::string_view status) {
    const Json json{{"h", query_hash(q, status)},
                    {"r", cursor.rank},
                    {"t", std::to_string(cursor.uploaded_us)},
                    {"v", cursor.video_id}};
    return token::base64url_encode(as_bytes(json.dump(-1, ' ', false, Json::error_handler_t::replace)));
}

std::optional<Cursor> read_cursor(std::string_view text, std::string_view q, std::string_view status) {
    std::array<std::byte, token::base64url_decoded_size(kLongest)> buffer;
    if (text.size() > kLongest) return std::nullopt;
    const auto json = token::base64url_decode(text, buffer);
    token::JsonField fields[] = {{"h"}, {"r"}, {"t"}, {"v"}};
    auto& [hash, rank, time, id] = fields;
    if (!json || !token::read_json_object(as_text(*json), fields)) return std::nullopt;
    const auto is_text = [](const token::JsonField& field) { return field.kind == token::JsonKind::text; };
    if (!std::ranges::all_of(fields, is_text)) return std::nullopt;
    Cursor cursor;
    const auto video_id = canonical_uuid(id.text);
    if (hash.text != query_hash(q, status) || !is_rank(rank.text) || !video_id ||
        !is_time(time.text, cursor.uploaded_us))
        return std::nullopt;
    cursor.rank = rank.text;
    cursor.video_id = *video_id;
    return cursor;
}

}  // namespace mezz::api
