// Reads chosen members of a JSON object from untrusted text, without building a document.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mezz::token {

inline constexpr std::size_t kMaxJsonDepth = 16;
inline constexpr std::size_t kMaxJsonMembers = 128;

/// What a member's value turned out to be.
enum class JsonKind : std::uint8_t {
    absent,  ///< there is no such member
    text,    ///< a string, in `text`
    number,  ///< a finite number, in `number`
    texts,   ///< an array of strings, possibly empty, in `texts`
    other,   ///< anything else: true, false, null, an object, a mixed array
};

/// One member of the object that the caller wants. Owns what was read.
struct JsonField {
    std::string_view name;
    JsonKind kind = JsonKind::absent;
    std::string text{};
    double number = 0;
    std::vector<std::string> texts{};
};

/// Reads the object that `json` spells and fills in `fields`; members that no field names are checked and
/// skipped. False if `json` is not exactly one RFC 8259 object in UTF-8, if an object in it names a member
/// twice (RFC 7515 section 4, RFC 7519 section 4), if a number is beyond a double, or at more than
/// kMaxJsonDepth levels or kMaxJsonMembers members in all; the fields are then not to be used. Throws
/// std::bad_alloc only.
[[nodiscard]] bool read_json_object(std::string_view json, std::span<JsonField> fields);

}  // namespace mezz::token
