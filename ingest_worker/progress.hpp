// How far a job is.
#pragma once

#include <string>

namespace mezz::worker {

struct Progress {
    std::string stage;      ///< "probe", "video", "assemble", "check", "publish"
    std::string rendition;  ///< "720p"; empty where the stage is about all
    double percent = 0;     ///< 0 to 100
};

/// Told of progress, rarely enough to be written to a terminal or a database.
class ProgressSink {
public:
    ProgressSink() = default;
    ProgressSink(const ProgressSink&) = delete;
    ProgressSink& operator=(const ProgressSink&) = delete;
    virtual ~ProgressSink() = default;

    virtual void progressed(const Progress& progress) = 0;
};

}  // namespace mezz::worker
