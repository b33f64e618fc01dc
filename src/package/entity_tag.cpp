#include "package/entity_tag.hpp"

#include <algorithm>

namespace mezz::package {
namespace {

void skip(std::string_view& text, std::string_view characters) noexcept {
    text.remove_prefix(std::min(text.find_first_not_of(characters), text.size()));
}

}  // namespace

bool lists_entity_tag(std::string_view field, std::string_view tag) noexcept {
    if (field == "*") return true;
    for (;;) {
        skip(field, " \t,");
        if (field.starts_with("W/")) field.remove_prefix(2);
        if (!field.starts_with('"')) return false;
        field.remove_prefix(1);
        const std::size_t end = field.find('"');
        if (end == std::string_view::npos) return false;
        if (field.substr(0, end) == tag) return true;
        field.remove_prefix(end + 1);
        skip(field, " \t");
        if (!field.starts_with(',')) return false;
    }
}

}  // namespace mezz::package
