// Copies a source's pictures, as they are encoded, into a mezzanine file.
#pragma once

#include <optional>

#include "job.hpp"
#include "mezzanine_writer.hpp"
#include "nal_framing.hpp"
#include "probe.hpp"

namespace mezz::worker {

/// The source's own random access points become the boundaries of fragments, where they are at least 1.5 s
/// apart. Waits for a whole group of pictures before it writes it, so memory is bounded by the largest that
/// is accepted: 10 s and 192 MiB. Every function fails with kind source where copying would not play:
/// pictures without times, groups that are longer or refer to each other, parameter sets that change.
class VideoCopy {
public:
    /// Checks what can be known from the stream's head: codec, sample format, orientation, interlacing.
    [[nodiscard]] static Outcome<VideoCopy> open(const OutputFiles& files, const AVStream& stream,
                                                 const VideoInfo& info, const Limits& limits);

    /// A packet with times on the title's line; its data are taken or changed. Those before the first random
    /// access point are left out.
    [[nodiscard]] Outcome<void> feed(AVPacket& packet);

    /// Where the last picture ends, microseconds.
    [[nodiscard]] std::int64_t end_time() const noexcept;

    /// Shows the last picture until `end` (microseconds) at least, and writes the file `name`.mp4.
    [[nodiscard]] Outcome<void> finish(const std::string& name, std::int64_t end);

private:
    VideoCopy(const AVStream& stream, const Limits& limits, std::uint32_t timescale) noexcept;

    [[nodiscard]] Outcome<bool> inspect(AVPacket& packet) const;
    [[nodiscard]] Outcome<void> take(AVPacket& packet, bool random_access);
    [[nodiscard]] Outcome<void> split_group(const AVPacket& next);
    [[nodiscard]] Outcome<void> check_group() const;
    [[nodiscard]] Outcome<void> write_group(std::int64_t end);

    AVRational time_base_;
    bool reorders_;
    std::uint32_t timescale_;
    std::int64_t most_ticks_;
    std::optional<NalFraming> framing_;
    std::unique_ptr<MezzanineWriter> writer_;
    std::vector<Av<AVPacket>> group_;  // in decoding order; times in ticks of timescale_
    std::size_t group_bytes_ = 0;
    std::optional<std::size_t> candidate_;  // the packet in group_ that may begin the next group
    std::int64_t usual_ = 0;                // ticks that the last picture lasts, if nothing says
    std::int64_t end_ = 0;                  // ticks, of what came so far
    bool first_group_ = true;
};

}  // namespace mezz::worker
