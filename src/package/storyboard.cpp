#include "package/storyboard.hpp"

namespace mezz::package {

std::string carry_query(std::string_view storyboard, std::string_view query) {
    constexpr std::string_view kMark = ".jpg#xywh=";
    std::string text;
    text.reserve(storyboard.size() + storyboard.size() / 64 * query.size());
    while (!storyboard.empty()) {
        const std::size_t mark = storyboard.find(kMark);
        if (mark == std::string_view::npos) break;
        const std::size_t end = mark + kMark.find('#');
        text += storyboard.substr(0, end);
        text += query;
        storyboard.remove_prefix(end);
    }
    return text += storyboard;
}

}  // namespace mezz::package
