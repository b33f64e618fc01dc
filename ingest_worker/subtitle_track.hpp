// A text subtitle stream becomes a WebVTT file.
#pragma once

#include <string>
#include <vector>

#include "av.hpp"
#include "output_files.hpp"
#include "plan.hpp"

namespace mezz::worker {

class SubtitleTrack {
public:
    /// Fails with kind source if the stream's head is broken.
    [[nodiscard]] static Outcome<SubtitleTrack> open(const SubtitlePlan& plan, const AVStream& stream);

    /// A packet with times on the title's line; one that cannot be decoded is passed over.
    void feed(AVPacket& packet);

    /// Writes the file, cues by time; those after `end` (microseconds) are left out. False if there is none.
    [[nodiscard]] Outcome<bool> finish(const OutputFiles& files, std::int64_t end);

    [[nodiscard]] int stream() const noexcept { return stream_; }
    [[nodiscard]] const SubtitlePlan& plan() const noexcept { return plan_; }

private:
    struct Cue {
        std::int64_t begin = 0;  // milliseconds
        std::int64_t end = 0;
        std::size_t number = 0;  // in the file
        std::string text;
    };

    SubtitleTrack(const SubtitlePlan& plan, const AVStream& stream, Av<AVCodecContext> context)
        : plan_(plan), stream_(stream.index), time_base_(stream.time_base), context_(std::move(context)) {}

    void add(const AVSubtitle& subtitle, const AVPacket& packet);

    SubtitlePlan plan_;
    int stream_;
    AVRational time_base_;
    Av<AVCodecContext> context_;
    std::vector<Cue> cues_;
    std::size_t bytes_ = 0;  // of all texts
};

}  // namespace mezz::worker
