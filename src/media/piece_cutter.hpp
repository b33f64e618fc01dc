// Where a track is cut into pieces.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "media/sample.hpp"

namespace mezz::media {

/// Shortest distance of two pieces, so that a film of key frames only does not have a piece a frame.
inline constexpr std::uint32_t kPieceSpacingMs = 500;

/// Presentation times at which tracks without sync points of their own may be cut, rising.
struct CutTimes {
    std::uint32_t timescale = 1;
    std::vector<std::int64_t> times;  ///< ticks, without the start
};

/// Decides which samples begin a piece.
class PieceCutter {
public:
    PieceCutter() = default;
    PieceCutter(const PieceCutter&) = delete;
    PieceCutter& operator=(const PieceCutter&) = delete;
    virtual ~PieceCutter() = default;

    /// Called with each sample once, in decoding order.
    [[nodiscard]] virtual bool begins_piece(const Sample& sample) = 0;
    /// Whether the last piece begins with an open group of pictures.
    [[nodiscard]] virtual bool is_open() const noexcept { return false; }
};

/// Cuts at sync samples, the first of each half second of presentation time, so that renditions whose key
/// frames are aligned are cut alike; and at the first closed one, if that is another.
class SyncCutter final : public PieceCutter {
public:
    /// `open` tells of each sync sample whether it begins an open group of pictures, and must outlive the
    /// cutter; of those beyond it none does.
    SyncCutter(std::uint32_t timescale, const std::vector<bool>& open) noexcept
        : timescale_(timescale), open_(open) {}
    [[nodiscard]] bool begins_piece(const Sample& sample) override;
    [[nodiscard]] bool is_open() const noexcept override { return is_open_; }

private:
    std::uint32_t timescale_;
    const std::vector<bool>& open_;
    std::size_t next_ = 0;  // sync sample
    std::optional<std::int64_t> slot_;
    bool is_open_ = false;
};

/// Cuts at the first sample and at the one nearest to each of the given times, which must outlive it.
class FollowingCutter final : public PieceCutter {
public:
    FollowingCutter(const CutTimes& cuts, std::uint32_t timescale) noexcept
        : cuts_(cuts), timescale_(timescale) {}
    [[nodiscard]] bool begins_piece(const Sample& sample) override;

private:
    const CutTimes& cuts_;
    std::uint32_t timescale_;
    std::size_t next_ = 0;
    bool first_ = true;
};

}  // namespace mezz::media
