// Memory for answers that are made while they are sent.
#pragma once

#include <cstddef>
#include <span>

#include "nginx/ngx.hpp"

namespace mezz::nginx {

/// Bytes of a window and of an output buffer. A request has at most two windows and one output.
inline constexpr std::size_t kStreamBuffer = std::size_t{128} << 10;

/// kStreamBuffer bytes, aligned to cache lines, until the pool is destroyed; empty if there is no memory. The
/// worker keeps some for others: the C library would give so large ones back to the kernel, and each page
/// that comes anew costs a fault and is cleared.
[[nodiscard]] std::span<std::byte> stream_memory(ngx_pool_t* pool) noexcept;

}  // namespace mezz::nginx
