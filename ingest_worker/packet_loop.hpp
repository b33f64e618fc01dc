// Reads a source from where it stands to its end.
#pragma once

#include "demuxer.hpp"
#include "timeline.hpp"

namespace mezz::worker {

/// Gives each packet, on the title's clock, to `dispatch`, an Outcome<void>(AVPacket&), until one fails or
/// there are no more; calls `after_each` behind it. Streams that appear in the middle of a file are passed
/// over: nothing was planned for them.
template <class Dispatch, class AfterEach>
[[nodiscard]] Outcome<void> for_each_packet(Demuxer& source, Timeline& timeline, const Dispatch& dispatch,
                                            const AfterEach& after_each) {
    const Av<AVPacket> packet = make_packet();
    for (;;) {
        const auto more = source.read(*packet);
        if (!more) return std::unexpected(more.error());
        if (!*more) return {};
        const int index = packet->stream_index;
        Outcome<void> ok;
        if (index < timeline.streams() && source.stream(index)->discard != AVDISCARD_ALL) {
            timeline.adjust(*packet, source.stream(index)->time_base);
            ok = dispatch(*packet);
        }
        av_packet_unref(packet.get());
        if (!ok) return ok;
        after_each();
    }
}

}  // namespace mezz::worker
