// Whether a Matroska or WebM file is all there.
#pragma once

#include <cstdint>

#include "core/bytes.hpp"

namespace mezz::worker {

/// True if the file's segment says that it goes on beyond `size` bytes, which is all there is (RFC 8794 §5,
/// §6; RFC 9559 §5.1.1). `head` is how the file begins; false for what is no such file, or where that is not
/// told.
[[nodiscard]] bool is_cut_short(Bytes head, std::uint64_t size) noexcept;

}  // namespace mezz::worker
