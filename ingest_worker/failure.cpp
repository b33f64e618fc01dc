#include "failure.hpp"

namespace mezz::worker {

std::string_view to_text(FailureKind kind) noexcept {
    switch (kind) {
        case FailureKind::source:
            return "source";
        case FailureKind::limit:
            return "limit";
        case FailureKind::crash:
            return "crash";
        case FailureKind::system:
            return "system";
        case FailureKind::interrupted:
            return "interrupted";
        case FailureKind::indivisible:
            return "indivisible";
        case FailureKind::lost:
            return "lost";
        case FailureKind::internal:
            return "internal";
    }
    return "internal";
}

FailureKind failure_kind(std::string_view name) noexcept {
    for (const FailureKind kind : {FailureKind::source, FailureKind::limit, FailureKind::crash,
                                   FailureKind::system, FailureKind::interrupted, FailureKind::indivisible})
        if (to_text(kind) == name) return kind;
    return FailureKind::internal;
}

bool may_be_retried(FailureKind kind) noexcept {
    return kind != FailureKind::source && kind != FailureKind::limit;
}

}  // namespace mezz::worker
