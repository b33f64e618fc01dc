// Attributes of XML elements, for manifests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/text.hpp"

namespace mezz::package {

/// Appends ` name="value"`; the value is escaped.
inline void append_attribute(std::string& out, std::string_view name, std::string_view value) {
    out += ' ';
    out += name;
    out += "=\"";
    append_xml(out, value);
    out += '"';
}

/// Appends ` name="value"` with a number in decimal.
inline void append_attribute(std::string& out, std::string_view name, std::uint64_t value) {
    out += ' ';
    out += name;
    out += "=\"";
    append_number(out, value);
    out += '"';
}

}  // namespace mezz::package
