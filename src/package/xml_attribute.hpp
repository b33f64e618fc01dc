// Attributes of XML elements, for manifests.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/text.hpp"

namespace mezz::package {

/// Appends ` name="`: the value and a quotation mark follow.
inline void open_attribute(std::string& out, std::string_view name) {
    out += ' ';
    out += name;
    out += "=\"";
}

/// Appends ` name="value"`; the value is escaped.
inline void append_attribute(std::string& out, std::string_view name, std::string_view value) {
    open_attribute(out, name);
    append_xml(out, value);
    out += '"';
}

/// Appends ` name="value"` with a number in decimal.
inline void append_attribute(std::string& out, std::string_view name, std::uint64_t value) {
    open_attribute(out, name);
    append_number(out, value);
    out += '"';
}

}  // namespace mezz::package
