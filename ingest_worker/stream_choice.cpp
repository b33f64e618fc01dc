#include "stream_choice.hpp"

#include <algorithm>

#include "clean_text.hpp"
#include "decoder.hpp"

namespace mezz::worker {
namespace {

constexpr std::size_t kMostAudio = 16;
constexpr std::size_t kMostSubtitles = 32;

bool is_decodable(const AVStream& stream) {
    return avcodec_find_decoder(stream.codecpar->codec_id) != nullptr;
}

bool is_real_video(const AVStream& stream) {
    constexpr int kNot = AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS;
    return stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO && (stream.disposition & kNot) == 0;
}

std::int64_t pixels(const AVStream& stream) {
    return std::int64_t{stream.codecpar->width} * stream.codecpar->height;
}

std::string metadata(const AVDictionary* dictionary, const char* key) {
    const AVDictionaryEntry* const entry = av_dict_get(dictionary, key, nullptr, 0);
    constexpr std::size_t kLongest = 200;
    return entry == nullptr ? std::string() : std::string(entry->value).substr(0, kLongest);
}

std::string label_of(const AVStream& stream, const Language& language) {
    std::string label = metadata(stream.metadata, "title");
    return label.empty() ? language.name : label;
}

TrackInfo track(const AVStream& stream) {
    TrackInfo info;
    info.stream = stream.index;
    info.language = language_of(metadata(stream.metadata, "language"));
    info.label = label_of(stream, info.language);
    info.channels = stream.codecpar->ch_layout.nb_channels;
    info.is_default = (stream.disposition & AV_DISPOSITION_DEFAULT) != 0;
    return info;
}

// Broadcast streams carry several programs; their sounds are not alternatives of each other.
bool share_program(const AVFormatContext& file, int a, int b) {
    const AVProgram* program = nullptr;
    bool any = false;
    while ((program = av_find_program_from_stream(const_cast<AVFormatContext*>(&file),
                                                  const_cast<AVProgram*>(program), a)) != nullptr) {
        any = true;
        const std::span streams(program->stream_index, program->nb_stream_indexes);
        if (std::ranges::find(streams, static_cast<unsigned>(b)) != streams.end()) return true;
    }
    return !any;
}

std::string remark(const AVStream& stream, const char* what) {
    return "Stream " + std::to_string(stream.index) + " (" + codec_name(stream.codecpar->codec_id) + ") " +
           what;
}

void add_audio(const Demuxer& source, const AVStream& stream, MediaInfo& info) {
    if (info.video && !share_program(*source.get(), info.video->stream, stream.index))
        info.notes.push_back(remark(stream, "belongs to another program and is left out."));
    else if (!is_decodable(stream) || stream.codecpar->ch_layout.nb_channels <= 0)
        info.notes.push_back(remark(stream, "cannot be decoded and is left out."));
    else if (info.audio.size() == kMostAudio)
        info.notes.push_back(remark(stream, "is one audio track too many and is left out."));
    else
        info.audio.push_back(track(stream));
}

void add_subtitles(const AVStream& stream, MediaInfo& info) {
    const AVCodecDescriptor* const codec = avcodec_descriptor_get(stream.codecpar->codec_id);
    const bool text = codec != nullptr && (codec->props & AV_CODEC_PROP_TEXT_SUB) != 0;
    if (!text || !is_decodable(stream))
        info.notes.push_back(remark(stream, "cannot be made into text subtitles and is left out."));
    else if (info.subtitles.size() < kMostSubtitles)
        info.subtitles.push_back(track(stream));
}

// Of a codec that libavcodec may not even know by name.
std::string format_name(const AVStream& stream) {
    const std::uint32_t tag = stream.codecpar->codec_tag;
    if (tag == MKTAG('v', 'v', 'c', '1') || tag == MKTAG('v', 'v', 'i', '1')) return "H.266 / VVC";
    if (stream.codecpar->codec_id != AV_CODEC_ID_NONE || tag == 0)
        return codec_name(stream.codecpar->codec_id);
    char text[AV_FOURCC_MAX_STRING_SIZE] = "";
    return std::string("\"") + av_fourcc_make_string(text, tag) + '"';
}

Outcome<void> choose_video(const Demuxer& source, MediaInfo& info) {
    const AVStream* best = nullptr;
    const AVStream* undecodable = nullptr;
    for (int i = 0; i < source.stream_count(); ++i) {
        const AVStream& stream = *source.stream(i);
        if (!is_real_video(stream)) continue;
        if (!is_decodable(stream))
            undecodable = &stream;
        else if (pixels(stream) > 0 && (best == nullptr || pixels(stream) > pixels(*best)))
            best = &stream;
    }
    if (best != nullptr)
        info.video.emplace().stream = best->index;
    else if (undecodable != nullptr)
        return give_up(FailureKind::source,
                       "There is no decoder for this video's format, " + format_name(*undecodable) + ".");
    return {};
}

// Those of the file's clock; the title's clock is not known yet.
void list_chapters(const AVFormatContext& file, MediaInfo& info) {
    constexpr unsigned kMostChapters = 200;
    for (unsigned i = 0; i < std::min(file.nb_chapters, kMostChapters); ++i) {
        const AVChapter& chapter = *file.chapters[i];
        if (chapter.time_base.num <= 0 || chapter.time_base.den <= 0) continue;
        constexpr AVRational kMilli{1, 1000};
        info.chapters.push_back({av_rescale_q(chapter.start, chapter.time_base, kMilli),
                                 av_rescale_q(chapter.end, chapter.time_base, kMilli),
                                 clean_text(metadata(chapter.metadata, "title"))});
    }
}

// One is the default: the first that the file marks, or else the first.
void choose_default(std::vector<TrackInfo>& tracks) {
    if (tracks.empty()) return;
    auto chosen = std::ranges::find(tracks, true, &TrackInfo::is_default);
    if (chosen == tracks.end()) chosen = tracks.begin();
    for (auto item = tracks.begin(); item != tracks.end(); ++item)
        item->is_default = item == chosen;
}

}  // namespace

Outcome<void> choose_streams(const Demuxer& source, MediaInfo& info) {
    if (auto ok = choose_video(source, info); !ok) return ok;
    for (int i = 0; i < source.stream_count(); ++i) {
        const AVStream& stream = *source.stream(i);
        if (stream.codecpar->codec_type == AVMEDIA_TYPE_AUDIO) add_audio(source, stream, info);
        if (stream.codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE) add_subtitles(stream, info);
        if (stream.codecpar->codec_type == AVMEDIA_TYPE_UNKNOWN)
            info.notes.push_back(remark(stream, "is left out."));
    }
    if (!info.video && info.audio.empty())
        return give_up(FailureKind::source,
                       "The file has neither a picture nor a sound that can be decoded.");
    choose_default(info.audio);
    list_chapters(*source.get(), info);
    info.title = metadata(source.get()->metadata, "title");
    return {};
}

}  // namespace mezz::worker
