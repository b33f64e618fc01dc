#include "nginx/ts_stream.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "media/silent_frame.hpp"
#include "nginx/sample_load.hpp"
#include "nginx/send.hpp"
#include "nginx/stream_buffers.hpp"
#include "package/bit_rate.hpp"
#include "package/iframes.hpp"
#include "package/nal_counter.hpp"
#include "package/ts_codec.hpp"
#include "package/ts_muxer.hpp"

namespace mezz::nginx {
namespace {

using media::TrackKind;

// One of the (up to) two tracks of a segment. What the muxer borrows is owned here, not pinned in the zone: a
// slow client may take minutes.
struct Source {
    std::vector<media::Sample> samples;
    std::vector<std::uint32_t> breaks;      // samples that begin a piece of the index
    std::vector<std::uint32_t> nal_counts;  // of each sample, where length prefixes are not start codes' size
    std::vector<std::byte> parameter_sets;
    std::uint32_t timescale = 0;
    unsigned nal_length_size = 4;
    media::Codec codec = media::Codec::h264;
    std::uint32_t least_packets = 0;
    media::AacConfig aac;
    std::uint32_t sample_rate = 0;
    std::vector<std::byte> silence;  // what lies at kSilenceOffset
    std::uint64_t end = 0;           // of its last byte in the file
    bool is_last = false;            // the track ends with it
    FileWindow window;
};

struct Sources {
    std::optional<Source> video;
    std::optional<Source> audio;
    bool one_file = false;

    [[nodiscard]] Source& of(unsigned source) noexcept {
        return source == package::kTsVideo ? *video : *audio;
    }
};

// A transport stream has no negative composition offsets (ISO/IEC 13818-1 §2.4.3.7): the picture is decoded
// earlier, by as much in all segments.
void decode_earlier(std::vector<media::Sample>& samples, std::int32_t lowest_offset) noexcept {
    for (media::Sample& sample : samples) {
        sample.dts += lowest_offset;
        sample.composition_offset -= lowest_offset;
        if (sample.composition_offset >= 0) continue;
        sample.dts += sample.composition_offset;
        sample.composition_offset = 0;
    }
}

// A picture that is shown alone is decoded when it is shown. It lasts no time, so that no clock references
// follow it.
void keep_first_picture(std::vector<media::Sample>& samples) noexcept {
    samples.resize(1);
    media::Sample& picture = samples.front();
    picture.dts += picture.composition_offset;
    picture.composition_offset = 0;
    picture.duration = 0;
    picture.sync = true;
}

// Pictures that are decoded before the title's first moment would make players that count from the first
// decoding time (hls.js) show all of it late. At the start they are decoded in quick succession instead: the
// first at the time it is shown, and from the first one after that on, all as before.
void begin_decoding_at_first_picture(std::vector<media::Sample>& samples) noexcept {
    if (samples.empty()) return;
    const std::int64_t begin = samples.front().dts + samples.front().composition_offset;
    const auto later =
        std::ranges::find_if(samples, [begin](const media::Sample& s) { return s.dts > begin; });
    const std::int64_t count = later - samples.begin();
    const std::int64_t span = later == samples.end() ? 0 : later->dts - begin;
    if (span < count) return;
    std::vector<media::Sample> hurried(samples.begin(), later);
    for (std::int64_t i = 0; i < count; ++i) {
        media::Sample& sample = hurried[static_cast<std::size_t>(i)];
        const std::int64_t shown = sample.dts + sample.composition_offset;
        sample.dts = begin + span * i / count;
        if (shown < sample.dts) return;
        sample.composition_offset = static_cast<std::int32_t>(shown - sample.dts);
    }
    std::ranges::copy(hurried, samples.begin());
}

std::vector<std::uint32_t> piece_breaks(const media::TrackView& track, package::PieceRange pieces) {
    std::vector<std::uint32_t> breaks;
    if (track->layout == media::Layout::fragments) return breaks;
    for (std::uint32_t i = pieces.first + 1; i < pieces.last; ++i)
        breaks.push_back(track.samples_before(i) - track.samples_before(pieces.first));
    return breaks;
}

// Start codes have four bytes: with shorter length prefixes the size of a segment depends on how many NAL
// units there are, so they are counted before the first byte is sent.
Task<Result<void>> count_nals(RequestFlow& flow, Source& source) {
    if (source.nal_length_size == 4) co_return Result<void>();
    for (const media::Sample& sample : source.samples) {
        package::NalCounter counter(source.nal_length_size, sample.size);
        for (std::uint64_t at = sample.offset; at < sample.offset + sample.size;) {
            const auto bytes = co_await source.window.fetch(flow, at, source.end - at);
            if (!bytes) co_return std::unexpected(bytes.error());
            counter.feed(*bytes);
            at += bytes->size();
        }
        source.nal_counts.push_back(counter.count());
    }
    co_return Result<void>();
}

// What is wanted of a rendition: a segment, or a picture of its I-frame playlist.
struct Part {
    std::uint32_t number = 0;
    bool iframe = false;
    bool up_to_end = false;  ///< of the track, beyond the segment
    bool beside = false;     ///< sound in the segments of pictures
};

package::PieceRange silent_frames_of(const package::TrackTimeline& line, Part part) noexcept {
    package::PieceRange frames = line.silent_frames(part.number);
    if (part.up_to_end) frames.last = line.silence().count();
    return frames;
}

// Silence in place of sound that starts late: frames before all others.
void add_silence(Source& source, const package::TrackTimeline& line, Part part) {
    const package::PieceRange frames = silent_frames_of(line, part);
    if (part.iframe || frames.empty()) return;
    const auto samples = package::silent_samples(line.track(), line.silence(), frames);
    for (std::uint32_t& number : source.breaks)
        number += frames.count();
    source.breaks.insert(source.breaks.begin(), frames.count());
    source.samples.insert(source.samples.begin(), samples.begin(), samples.end());
    source.silence = media::silent_frame(line.track());
}

package::PieceRange pieces_of(const package::TrackTimeline& line, Part part) noexcept {
    if (part.iframe) return package::IFrameLine(line).piece(part.number);
    package::PieceRange pieces = line.pieces(part.number);
    if (part.up_to_end) pieces.last = line.track().piece_count();
    return pieces;
}

void move_samples(Source& source, const package::TrackTimeline& line, Part part) noexcept {
    if (part.iframe) {
        if (source.samples.empty()) return;
        keep_first_picture(source.samples);
        source.least_packets =
            package::IFrameLine(line).least_ts_packets(part.number, source.samples.front());
        return;
    }
    decode_earlier(source.samples, line.track()->lowest_offset);
    if (part.number == 0 && line.track()->kind == TrackKind::video)
        begin_decoding_at_first_picture(source.samples);
}

Task<Result<Source>> load_source(RequestFlow& flow, const LoadedTitle& title,
                                 const package::RenditionRecord& rendition, Part part) {
    const auto file = co_await load_file(flow, title, rendition.file);
    if (!file) co_return std::unexpected(file.error());
    const media::TrackView track = file->view().track(rendition.track);
    const package::TrackTimeline line = package::timeline(title.view(), track);
    const package::PieceRange pieces = pieces_of(line, part);
    if (part.iframe && pieces.empty()) co_return fail(ErrorCode::not_found, "picture: past the end");
    auto samples = co_await load_samples(flow, file->media, track, pieces);
    if (!samples) co_return std::unexpected(samples.error());
    Source source;
    source.window = FileWindow(file->media);
    source.samples = std::move(*samples);
    move_samples(source, line, part);
    source.breaks = piece_breaks(track, pieces);
    source.is_last = pieces.last == track.piece_count();
    source.parameter_sets.assign(track.parameter_sets().begin(), track.parameter_sets().end());
    source.timescale = track->timescale;
    source.nal_length_size = track->nal_length_size;
    source.codec = track->codec;
    source.aac = track->audio.aac;
    source.sample_rate = track->audio.sample_rate;
    for (const media::Sample& sample : source.samples)
        source.end = std::max(source.end, sample.offset + sample.size);
    add_silence(source, line, part);
    if (track->kind == TrackKind::audio)
        source.least_packets =
            package::least_audio_packets(line, silent_frames_of(line, part), pieces, !part.beside);
    co_return source;
}

Task<Result<Sources>> load_sources(RequestFlow& flow, const LoadedTitle& title,
                                   const package::RenditionRecord& rendition, Part part) {
    Sources sources;
    auto first = co_await load_source(flow, title, rendition, part);
    if (!first) co_return std::unexpected(first.error());
    if (first->samples.empty()) co_return fail(ErrorCode::not_found, "segment: the rendition has none here");
    if (rendition.kind == TrackKind::audio) {
        sources.audio = std::move(*first);
        co_return sources;
    }
    sources.video = std::move(*first);
    const auto counted = co_await count_nals(flow, *sources.video);
    if (!counted) co_return std::unexpected(counted.error());
    const package::RenditionRecord* audio = title.view().muxed_audio();
    if (audio == nullptr || part.iframe) co_return sources;
    part.up_to_end = sources.video->is_last;
    part.beside = true;
    auto second = co_await load_source(flow, title, *audio, part);
    if (!second) co_return std::unexpected(second.error());
    sources.audio = std::move(*second);
    sources.one_file = audio->file == rendition.file;
    co_return sources;
}

Result<package::TsPlan> make_plan(const Sources& sources, std::uint32_t number) {
    std::optional<package::TsVideoTrack> video;
    std::optional<package::TsAudioTrack> audio;
    if (sources.video) {
        const Source& from = *sources.video;
        video = package::TsVideoTrack{.codec = package::ts_video_codec(from.codec),
                                      .timescale = from.timescale,
                                      .parameter_sets = from.parameter_sets,
                                      .nal_length_size = from.nal_length_size,
                                      .samples = from.samples,
                                      .nal_counts = from.nal_counts,
                                      .least_packets = from.least_packets};
    }
    if (sources.audio) {
        const Source& from = *sources.audio;
        audio = package::TsAudioTrack{.timescale = from.timescale,
                                      .object_type = from.aac.object_type,
                                      .sampling_frequency_index = from.aac.frequency_index,
                                      .channel_configuration = from.aac.channel_configuration,
                                      .samples = from.samples,
                                      .breaks = from.breaks,
                                      .codec = from.codec,
                                      .sample_rate = from.sample_rate,
                                      .least_packets = from.least_packets};
    }
    return package::TsPlan::make(video, audio, number);
}

// The bytes at need.offset, at least one of them. Video is read ahead to the end of the segment; audio, which
// lies thinly between the video of the same file, just as needed.
Task<Result<Bytes>> fetch(RequestFlow& flow, Sources& sources, package::TsNeed need) {
    Source& source = sources.of(need.source);
    if (need.offset >= package::kSilenceOffset)
        co_return Bytes(source.silence).subspan(need.offset - package::kSilenceOffset);
    if (sources.one_file) {
        const Bytes held = sources.of(1 - need.source).window.held(need.offset);
        if (!held.empty()) co_return held;
    }
    const bool ahead = need.source == package::kTsVideo || !sources.one_file;
    const std::uint64_t wanted = ahead ? source.end - need.offset : need.length;
    const auto fetched = co_await source.window.fetch(flow, need.offset, wanted);
    co_return fetched;
}

// Where the client's range ends; nginx's range filter cuts it out of what it is given.
std::uint64_t end_of_range(const ngx_http_request_t* r, std::uint64_t size) noexcept {
    if (r->headers_out.status != NGX_HTTP_PARTIAL_CONTENT) return size;
    return static_cast<std::uint64_t>(r->headers_out.content_offset + r->headers_out.content_length_n);
}

Task<Result<ngx_int_t>> stream(RequestFlow& flow, Sources& sources, const package::TsPlan& plan) {
    ngx_http_request_t* r = flow.request();
    OutputBuffer* output = OutputBuffer::create(r, plan.size());
    if (output == nullptr) co_return fail(ErrorCode::internal, "no memory");
    package::TsMuxer muxer(plan);
    const std::uint64_t end = end_of_range(r, plan.size());
    std::uint64_t produced = 0;
    while (produced < end) {
        Bytes input;
        const package::TsNeed need = muxer.need();
        if (need.length != 0) {
            const auto fetched = co_await fetch(flow, sources, need);
            if (!fetched) co_return std::unexpected(fetched.error());
            input = *fetched;
        }
        const std::size_t written = muxer.run(input, output->room()).produced;
        output->advance(written);
        produced += written;
        if (!output->room().empty() && produced < end) continue;
        const auto sent = co_await send(flow, output->chain(r, muxer.done()));
        if (!sent) co_return std::unexpected(sent.error());
        output->rewind();
    }
    co_return NGX_OK;
}

Task<Result<ngx_int_t>> stream_part(RequestFlow& flow, const LoadedTitle& title,
                                    const package::RenditionRecord& rendition, Part part, ResponseHead head) {
    auto sources = co_await load_sources(flow, title, rendition, part);
    if (!sources) co_return std::unexpected(sources.error());
    const auto plan = make_plan(*sources, part.number);
    if (!plan) co_return std::unexpected(plan.error());
    head.length = plan->size();
    head.several_buffers = true;
    const ngx_int_t rc = send_head(flow.request(), head);
    if (is_answered(flow.request(), rc)) co_return rc;
    const auto sent = co_await stream(flow, *sources, *plan);
    co_return sent;
}

}  // namespace

Task<Result<ngx_int_t>> stream_ts_segment(RequestFlow& flow, const LoadedTitle& title,
                                          const package::RenditionRecord& rendition, std::uint32_t number,
                                          ResponseHead head) {
    const Part part{.number = number};
    const auto sent = co_await stream_part(flow, title, rendition, part, head);
    co_return sent;
}

Task<Result<ngx_int_t>> stream_ts_iframe(RequestFlow& flow, const LoadedTitle& title,
                                         const package::RenditionRecord& rendition, std::uint32_t number,
                                         ResponseHead head) {
    const Part part{.number = number, .iframe = true};
    const auto sent = co_await stream_part(flow, title, rendition, part, head);
    co_return sent;
}

}  // namespace mezz::nginx
