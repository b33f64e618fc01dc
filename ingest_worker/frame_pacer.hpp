// Makes a constant frame rate of pictures that come whenever they like.
#pragma once

#include <functional>
#include <optional>

#include "av.hpp"
#include "frame_rate.hpp"

namespace mezz::worker {

/// The tick nearest to a time, both counted from the title's beginning, in microseconds; `first` is when the
/// first picture is shown. Its time may lie between two ticks: rounding then never wavers.
[[nodiscard]] std::int64_t nearest_tick(std::int64_t time, std::int64_t first, FrameRate rate) noexcept;

/// Time is divided into ticks, one a picture. A picture is shown from the tick nearest to its time until the
/// next one; the first from tick 0. Of two pictures in one tick the later is shown.
class FramePacer {
public:
    /// A picture that is shown for `count` ticks from `first`.
    using OnPicture =
        std::function<Outcome<void>(const AVFrame& frame, std::int64_t first, std::int64_t count)>;

    /// Fails with kind limit when more than `most_ticks` would be needed.
    FramePacer(FrameRate rate, std::int64_t most_ticks, OnPicture on_picture)
        : rate_(rate), most_ticks_(most_ticks), on_picture_(std::move(on_picture)) {}

    /// The first picture of the title was shown at `time` (microseconds): this pacer begins later.
    void begin_after(std::int64_t time) noexcept { first_time_ = time; }

    /// `time` and `duration` in microseconds; AV_NOPTS_VALUE means one tick after the last.
    [[nodiscard]] Outcome<void> add(const AVFrame& frame, std::int64_t time, std::int64_t duration);

    /// Shows the last picture for its duration (10 s at most), or until `end` if that is later. The pictures
    /// before it must have been added.
    [[nodiscard]] Outcome<void> finish(std::int64_t end);

    /// Microseconds from 0 to the end of the last picture, as finish(0) would leave it.
    [[nodiscard]] std::int64_t end_time() const noexcept;

    /// Ticks given out.
    [[nodiscard]] std::int64_t ticks() const noexcept { return next_; }

private:
    [[nodiscard]] std::int64_t tick_of(std::int64_t time) const noexcept;
    [[nodiscard]] std::int64_t end_tick() const noexcept;
    [[nodiscard]] Outcome<void> show_until(std::int64_t tick);

    FrameRate rate_;
    std::int64_t most_ticks_;
    OnPicture on_picture_;
    Av<AVFrame> held_;
    std::int64_t held_time_ = 0;
    std::int64_t held_duration_ = 0;
    std::int64_t next_ = 0;  // the first tick that has no picture yet
    std::optional<std::int64_t> first_time_;
};

}  // namespace mezz::worker
