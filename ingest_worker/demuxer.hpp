// Opens a source of an accepted file type, told by its content.
#pragma once

#include <memory>

#include "av.hpp"
#include "job.hpp"
#include "source_io.hpp"

namespace mezz::worker {

class Demuxer {
public:
    /// Recognises the type and reads the head of the file. Fails with kind source for playlists, pictures,
    /// texts and types that are not accepted, with kind limit for too many streams.
    [[nodiscard]] static Outcome<Demuxer> open(int fd, const Limits& limits);

    [[nodiscard]] AVFormatContext* get() const noexcept { return context_.get(); }
    [[nodiscard]] AVStream* stream(int index) const noexcept {
        return context_->streams[static_cast<std::size_t>(index)];
    }
    [[nodiscard]] int stream_count() const noexcept { return static_cast<int>(context_->nb_streams); }

    /// The next packet; false at the end of the file, or where the rest cannot be read: see damaged().
    [[nodiscard]] Outcome<bool> read(AVPacket& packet);

    /// The file has an index that leads to keyframes exactly.
    [[nodiscard]] bool has_index() const noexcept;

    /// A transport stream, which has no index, but can be read from the packet that a picture begins with.
    [[nodiscard]] bool is_transport_stream() const noexcept;

    /// Goes to the last keyframe of a stream at or before `place` (its time base), as the file tells; in a
    /// transport stream to that byte. False if there is no such place.
    [[nodiscard]] bool seek(int stream, std::int64_t place) noexcept;

    /// Leaves out the packets of all streams but one.
    void read_only(int stream) noexcept;

    /// Reading ended before the end of the file, or of what the file once was.
    [[nodiscard]] bool damaged() const noexcept { return damaged_; }

private:
    Demuxer(std::unique_ptr<SourceIo> io, Av<AVFormatContext> context) noexcept
        : io_(std::move(io)), context_(std::move(context)) {}

    std::unique_ptr<SourceIo> io_;
    Av<AVFormatContext> context_;
    bool damaged_ = false;
    bool short_ = false;
};

}  // namespace mezz::worker
