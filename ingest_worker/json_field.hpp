// Members of JSON objects that another process wrote.
#pragma once

#include <nlohmann/json.hpp>

namespace mezz::worker {

/// Reads a number; false, and `out` as it was, if there is none of that name.
template <class T>
[[nodiscard]] bool number(const nlohmann::json& object, const char* key, T& out) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number()) return false;
    out = found->get<T>();
    return true;
}

}  // namespace mezz::worker
