#include "library_log.hpp"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <deque>
#include <mutex>

#include "av.hpp"

namespace mezz::worker {
namespace {

constexpr std::size_t kKept = 4;

struct Kept {
    std::mutex mutex;  // decoders have threads
    std::deque<std::string> lines;
};

Kept& kept() {
    static Kept instance;
    return instance;
}

std::string printable(const char* text) {
    std::string line;
    for (const char* c = text; *c != '\0'; ++c)
        if (*c >= 0x20 && *c < 0x7F) line += *c;
    return line;
}

void keep(void* /*object*/, int level, const char* format, va_list arguments) noexcept {
    if (level > AV_LOG_ERROR) return;
    std::array<char, 200> text{};
    std::vsnprintf(text.data(), text.size(), format, arguments);
    try {
        const std::string line = printable(text.data());
        const std::lock_guard lock(kept().mutex);
        auto& lines = kept().lines;
        if (line.empty() || std::ranges::find(lines, line) != lines.end()) return;
        lines.push_back(line);
        if (lines.size() > kKept) lines.pop_front();
    } catch (const std::exception&) {
        return;  // a line is lost, no more
    }
}

}  // namespace

void capture_library_errors() {
    (void)kept();
    av_log_set_callback(&keep);
}

std::vector<std::string> last_library_errors() {
    const std::lock_guard lock(kept().mutex);
    return {kept().lines.begin(), kept().lines.end()};
}

}  // namespace mezz::worker
