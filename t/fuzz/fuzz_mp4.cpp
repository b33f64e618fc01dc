// Fuzzes what a media file goes through: it is scanned, indexed, cut into segments and packaged in every
// form. Each rule that must hold for every input is required(); one that does not, traps.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <source_location>
#include <string>
#include <vector>

#include "core/rescale.hpp"
#include "media/file_scanner.hpp"
#include "media/sample_reader.hpp"
#include "media/text_parser.hpp"
#include "media/text_track_reader.hpp"
#include "package/bit_rate.hpp"
#include "package/fmp4.hpp"
#include "package/nal_counter.hpp"
#include "package/playlist.hpp"
#include "package/silence.hpp"
#include "package/text_segments.hpp"
#include "package/title_builder.hpp"
#include "package/title_texts.hpp"
#include "package/ts_codec.hpp"
#include "package/ts_muxer.hpp"

namespace {

using mezz::ByteRange;
using mezz::Bytes;
using mezz::media::Sample;
using mezz::media::TrackKind;
using mezz::media::TrackView;
namespace media = mezz::media;
namespace package = mezz::package;

constexpr std::uint64_t kMaxMoov = 1 << 20;
constexpr std::uint32_t kMostSegments = 8;  // that are looked at, of each rendition
constexpr std::uint64_t kLargestSegment = 4 << 20;
constexpr std::uint64_t kMostSilence = 17 << 20;

void require(bool holds, const std::source_location& where = std::source_location::current()) {
    if (holds) return;
    std::fprintf(stderr, "rule at line %u does not hold\n", static_cast<unsigned>(where.line()));
    std::abort();
}

// Not bytes.subspan(): a copy of the exact length shows reads beyond it.
std::optional<std::vector<std::byte>> piece_of(Bytes file, const ByteRange& range) {
    require(range.offset <= file.size() && range.length <= file.size() - range.offset);
    const Bytes part =
        file.subspan(static_cast<std::size_t>(range.offset), static_cast<std::size_t>(range.length));
    return std::vector<std::byte>(part.begin(), part.end());
}

std::optional<std::vector<std::byte>> index_of(Bytes file) {
    package::TsPieceCost cost;
    media::FileScanner scanner(file.size(), kMaxMoov, cost);
    for (std::size_t reads = 0; const auto need = scanner.need(); ++reads) {
        require(reads < file.size() + 2);
        if (!scanner.feed(*piece_of(file, *need))) return std::nullopt;
    }
    auto index = scanner.take_index();
    if (!index) return std::nullopt;
    return std::move(*index);
}

std::optional<std::vector<Sample>> samples_of(Bytes file, TrackView track, package::PieceRange pieces) {
    media::SampleReader reader(track, file.size(), pieces.first, pieces.last);
    for (std::size_t reads = 0; const auto need = reader.need(); ++reads) {
        require(reads < file.size() + 8 && need->length != 0);
        if (!reader.feed(*piece_of(file, *need))) return std::nullopt;
    }
    auto samples = reader.take_samples();
    for (const Sample& sample : samples)
        require(sample.offset <= file.size() && sample.size <= file.size() - sample.offset);
    return samples;
}

void check_pieces(TrackView track) {
    const std::uint32_t count = track.piece_count();
    require(count > 0);
    std::int64_t time = track.piece_time(0);
    std::uint64_t bytes = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        require(track.piece_time(i) == time && track.bytes_before(i) == bytes);
        time += track.pieces()[i].duration;
        bytes += track.pieces()[i].bytes;
        const std::uint32_t nearest = track.nearest_piece(track.piece_time(i));
        require(track.piece_time(nearest) == track.piece_time(i));
    }
    require(track.piece_time(count) == time && track.bytes_before(count) == bytes);
}

void same_samples(const std::vector<Sample>& some, const std::vector<Sample>& all, std::size_t from) {
    require(some.size() <= all.size() - from);
    for (std::size_t i = 0; i < some.size(); ++i) {
        const Sample& a = some[i];
        const Sample& b = all[from + i];
        require(a.offset == b.offset && a.size == b.size && a.dts == b.dts && a.duration == b.duration &&
                a.composition_offset == b.composition_offset && a.sync == b.sync);
    }
}

// Piece by piece must come what one pass over all pieces gives.
void check_samples(Bytes file, TrackView track) {
    const auto all = samples_of(file, track, {0, track.piece_count()});
    // An index of subsegments may lie about where boxes begin: then two ways of reading find other boxes.
    if (track->layout == media::Layout::fragments) return;
    require(all && all->size() == track->sample_count);
    std::size_t at = 0;
    for (std::uint32_t i = 0; i < std::min(track.piece_count(), 16U); ++i) {
        const auto some = samples_of(file, track, {i, i + 1});
        require(some.has_value());
        same_samples(*some, *all, at);
        at += some->size();
        std::uint64_t bytes = 0;
        for (const Sample& sample : *some)
            bytes += sample.size;
        require(bytes == track.pieces()[i].bytes);
    }
}

void check_fragment(Bytes file, TrackView track, const std::vector<Sample>& samples, std::uint32_t n) {
    const auto plan = package::plan_fragment(track, samples, n);
    if (!plan) return;
    std::uint64_t size = plan->head.size();
    for (const ByteRange& range : plan->ranges) {
        require(range.length != 0 && range.offset <= file.size() &&
                range.length <= file.size() - range.offset);
        size += range.length;
    }
    require(size == plan->size);
    const auto header = media::read_box_header(plan->head, 0, plan->head.size());
    require(header && header->type == media::fourcc("moof") && header->size + 8 == plan->head.size());
    const media::Box moof{header->type, 0, header->header_size,
                          Bytes(plan->head).subspan(8, static_cast<std::size_t>(header->size) - 8)};
    std::vector<Sample> read;
    require(media::read_fragment(moof, {.track_id = track->id}, plan->size, read).has_value());
    require(read.size() == samples.size());
    std::uint64_t position = plan->head.size();
    for (std::size_t i = 0; i < read.size(); ++i) {
        require(read[i].size == samples[i].size && read[i].sync == samples[i].sync);
        require(read[i].offset == position);
        position += read[i].size;
    }
}

// Frames in place of sound that begins late: they follow each other up to it, in bounded memory.
void check_silence(const package::TrackTimeline& line, std::uint32_t n) {
    const package::PieceRange frames = line.silent_frames(n);
    if (frames.empty()) return;
    const auto fragment = package::silent_fragment(line.track(), line.silence(), frames, n);
    require(fragment.size() == package::silent_fragment_size(line.track(), line.silence(), frames));
    require(fragment.size() <= kMostSilence);
    const auto header = media::read_box_header(fragment, 0, fragment.size());
    require(header && header->type == media::fourcc("moof"));
    const media::Box moof{header->type, 0, header->header_size,
                          Bytes(fragment).subspan(8, static_cast<std::size_t>(header->size) - 8)};
    std::vector<Sample> read;
    require(media::read_fragment(moof, {.track_id = line.track()->id}, fragment.size(), read).has_value());
    require(read.size() == frames.count() && read.back().offset + read.back().size == fragment.size());
    for (std::uint32_t i = 0; i < frames.count(); ++i)
        require(read[i].dts - read[0].dts ==
                line.silence().time(frames.first + i) - line.silence().time(frames.first));
}

struct Source {
    TrackView track;
    std::vector<Sample> samples;
    std::vector<std::uint32_t> nal_counts{};
};

// Short NAL lengths grow to start codes: how many there are must be known before.
void count_nals(Bytes file, Source& video) {
    if (video.track->nal_length_size == 4) return;
    for (const Sample& sample : video.samples) {
        package::NalCounter counter(video.track->nal_length_size, sample.size);
        counter.feed(*piece_of(file, {sample.offset, sample.size}));
        video.nal_counts.push_back(counter.count());
    }
}

void check_ts(Bytes file, const std::optional<Source>& video, const std::optional<Source>& audio,
              std::uint32_t n) {
    std::optional<package::TsVideoTrack> v;
    std::optional<package::TsAudioTrack> a;
    if (video)
        v = {.codec = package::ts_video_codec(video->track->codec),
             .timescale = video->track->timescale,
             .parameter_sets = video->track.parameter_sets(),
             .nal_length_size = video->track->nal_length_size,
             .samples = video->samples,
             .nal_counts = video->nal_counts};
    if (audio)
        a = {.timescale = audio->track->timescale,
             .object_type = audio->track->audio.aac.object_type,
             .sampling_frequency_index = audio->track->audio.aac.frequency_index,
             .channel_configuration = audio->track->audio.aac.channel_configuration,
             .samples = audio->samples,
             .codec = audio->track->codec,
             .sample_rate = audio->track->audio.sample_rate};
    const auto plan = package::TsPlan::make(v, a, n);
    if (!plan || plan->size() > kLargestSegment) return;
    package::TsMuxer muxer(*plan);
    std::vector<std::byte> room(5000);
    std::uint64_t produced = 0;
    while (!muxer.done()) {
        const package::TsNeed need = muxer.need();
        const auto input = piece_of(file, {need.offset, std::min<std::uint64_t>(need.length, 3000)});
        const auto progress = muxer.run(need.length == 0 ? Bytes() : Bytes(*input), room);
        require(progress.produced != 0 || progress.consumed != 0 || need.length != 0);
        produced += progress.produced;
        require(produced <= plan->size());
    }
    require(produced == plan->size() && produced % 188 == 0);
}

void check_playlist(const package::TitleView& title, const package::RenditionRecord& rendition,
                    TrackView track) {
    const package::TrackTimeline line = package::timeline(title, track);
    for (std::uint32_t n = 0; n < line.segment_count(); ++n) {
        require(line.start(n) <= line.start(n + 1));
        require(line.pieces(n).last == line.pieces(n + 1).first || n + 1 == line.segment_count());
    }
    require(line.pieces(line.segment_count() - 1).last == track.piece_count());
    for (const auto format : {package::Format::hls, package::Format::cmaf}) {
        std::string text;
        package::write_media_playlist({title, rendition, line, format, "r/", "?token=t"}, text);
        require(text.starts_with("#EXTM3U\n") && text.ends_with("#EXT-X-ENDLIST\n"));
        require(text.find('\0') == std::string::npos && text.find("EXTINF:-") == std::string::npos);
    }
}

void check_segments(Bytes file, const package::TitleView& title, const media::FileIndexView& index) {
    const package::RenditionRecord* other = title.muxed_audio();
    for (const package::RenditionRecord& rendition : title.renditions()) {
        const TrackView track = index.track(rendition.track);
        check_playlist(title, rendition, track);
        const package::TrackTimeline line = package::timeline(title, track);
        for (std::uint32_t n = 0; n < std::min(line.segment_count(), kMostSegments); ++n) {
            check_silence(line, n);
            if (line.pieces(n).empty()) continue;
            auto samples = samples_of(file, track, line.pieces(n));
            if (!samples || samples->empty()) continue;
            if (track->layout != media::Layout::fragments) check_fragment(file, track, *samples, n);
            std::optional<Source> video;
            std::optional<Source> audio;
            const bool is_video = rendition.kind == TrackKind::video;
            (is_video ? video : audio).emplace(Source{track, std::move(*samples)});
            if (is_video && other != nullptr) {
                const TrackView second = index.track(other->track);
                auto more = samples_of(file, second, package::timeline(title, second).pieces(n));
                if (more) audio.emplace(Source{second, std::move(*more)});
            }
            if (!rendition.in_ts) continue;
            if (video) count_nals(file, *video);
            check_ts(file, video, audio, n);
        }
    }
}

void check_title(Bytes file, const media::FileIndexView& index) {
    std::vector<package::SourceFile> files(1);
    files[0].size = file.size();
    files[0].index = index;
    const package::TitleOptions options{{1000, 2000, 6000}};
    const auto block = package::build_title(files, options, package::make_revision(files, options, ""));
    if (!block) return;
    const package::TitleView title(*block);
    const auto boundaries = title.boundaries();
    require(boundaries.size() >= 2 && boundaries.front() == 0);
    require(std::ranges::adjacent_find(boundaries, std::ranges::greater_equal()) == boundaries.end());
    std::vector<TrackView> tracks;
    for (const package::RenditionRecord& rendition : title.renditions()) {
        require(title.find(rendition.name.data()) == &rendition);
        require(rendition.cmaf.average <= rendition.cmaf.peak && rendition.ts.average <= rendition.ts.peak);
        tracks.push_back(index.track(rendition.track));
    }
    std::string text;
    package::write_multivariant_playlist(title, package::Format::hls, "?token=t", text);
    package::write_multivariant_playlist(title, package::Format::cmaf, "", text);
    package::write_manifest(title, tracks, "?token=t&x", text);
    require(text.ends_with("</MPD>\n") && text.find("=\"-") == std::string::npos);
    check_segments(file, title, index);
}

void check_init_segment(TrackView track) {
    const auto init = package::write_init_segment(track);
    const auto ftyp = media::read_box_header(init, 0, init.size());
    require(ftyp && ftyp->end() < init.size());
    const Bytes rest = Bytes(init).subspan(static_cast<std::size_t>(ftyp->end()));
    const auto moov = media::read_box_header(rest, ftyp->end(), init.size());
    require(moov && moov->type == media::fourcc("moov") && moov->end() == init.size());
    const auto movie = media::parse_movie(rest.subspan(8), ftyp->end(), 8);
    require(movie && movie->fragmented && movie->tracks.size() == 1);
    require(movie->tracks[0].codec == track->codec &&
            movie->tracks[0].details.codec_string.ends_with(track.codec_string().substr(4)));
    require(movie->tracks[0].kind == track->kind && movie->tracks[0].timescale == track->timescale);
    require(std::ranges::equal(movie->tracks[0].config, track.config()));
}

// The cues of a text track, which a WebVTT parser reads as they are.
void check_text(Bytes file, TrackView track) {
    media::TextTrackReader reader(track, file.size(), kMaxMoov);
    for (std::size_t reads = 0; const auto need = reader.need(); ++reads) {
        require(reads < kMaxMoov + 2 * file.size() + track.moofs().size());
        if (!reader.feed(*piece_of(file, *need))) return;
    }
    const auto block = reader.take_index();
    if (!block) return;
    const media::TextIndexView index(*block);
    for (const media::CueRecord& cue : index.cues())
        require(cue.start < cue.end);
    std::string text;
    package::write_text_file(index, text);
    const auto again = media::parse_text_file(text);
    require((again && again->size() <= index.cue_count()) || text.size() > media::kLargestTextFile);
}

void check_texts(Bytes file, const media::FileIndexView& index) {
    for (std::uint32_t i = 0; i < index.text_count(); ++i)
        check_text(file, index.text(i));
    std::vector<package::SourceFile> files(1);
    files[0].index = index;
    std::vector<package::SourceText> texts;
    package::add_track_texts(files, texts);
    require(texts.size() <= index.text_count() && (texts.empty() == (index.text_count() == 0)));
    for (const package::SourceText& text : texts)
        require(text.number < index.text_count() && text.track.starts_with("subs-") &&
                text.track.size() < 48);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes file = std::as_bytes(std::span(data, size));
    const auto block = index_of(file);
    if (!block) return 0;
    const media::FileIndexView index(*block);
    require(index.header().size == block->size() && index.track_count() + index.text_count() > 0);
    for (std::uint32_t i = 0; i < index.track_count(); ++i) {
        check_pieces(index.track(i));
        check_samples(file, index.track(i));
        check_init_segment(index.track(i));
    }
    check_title(file, index);
    check_texts(file, index);
    return 0;
}
