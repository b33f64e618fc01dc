// Keys, tags and the like that are put together for each request: on the stack, as they are short.
#pragma once

#include <array>
#include <concepts>
#include <cstring>
#include <string>
#include <string_view>

namespace mezz {

/// Holds up to N characters without the heap; what is longer goes there.
template <std::size_t N>
class ShortText {
public:
    ShortText() noexcept {}  // the characters are not set before they are needed

    [[nodiscard]] std::string_view view() const noexcept {
        return long_.empty() ? std::string_view(short_.data(), size_) : std::string_view(long_);
    }
    operator std::string_view() const noexcept { return view(); }

    ShortText& operator+=(std::string_view text) {
        if (text.size() > N - size_ || !long_.empty()) {
            append_long(text);
        } else if (!text.empty()) {
            std::memcpy(short_.data() + size_, text.data(), text.size());
            size_ += text.size();
        }
        return *this;
    }
    ShortText& operator+=(char c) { return *this += std::string_view(&c, 1); }

    /// Appends the bytes of an integer as they lie in memory: for keys that nobody but this machine reads.
    template <std::integral T>
    void append_raw(T value) {
        std::array<char, sizeof value> bytes;
        std::memcpy(bytes.data(), &value, sizeof value);
        *this += std::string_view(bytes.data(), bytes.size());
    }

private:
    void append_long(std::string_view text) {
        if (long_.empty()) long_.assign(short_.data(), size_);
        long_.append(text);
    }

    std::array<char, N> short_;
    std::size_t size_ = 0;
    std::string long_;
};

}  // namespace mezz
