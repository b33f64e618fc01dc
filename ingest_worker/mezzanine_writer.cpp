#include "mezzanine_writer.hpp"

#include <unistd.h>

#include <cerrno>
#include <new>

#include "media/fragment.hpp"

namespace mezz::worker {
namespace {

using media::Box;
using media::fourcc;

constexpr std::uint32_t kTrackId = 1;

std::unexpected<Failure> muxing_failed(int error) {
    return av_failure(error, FailureKind::internal, "A rendition could not be written.");
}

}  // namespace

Outcome<std::unique_ptr<MezzanineWriter>> MezzanineWriter::open(const OutputFiles& files,
                                                                const AVCodecContext& encoder,
                                                                std::uint32_t timescale,
                                                                const std::string& language) {
    const Av<AVCodecParameters> parameters(avcodec_parameters_alloc());
    if (!parameters || avcodec_parameters_from_context(parameters.get(), &encoder) < 0)
        throw std::bad_alloc();
    return open(files, *parameters, timescale, language);
}

Outcome<std::unique_ptr<MezzanineWriter>> MezzanineWriter::open(const OutputFiles& files,
                                                                const AVCodecParameters& stream,
                                                                std::uint32_t timescale,
                                                                const std::string& language) {
    std::unique_ptr<MezzanineWriter> writer(new MezzanineWriter(files, timescale));
    auto scratch = files.scratch();
    if (!scratch) return std::unexpected(std::move(scratch.error()));
    writer->scratch_ = std::move(*scratch);
    if (const int error = writer->open_muxer(stream, language); error < 0) return muxing_failed(error);
    return writer;
}

int MezzanineWriter::open_muxer(const AVCodecParameters& parameters, const std::string& language) {
    constexpr int kBuffer = 64 * 1024;
    AVFormatContext* context = nullptr;
    int error = avformat_alloc_output_context2(&context, nullptr, "mp4", nullptr);
    if (error < 0) return error;
    muxer_.reset(context);
    auto* const buffer = static_cast<unsigned char*>(av_malloc(kBuffer));
    if (buffer == nullptr) return AVERROR(ENOMEM);
    io_.reset(avio_alloc_context(buffer, kBuffer, 1, this, nullptr, &MezzanineWriter::collect, nullptr));
    if (!io_) {
        av_free(buffer);
        return AVERROR(ENOMEM);
    }
    context->pb = io_.get();
    context->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
    if (parameters.codec_id == AV_CODEC_ID_FLAC) context->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;
    AVStream* const stream = avformat_new_stream(context, nullptr);
    if (stream == nullptr) return AVERROR(ENOMEM);
    error = avcodec_parameters_copy(stream->codecpar, &parameters);
    if (error < 0) return error;
    // "hvc1": the parameter sets are in the sample entry alone, as some players demand.
    stream->codecpar->codec_tag = parameters.codec_id == AV_CODEC_ID_HEVC ? MKTAG('h', 'v', 'c', '1') : 0;
    stream->sample_aspect_ratio = parameters.sample_aspect_ratio;
    stream->time_base = {1, static_cast<int>(timescale_)};
    if (!language.empty()) av_dict_set(&stream->metadata, "language", language.c_str(), 0);
    const bool audio = parameters.codec_type == AVMEDIA_TYPE_AUDIO;
    Options options;
    options.set("movflags", std::string("cmaf+frag_custom+skip_trailer") + (audio ? "+delay_moov" : ""));
    options.set("video_track_timescale", std::to_string(timescale_));
    if (audio) options.set("use_editlist", "1");
    return avformat_write_header(context, options.get());
}

int MezzanineWriter::collect(void* self, std::uint8_t* data, int size) noexcept {
    auto& writer = *static_cast<MezzanineWriter*>(self);
    try {
        const auto* const bytes = reinterpret_cast<const std::byte*>(data);
        writer.pending_.insert(writer.pending_.end(), bytes, bytes + size);
    } catch (const std::bad_alloc&) {
        writer.out_of_memory_ = true;
        return AVERROR(ENOMEM);
    }
    return size;
}

Outcome<void> MezzanineWriter::write(AVPacket& packet, bool begins_fragment) {
    if (begins_fragment)
        if (auto ok = end_fragment(); !ok) return ok;
    packet.stream_index = 0;
    in_fragment_ = true;
    const int error = av_write_frame(muxer_.get(), &packet);
    if (error < 0) return muxing_failed(error);
    return {};
}

Outcome<void> MezzanineWriter::end_fragment() {
    if (!in_fragment_) return {};
    in_fragment_ = false;
    // With delay_moov the first flush writes moov alone.
    for (int flushes = head_.empty() ? 2 : 1; flushes > 0; --flushes) {
        const int error = av_write_frame(muxer_.get(), nullptr);
        if (error < 0) return muxing_failed(error);
    }
    avio_flush(io_.get());
    if (out_of_memory_) return muxing_failed(AVERROR(ENOMEM));
    return take_boxes();
}

// Sorts what the muxer wrote. Any other boxes than these, such as styp, are not part of the format.
Outcome<void> MezzanineWriter::take_boxes() {
    Bytes rest(pending_);
    while (!rest.empty()) {
        const auto header = media::read_box_header(rest, 0, rest.size());
        if (!header)
            return give_up(FailureKind::internal, "A rendition could not be written.", header.error().text);
        const auto size = static_cast<std::size_t>(header->size);
        const Bytes whole = rest.first(size);
        if (header->type == fourcc("ftyp") || header->type == fourcc("moov"))
            head_.insert(head_.end(), whole.begin(), whole.end());
        if (header->type == fourcc("moof")) {
            const auto mdat = media::read_box_header(rest.subspan(size), 0, rest.size() - size);
            if (!mdat || mdat->type != fourcc("mdat"))
                return give_up(FailureKind::internal, "A rendition could not be written.",
                               "moof without mdat");
            const std::size_t both = size + static_cast<std::size_t>(mdat->size);
            if (auto ok = take_fragment(whole, both); !ok) return ok;
            if (auto ok = write_all(scratch_.get(), rest.first(both)); !ok) return ok;
            media_bytes_ += both;
            rest = rest.subspan(both);
            continue;
        }
        rest = rest.subspan(size);
    }
    pending_.clear();
    return {};
}

Outcome<void> MezzanineWriter::take_fragment(Bytes moof, std::size_t bytes) {
    const auto header = media::read_box_header(moof, 0, moof.size());
    const Box box{header->type, 0, header->header_size, moof.subspan(header->header_size)};
    std::vector<media::Sample> samples;
    const auto read = media::read_fragment(box, {.track_id = kTrackId}, bytes, samples);
    if (!read || samples.empty() || bytes > INT32_MAX)
        return give_up(FailureKind::internal, "A rendition could not be written.",
                       read ? "moof without samples" : read.error().text);
    if (fragments_.size() == kMostFragments)
        return give_up(FailureKind::limit, "The video lasts longer than a file can list.");
    const media::Sample& first = samples.front();
    fragments_.push_back({.bytes = static_cast<std::uint32_t>(bytes),
                          .head = static_cast<std::uint32_t>(first.offset + first.size),
                          .time = first.dts});
    end_ = samples.back().dts + samples.back().duration;
    return {};
}

Outcome<void> MezzanineWriter::finish(const std::string& file_name) {
    if (auto ok = end_fragment(); !ok) return ok;
    if (fragments_.empty() || head_.empty())
        return give_up(FailureKind::source, "The file holds nothing that could be shown.");
    std::vector<std::byte> head = head_;
    const std::vector<std::byte> index = segment_boxes(fragments_, kTrackId, timescale_, end_);
    head.insert(head.end(), index.begin(), index.end());
    const auto file = files_.create(file_name);
    if (!file) return std::unexpected(file.error());
    if (auto ok = write_all(file->get(), head); !ok) return ok;
    if (auto ok = append_file(file->get(), scratch_.get(), media_bytes_); !ok) return ok;
    if (::fsync(file->get()) != 0) return std::unexpected(write_failure(errno));
    scratch_.reset();
    return {};
}

}  // namespace mezz::worker
