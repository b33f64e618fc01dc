#include "source_path.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace mezz::worker {

bool is_uuid(std::string_view text) noexcept {
    constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    return std::ranges::equal(text, kShape, [](char c, char shape) {
        return shape == '-' ? c == '-' : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    });
}

std::optional<SourcePath> parse_source_path(std::string_view text) {
    constexpr std::size_t kLongestName = 255;
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const std::string_view file = text.substr(slash + 1);
    const bool plain = std::ranges::none_of(file, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < ' ' || byte == '/' || byte == 0x7F;
    });
    if (!is_uuid(text.substr(0, slash)) || !plain || file.empty() || file == "." || file == ".." ||
        file.size() > kLongestName)
        return std::nullopt;
    return SourcePath{std::string(text.substr(0, slash)), std::string(file)};
}

Outcome<UniqueFd> open_below(const std::string& root, std::string_view path) {
    const auto parsed = parse_source_path(path);
    if (!parsed)
        return give_up(FailureKind::source, "The uploaded file has a name that cannot be used.",
                       std::string(path));
    constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW;
    const auto missing = [] {
        return give_up(FailureKind::system, "The uploaded file cannot be opened.", std::strerror(errno));
    };
    const UniqueFd top(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!top.valid()) return missing();
    const UniqueFd folder(::openat(top.get(), parsed->folder.c_str(), kFlags | O_DIRECTORY));
    if (!folder.valid()) return missing();
    UniqueFd file(::openat(folder.get(), parsed->file.c_str(), kFlags | O_NOCTTY | O_NONBLOCK));
    if (!file.valid()) return missing();
    return file;
}

}  // namespace mezz::worker
