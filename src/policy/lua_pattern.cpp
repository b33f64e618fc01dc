#include "policy/lua_pattern.hpp"

namespace mezz::policy {

namespace {

constexpr int kMaxDepth = 200;

bool between(unsigned char c, char low, char high) noexcept {
    return c >= static_cast<unsigned char>(low) && c <= static_cast<unsigned char>(high);
}
bool is_lower(unsigned char c) noexcept {
    return between(c, 'a', 'z');
}
bool is_upper(unsigned char c) noexcept {
    return between(c, 'A', 'Z');
}
bool is_digit(unsigned char c) noexcept {
    return between(c, '0', '9');
}
bool is_word(unsigned char c) noexcept {
    return is_lower(c) || is_upper(c) || is_digit(c);
}

// %a, %d and so on; a capital letter means the others; any other character means itself.
bool in_class(unsigned char c, char name) noexcept {
    bool is = false;
    switch (name | 0x20) {
        case 'a':
            is = is_lower(c) || is_upper(c);
            break;
        case 'c':
            is = c < 0x20 || c == 0x7f;
            break;
        case 'd':
            is = is_digit(c);
            break;
        case 'g':
            is = between(c, '!', '~');
            break;
        case 'l':
            is = is_lower(c);
            break;
        case 'p':
            is = between(c, '!', '~') && !is_word(c);
            break;
        case 's':
            is = c == ' ' || between(c, '\t', '\r');
            break;
        case 'u':
            is = is_upper(c);
            break;
        case 'w':
            is = is_word(c);
            break;
        case 'x':
            is = is_digit(c) || between(c, 'a', 'f') || between(c, 'A', 'F');
            break;
        case 'z':
            is = c == 0;
            break;
        default:
            return static_cast<unsigned char>(name) == c;
    }
    return is_upper(static_cast<unsigned char>(name)) ? !is : is;
}

}  // namespace

PatternMatcher::Outcome PatternMatcher::search(std::size_t from, bool anchors) noexcept {
    const bool bound = anchors && pattern_.starts_with('^');
    for (begin_ = from; begin_ <= text_.size(); ++begin_) {
        count_ = 0;
        depth_ = 0;
        end_ = match(begin_, bound ? 1 : 0);
        if (fault_ != nullptr) return Outcome::malformed;
        if (ended_) return Outcome::too_long;
        if (end_ != kNone) {
            for (std::size_t i = 0; i < count_; ++i) {
                if (captures_[i].size != Capture::kOpen) continue;
                fault_ = "unfinished capture";
                return Outcome::malformed;
            }
            return Outcome::found;
        }
        if (bound) break;
    }
    return Outcome::none;
}

bool PatternMatcher::step() noexcept {
    if (steps_ == 0) ended_ = true;
    if (ended_ || fault_ != nullptr) return false;
    --steps_;
    return true;
}

std::size_t PatternMatcher::malformed(const char* fault) noexcept {
    fault_ = fault;
    return kNone;
}

// The match of the pattern from `item` on against the text from `at` on: where it ends, or kNone.
std::size_t PatternMatcher::match(std::size_t at, std::size_t item) noexcept {
    if (++depth_ > kMaxDepth) return malformed("pattern too complex");
    std::size_t end = kNone;
    while (true) {
        if (!step()) break;
        if (item == pattern_.size()) {
            end = at;
            break;
        }
        const char c = pattern_[item];
        if (c == '(') {
            const bool position = pattern_.substr(item + 1).starts_with(')');
            end = position ? open_capture(at, item + 2, Capture::kPosition)
                           : open_capture(at, item + 1, Capture::kOpen);
            break;
        }
        if (c == ')') {
            end = close_capture(at, item + 1);
            break;
        }
        if (c == '$' && item + 1 == pattern_.size()) {
            end = at == text_.size() ? at : kNone;
            break;
        }
        if (c == '%') {
            bool handled = false;
            const std::size_t after = match_escape(at, item, handled);
            if (handled) {
                if (after == kNone) break;
                at = after;
                const char kind = pattern_[item + 1];
                item = kind == 'b' ? item + 4 : kind == 'f' ? item_end(item + 2) : item + 2;
                continue;
            }
        }
        const std::size_t after = item_end(item);
        if (after == kNone) break;
        const char repeat = after < pattern_.size() ? pattern_[after] : '\0';
        if (repeat == '*' || (repeat == '+' && one_matches(at, item, after))) {
            end = longest_first(repeat == '*' ? at : at + 1, item, after);
            break;
        }
        if (repeat == '-') {
            end = shortest_first(at, item, after);
            break;
        }
        if (repeat == '?') {
            if (one_matches(at, item, after)) end = match(at + 1, after + 1);
            if (end != kNone || ended_ || fault_ != nullptr) break;
            item = after + 1;
            continue;
        }
        if (repeat == '+' || !one_matches(at, item, after)) break;
        ++at;
        item = after;
    }
    --depth_;
    return end;
}

// %b, %f and %1 to %9 are no character classes. Otherwise `handled` stays false.
std::size_t PatternMatcher::match_escape(std::size_t at, std::size_t item, bool& handled) noexcept {
    if (item + 1 >= pattern_.size()) return kNone;
    const char kind = pattern_[item + 1];
    handled = kind == 'b' || kind == 'f' || is_digit(static_cast<unsigned char>(kind));
    if (kind == 'b') return after_balance(at, item + 2);
    if (kind == 'f') {
        if (item + 2 >= pattern_.size() || pattern_[item + 2] != '[')
            return malformed("missing '[' after '%f' in pattern");
        const std::size_t set_end = item_end(item + 2);
        return set_end != kNone && at_frontier(at, item + 2, set_end) ? at : kNone;
    }
    return handled ? after_back_reference(at, item + 1) : kNone;
}

std::size_t PatternMatcher::open_capture(std::size_t at, std::size_t item, std::size_t size) noexcept {
    if (count_ == kMaxCaptures) return malformed("too many captures");
    captures_[count_++] = {at, size};
    const std::size_t end = match(at, item);
    if (end == kNone) --count_;
    return end;
}

std::size_t PatternMatcher::close_capture(std::size_t at, std::size_t item) noexcept {
    for (std::size_t i = count_; i-- > 0;) {
        if (captures_[i].size != Capture::kOpen) continue;
        captures_[i].size = at - captures_[i].begin;
        const std::size_t end = match(at, item);
        if (end == kNone) captures_[i].size = Capture::kOpen;
        return end;
    }
    return malformed("invalid pattern capture");
}

std::size_t PatternMatcher::longest_first(std::size_t at, std::size_t item, std::size_t item_end) noexcept {
    std::size_t more = 0;
    while (one_matches(at + more, item, item_end) && step())
        ++more;
    for (;; --more) {
        const std::size_t end = match(at + more, item_end + 1);
        if (end != kNone || more == 0 || ended_ || fault_ != nullptr) return end;
    }
}

std::size_t PatternMatcher::shortest_first(std::size_t at, std::size_t item, std::size_t item_end) noexcept {
    for (;; ++at) {
        const std::size_t end = match(at, item_end + 1);
        if (end != kNone || ended_ || fault_ != nullptr || !one_matches(at, item, item_end)) return end;
    }
}

std::size_t PatternMatcher::after_balance(std::size_t at, std::size_t item) noexcept {
    if (item + 2 > pattern_.size()) return malformed("unbalanced pattern");
    if (at >= text_.size() || text_[at] != pattern_[item]) return kNone;
    std::size_t open = 1;
    for (++at; at < text_.size() && step(); ++at) {
        if (text_[at] == pattern_[item + 1]) {
            if (--open == 0) return at + 1;
        } else if (text_[at] == pattern_[item]) {
            ++open;
        }
    }
    return kNone;
}

std::size_t PatternMatcher::after_back_reference(std::size_t at, std::size_t item) noexcept {
    const auto index = static_cast<std::size_t>(pattern_[item] - '1');
    if (index >= count_ || captures_[index].size == Capture::kOpen ||
        captures_[index].size == Capture::kPosition)
        return malformed("invalid capture index");
    const std::string_view earlier = text_.substr(captures_[index].begin, captures_[index].size);
    steps_ -= steps_ < earlier.size() ? steps_ : earlier.size();
    return text_.substr(at).starts_with(earlier) ? at + earlier.size() : kNone;
}

bool PatternMatcher::at_frontier(std::size_t at, std::size_t item, std::size_t item_end) noexcept {
    const auto before = static_cast<unsigned char>(at == 0 ? '\0' : text_[at - 1]);
    const auto here = static_cast<unsigned char>(at < text_.size() ? text_[at] : '\0');
    return !in_set(before, item, item_end) && in_set(here, item, item_end);
}

// Where the single character, class or set that begins at `item` ends in the pattern.
std::size_t PatternMatcher::item_end(std::size_t item) noexcept {
    const char c = pattern_[item++];
    if (c == '%') {
        if (item == pattern_.size()) return malformed("malformed pattern (ends with '%')");
        return item + 1;
    }
    if (c != '[') return item;
    if (item < pattern_.size() && pattern_[item] == '^') ++item;
    do {  // a ] that comes first is a member
        if (item >= pattern_.size()) return malformed("malformed pattern (missing ']')");
        if (pattern_[item++] == '%') ++item;
    } while (item >= pattern_.size() || pattern_[item] != ']');
    return item + 1;
}

bool PatternMatcher::one_matches(std::size_t at, std::size_t item, std::size_t item_end) noexcept {
    if (at >= text_.size()) return false;
    const auto c = static_cast<unsigned char>(text_[at]);
    switch (pattern_[item]) {
        case '.':
            return true;
        case '%':
            return in_class(c, pattern_[item + 1]);
        case '[':
            steps_ -= steps_ < item_end - item ? steps_ : item_end - item;
            return in_set(c, item, item_end);
        default:
            return static_cast<unsigned char>(pattern_[item]) == c;
    }
}

bool PatternMatcher::in_set(unsigned char c, std::size_t item, std::size_t item_end) const noexcept {
    const std::size_t last = item_end - 1;  // the ]
    bool found = true;
    if (pattern_[++item] == '^') {
        found = false;
        ++item;
    }
    for (; item < last; ++item) {
        if (pattern_[item] == '%') {
            if (in_class(c, pattern_[++item])) return found;
        } else if (item + 2 < last && pattern_[item + 1] == '-') {
            if (between(c, pattern_[item], pattern_[item + 2])) return found;
            item += 2;
        } else if (static_cast<unsigned char>(pattern_[item]) == c) {
            return found;
        }
    }
    return !found;
}

}  // namespace mezz::policy
