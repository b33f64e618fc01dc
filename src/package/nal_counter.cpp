#include "package/nal_counter.hpp"

#include <algorithm>

namespace mezz::package {

void NalCounter::feed(Bytes bytes) noexcept {
    while (!bytes.empty() && left_ > 0) {
        if (skip_ > 0) {
            const auto n = static_cast<std::uint32_t>(std::min<std::size_t>(skip_, bytes.size()));
            bytes = bytes.subspan(n);
            skip_ -= n;
            left_ -= n;
            continue;
        }
        if (prefix_read_ == 0 && left_ < prefix_) return;
        length_ = length_ << 8 | std::to_integer<std::uint32_t>(bytes.front());
        bytes = bytes.subspan(1);
        --left_;
        if (++prefix_read_ < prefix_) continue;
        ++count_;
        skip_ = std::min(length_, left_);
        length_ = 0;
        prefix_read_ = 0;
    }
}

}  // namespace mezz::package
