// Why a job ended without a title, in words for people.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace mezz::worker {

/// Whose fault it was; decides whether trying again can help.
enum class FailureKind : std::uint8_t {
    source,       ///< the file cannot be used
    limit,        ///< the file asks for more than the operator allows
    crash,        ///< the process that read the file died
    system,       ///< disk, memory or permissions of this machine
    interrupted,  ///< the worker was told to stop
    indivisible,  ///< a piece of a title that can only be made in one go
    lost,         ///< it is another worker's now, or its video was taken down
    internal,     ///< a bug
};

struct Failure {
    FailureKind kind = FailureKind::internal;
    std::string reason;  ///< one sentence
    std::string detail;  ///< what a library said, for the log; may be empty
};

template <class T>
using Outcome = std::expected<T, Failure>;

/// Shorthand for returning a failure from a function that returns an Outcome.
[[nodiscard]] inline std::unexpected<Failure> give_up(FailureKind kind, std::string reason,
                                                      std::string detail = {}) {
    return std::unexpected(Failure{kind, std::move(reason), std::move(detail)});
}

/// "source", "limit", …
[[nodiscard]] std::string_view to_text(FailureKind kind) noexcept;

/// The kind that to_text() gave this name; internal for any other text.
[[nodiscard]] FailureKind failure_kind(std::string_view name) noexcept;

/// False where the same file would fail again anywhere.
[[nodiscard]] bool may_be_retried(FailureKind kind) noexcept;

}  // namespace mezz::worker
