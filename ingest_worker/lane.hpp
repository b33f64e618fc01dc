// The places of a worker process at which jobs run. Those for any job may all be busy for minutes; two more
// are kept free for what makes a title watchable, one of them for what is done within seconds.
#pragma once

#include <cstdint>

namespace mezz::worker {

/// Which jobs run at a place.
enum class Lane : std::uint8_t {
    any,
    express,  ///< copies and drafts of titles, of little work: they cost processor time
    copies,   ///< copies that cost next to none
};

struct LaneLimits {
    const char* name;          ///< of the group that it reads the stream by, and in the worker's id
    std::uint32_t memory_mib;  ///< what a job there may use
    double cost;               ///< how much work it may be, as a job's cost tells
};

inline constexpr LaneLimits kExpressLane{"express", 1024, 200};
inline constexpr LaneLimits kCopiesLane{"copies", 512, 2};

/// Of the two that have limits.
[[nodiscard]] constexpr const LaneLimits& limits_of(Lane lane) noexcept {
    return lane == Lane::copies ? kCopiesLane : kExpressLane;
}

// A job's cost is 1 for each second of a title whose ladder is made. By what was measured, about:
inline constexpr double kSoundCost = 0.02;  ///< a second of one audio track that is encoded
inline constexpr double kDraftCost = 0.1;   ///< a second of a draft's pictures
inline constexpr double kCopyCost = 1e-9;   ///< a byte that is copied

}  // namespace mezz::worker
