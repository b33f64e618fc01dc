#include "stream_choice.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>

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

bool has(const AVStream& stream, int dispositions) {
    return (stream.disposition & dispositions) != 0;
}

// Many files say what a track is for in its title only.
bool tells_of(const std::string& title, std::string_view words) {
    const auto same = [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); };
    const auto found = std::ranges::search(title, words, same);
    const auto is_letter = [](unsigned char c) { return std::isalnum(c) != 0; };
    return !found.empty() && (found.begin() == title.begin() || !is_letter(*std::prev(found.begin()))) &&
           (found.end() == title.end() || !is_letter(*found.end()));
}

void read_purpose(const AVStream& stream, const std::string& title, TrackInfo& info) {
    const bool audio = stream.codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
    if (audio) {
        info.is_described = has(stream, AV_DISPOSITION_VISUAL_IMPAIRED | AV_DISPOSITION_DESCRIPTIONS) ||
                            tells_of(title, "audio description");
        info.is_commentary = has(stream, AV_DISPOSITION_COMMENT) || tells_of(title, "commentary");
        return;
    }
    info.is_forced = has(stream, AV_DISPOSITION_FORCED) || tells_of(title, "forced");
    info.is_sdh =
        has(stream, AV_DISPOSITION_HEARING_IMPAIRED | AV_DISPOSITION_CAPTIONS) || tells_of(title, "sdh");
}

// A title is taken as it is; the name of the language leaves open what the track is for.
std::string label_of(const TrackInfo& info, const std::string& title) {
    if (!title.empty() || info.language.name.empty()) return title;
    std::string label = info.language.name;
    if (info.is_described) label += " (audio description)";
    if (info.is_commentary) label += " (commentary)";
    if (info.is_sdh) label += " (SDH)";
    if (info.is_forced) label += " (forced)";
    return label;
}

TrackInfo track(const AVStream& stream) {
    TrackInfo info;
    info.stream = stream.index;
    info.language = language_of(metadata(stream.metadata, "language"));
    const std::string title = metadata(stream.metadata, "title");
    read_purpose(stream, title, info);
    info.label = label_of(info, title);
    info.is_default = has(stream, AV_DISPOSITION_DEFAULT);
    info.channels = stream.codecpar->ch_layout.nb_channels;
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

// None has to be. Where all of several are marked, as in Matroska files that say nothing of it, that is no
// choice.
void choose_default_subtitles(std::vector<TrackInfo>& tracks) {
    const auto marked = std::ranges::count(tracks, true, &TrackInfo::is_default);
    if (marked == 0) return;
    if (tracks.size() == 1 || static_cast<std::size_t>(marked) < tracks.size())
        choose_default(tracks);
    else
        for (TrackInfo& track : tracks)
            track.is_default = false;
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
    choose_default_subtitles(info.subtitles);
    list_chapters(*source.get(), info);
    info.title = metadata(source.get()->metadata, "title");
    return {};
}

}  // namespace mezz::worker
