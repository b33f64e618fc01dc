// The libav* libraries with owners for what they allocate.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavformat/avformat.h>
#include <libavutil/audio_fifo.h>
#include <libavutil/avstring.h>
#include <libavutil/channel_layout.h>
#include <libavutil/display.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
}

#include <cstdint>
#include <memory>
#include <string>

#include "failure.hpp"

namespace mezz::worker {

struct AvDeleter {
    void operator()(AVFormatContext* c) const noexcept { avformat_close_input(&c); }
    void operator()(AVCodecContext* c) const noexcept { avcodec_free_context(&c); }
    void operator()(AVCodecParameters* p) const noexcept { avcodec_parameters_free(&p); }
    void operator()(AVFilterGraph* g) const noexcept { avfilter_graph_free(&g); }
    void operator()(AVFrame* f) const noexcept { av_frame_free(&f); }
    void operator()(AVPacket* p) const noexcept { av_packet_free(&p); }
    void operator()(SwrContext* s) const noexcept { swr_free(&s); }
    void operator()(SwsContext* s) const noexcept { sws_freeContext(s); }
    void operator()(AVAudioFifo* f) const noexcept { av_audio_fifo_free(f); }
    void operator()(AVFilterInOut* i) const noexcept { avfilter_inout_free(&i); }
    void operator()(AVIOContext* io) const noexcept {
        av_freep(&io->buffer);
        avio_context_free(&io);
    }
};

struct AvMuxerDeleter {
    void operator()(AVFormatContext* c) const noexcept { avformat_free_context(c); }
};

template <class T>
using Av = std::unique_ptr<T, AvDeleter>;
using AvMuxer = std::unique_ptr<AVFormatContext, AvMuxerDeleter>;

/// An empty packet or frame; throws std::bad_alloc.
[[nodiscard]] Av<AVPacket> make_packet();
[[nodiscard]] Av<AVFrame> make_frame();

/// A second reference to a frame's data; throws std::bad_alloc.
[[nodiscard]] Av<AVFrame> share(const AVFrame& frame);

/// libav's words for an error.
[[nodiscard]] std::string av_text(int error);

/// The failure behind a negative libav result: a memory limit that was met, or `kind` with `reason`.
[[nodiscard]] std::unexpected<Failure> av_failure(int error, FailureKind kind, std::string reason);

/// Dictionary of options for the libraries.
class Options {
public:
    Options() = default;
    Options(const Options&) = delete;
    Options& operator=(const Options&) = delete;
    ~Options() { av_dict_free(&dictionary_); }

    void set(const char* key, const std::string& value) { av_dict_set(&dictionary_, key, value.c_str(), 0); }
    [[nodiscard]] AVDictionary** get() noexcept { return &dictionary_; }

private:
    AVDictionary* dictionary_ = nullptr;
};

/// Times of the title: microseconds.
inline constexpr AVRational kMicro{1, 1000000};

}  // namespace mezz::worker
