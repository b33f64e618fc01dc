// The one error type of Mezz and the result that carries it.
#pragma once

#include <cstdint>
#include <expected>

namespace mezz {

/// What went wrong, as far as an answer to the client depends on it. nginx/http_status.cpp maps each code to
/// an HTTP status in a switch without default, so a new code must be given a status there.
enum class ErrorCode : std::uint8_t {
    not_found,    ///< no such title, rendition, segment or file
    bad_media,    ///< a file breaks its format's rules
    unsupported,  ///< a valid file uses something that cannot be packaged
    too_large,    ///< a limit that the operator set is exceeded
    io,           ///< the operating system failed to read
    busy,         ///< try again later
    bad_request,  ///< the client breaks the protocol's rules
    internal,     ///< a bug, or no memory
};

inline constexpr std::uint64_t kNoOffset = ~std::uint64_t{0};

/// A failure. `text` is a static string that names the box, field or key; it goes to the log, never to a
/// client. `offset` is the position in the file, in bytes, where the fault was seen, or kNoOffset.
struct Error {
    ErrorCode code = ErrorCode::internal;
    const char* text = "";
    std::uint64_t offset = kNoOffset;
};

template <class T>
using Result = std::expected<T, Error>;

/// Shorthand for returning a failure from a function that returns a Result.
[[nodiscard]] constexpr std::unexpected<Error> fail(ErrorCode code, const char* text,
                                                    std::uint64_t offset = kNoOffset) noexcept {
    return std::unexpected(Error{code, text, offset});
}

}  // namespace mezz
