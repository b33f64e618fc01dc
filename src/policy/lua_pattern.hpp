// Lua 5.1's patterns, matched with a bound on the work: the library's own matcher can take hours on a short
// text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mezz::policy {

/// A capture. A position capture "()" has `size` kPosition.
struct Capture {
    static constexpr std::size_t kOpen = ~std::size_t{0};
    static constexpr std::size_t kPosition = kOpen - 1;
    std::size_t begin = 0;
    std::size_t size = kOpen;
};

inline constexpr std::size_t kMaxCaptures = 32;

/// One pattern against one text. Allocates nothing and has no destructor. The semantics are those of Lua 5.1
/// §5.4.1 with LuaJIT's %f and %g; character classes are those of the C locale.
class PatternMatcher {
public:
    enum class Outcome : std::uint8_t { found, none, malformed, too_long };

    /// The texts must outlive the matcher. `steps` is how much work it may do, at least one a tried
    /// character.
    PatternMatcher(std::string_view text, std::string_view pattern, std::uint64_t steps) noexcept
        : text_(text), pattern_(pattern), allowed_(steps), steps_(steps) {}

    /// Looks for the first match at or after `from`, at most the text's size. If `anchors`, a ^ at the
    /// pattern's begin binds the match to `from`; otherwise it means the character.
    [[nodiscard]] Outcome search(std::size_t from, bool anchors) noexcept;

    /// After `found`: the match is [begin(), end()) of the text.
    [[nodiscard]] std::size_t begin() const noexcept { return begin_; }
    [[nodiscard]] std::size_t end() const noexcept { return end_; }
    [[nodiscard]] std::size_t capture_count() const noexcept { return count_; }
    [[nodiscard]] const Capture& capture(std::size_t i) const noexcept { return captures_[i]; }
    [[nodiscard]] std::uint64_t steps_taken() const noexcept { return allowed_ - steps_; }
    /// After `malformed`: what is wrong with the pattern. Static.
    [[nodiscard]] const char* fault() const noexcept { return fault_; }

private:
    static constexpr std::size_t kNone = ~std::size_t{0};

    std::size_t match(std::size_t at, std::size_t item) noexcept;
    std::size_t match_escape(std::size_t at, std::size_t item, bool& handled) noexcept;
    std::size_t open_capture(std::size_t at, std::size_t item, std::size_t size) noexcept;
    std::size_t close_capture(std::size_t at, std::size_t item) noexcept;
    std::size_t longest_first(std::size_t at, std::size_t item, std::size_t item_end) noexcept;
    std::size_t shortest_first(std::size_t at, std::size_t item, std::size_t item_end) noexcept;
    std::size_t after_balance(std::size_t at, std::size_t item) noexcept;
    std::size_t after_back_reference(std::size_t at, std::size_t item) noexcept;
    bool at_frontier(std::size_t at, std::size_t item, std::size_t item_end) noexcept;
    std::size_t item_end(std::size_t item) noexcept;
    bool one_matches(std::size_t at, std::size_t item, std::size_t item_end) noexcept;
    bool in_set(unsigned char c, std::size_t item, std::size_t item_end) const noexcept;
    bool step() noexcept;
    std::size_t malformed(const char* fault) noexcept;

    std::string_view text_;
    std::string_view pattern_;
    std::uint64_t allowed_;
    std::uint64_t steps_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t count_ = 0;
    int depth_ = 0;
    bool ended_ = false;
    const char* fault_ = nullptr;
    std::array<Capture, kMaxCaptures> captures_{};
};

}  // namespace mezz::policy
