#include "av.hpp"

#include <array>
#include <new>

namespace mezz::worker {

Av<AVPacket> make_packet() {
    Av<AVPacket> packet(av_packet_alloc());
    if (!packet) throw std::bad_alloc();
    return packet;
}

Av<AVFrame> make_frame() {
    Av<AVFrame> frame(av_frame_alloc());
    if (!frame) throw std::bad_alloc();
    return frame;
}

Av<AVFrame> share(const AVFrame& frame) {
    Av<AVFrame> other(av_frame_clone(&frame));
    if (!other) throw std::bad_alloc();
    return other;
}

std::string av_text(int error) {
    std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
    av_strerror(error, text.data(), text.size());
    return text.data();
}

std::unexpected<Failure> av_failure(int error, FailureKind kind, std::string reason) {
    // A thread that cannot be given a stack is reported as EAGAIN.
    if (error == AVERROR(ENOMEM) || error == AVERROR(EAGAIN))
        return give_up(FailureKind::limit, "The file needs more memory than it may have.", av_text(error));
    return give_up(kind, std::move(reason), av_text(error));
}

}  // namespace mezz::worker
