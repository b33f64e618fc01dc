// Runs the encoder of one rendition in a thread of its own, so that all renditions are encoded at once.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "video_encoder.hpp"

namespace mezz::worker {

/// Immovable. Pictures wait in a short queue.
class EncoderThread {
public:
    explicit EncoderThread(VideoEncoder encoder);
    EncoderThread(const EncoderThread&) = delete;
    EncoderThread& operator=(const EncoderThread&) = delete;
    ~EncoderThread();  ///< drops what waits and joins

    /// As VideoEncoder::add(); waits while the queue is full. Fails if the encoder did, perhaps on an earlier
    /// picture.
    [[nodiscard]] Outcome<void> add(Av<AVFrame> picture, std::int64_t first, std::int64_t count);

    /// No picture follows: the thread encodes what is left and writes the file.
    void close();

    /// Waits for the end of the thread's work after close().
    [[nodiscard]] Outcome<void> join();

    [[nodiscard]] const RenditionPlan& rendition() const noexcept { return encoder_.rendition(); }
    [[nodiscard]] std::int64_t written_ticks() const noexcept { return written_.load(); }

private:
    struct Work {
        Av<AVFrame> picture;
        std::int64_t first = 0;
        std::int64_t count = 0;
    };

    void run() noexcept;
    [[nodiscard]] Outcome<void> encode_all();
    [[nodiscard]] std::optional<Work> next();

    VideoEncoder encoder_;
    std::atomic<std::int64_t> written_{0};
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Work> waiting_;
    bool closed_ = false;
    bool dropped_ = false;
    std::optional<Failure> failure_;
    std::jthread thread_;  // last: it uses all the others
};

}  // namespace mezz::worker
