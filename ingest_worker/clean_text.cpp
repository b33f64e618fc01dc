#include "clean_text.hpp"

#include <nlohmann/json.hpp>

namespace mezz::worker {

std::string clean_text(std::string_view text) {
    using Json = nlohmann::json;
    std::string copy;
    copy.reserve(text.size());
    for (const char c : text) {
        if (c == '\0')
            copy += "\xEF\xBF\xBD";
        else
            copy += c;
    }
    return Json::parse(Json(copy).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
}

}  // namespace mezz::worker
