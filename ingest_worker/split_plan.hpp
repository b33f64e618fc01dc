// How a long title is split, so that any number of workers make it together and always the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ladder.hpp"

namespace mezz::worker {

/// A part of a title that was split. Times are those of the title's plan.
struct Piece {
    std::int64_t seek =
        INT64_MIN;           ///< where reading begins, as Demuxer::seek() takes it; INT64_MIN: at the start
    std::int64_t from = 0;   ///< time of the keyframe that is found there, microseconds of the title
    std::int64_t first = 0;  ///< tick that the piece begins with
    std::int64_t end = INT64_MAX;  ///< tick after its last one; INT64_MAX: as long as the title lasts
    std::int64_t first_time = 0;   ///< of the title's first picture, microseconds
    std::int64_t video_end = 0;    ///< where the title's pictures end, microseconds
    std::int64_t sound_end = 0;    ///< where its sound ends, microseconds, 0 if it has none
    std::string plan;              ///< what was planned, as describe_plan() tells; the piece must agree
    int tile_width = 0;            ///< for sheets
    int tile_height = 0;
    double interval_seconds = 0;
    friend bool operator==(const Piece&, const Piece&) = default;
};

/// Where one chunk is read and which ticks it makes, see Piece.
struct ChunkPlan {
    std::int64_t seek = INT64_MIN;
    std::int64_t from = 0;
    std::int64_t first = 0;
    std::int64_t end = INT64_MAX;  ///< of the last chunk INT64_MAX
    double seconds = 0;            ///< about
};

struct SplitPlan {
    std::vector<ChunkPlan> chunks;  ///< two or more
    std::int64_t first_time = 0;    ///< as in Piece
    std::int64_t video_end = 0;
    bool sound = false;            ///< there are audio tracks, or subtitles
    std::uint32_t memory_mib = 0;  ///< what a chunk needs, by estimate
    std::string plan;              ///< as describe_plan() tells
    std::vector<Rung> ladder;      ///< that was planned with

    [[nodiscard]] Piece piece(std::size_t chunk) const;
    [[nodiscard]] std::string to_json() const;
};

inline constexpr std::size_t kMostChunks = 2000;

/// Reads what SplitPlan::to_json() wrote, from a process that nobody trusts or a database; nullopt if the
/// chunks do not follow each other without a gap.
[[nodiscard]] std::optional<SplitPlan> parse_split(std::string_view json);

}  // namespace mezz::worker
