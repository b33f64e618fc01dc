#include "demuxer.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "matroska_size.hpp"

namespace mezz::worker {
namespace {

// Files that hold their own media. Playlists, scripts, image sequences, devices, subtitle files and
// everything that names other files are not among them.
constexpr const char* kAcceptedTypes =
    "mov,matroska,mpegts,mpeg,mpegvideo,m4v,h264,hevc,av1,obu,ivf,vc1,avi,flv,asf,mxf,gif,dv,ogg,"
    "wav,w64,aiff,caf,au,mp3,aac,flac,ac3,eac3,dts,amr";

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> list) {
    for (const std::string_view item : list)
        if (name == item) return true;
    return false;
}

std::string refusal(std::string_view type) {
    if (is_one_of(type, {"hls", "dash", "concat", "applehttp", "sdp", "imf", "webm_dash_manifest"}))
        return "This is a playlist that points to other files, not a video.";
    if (type.ends_with("_pipe") || is_one_of(type, {"image2", "ico", "apng", "webp_pipe"}))
        return "This is a picture, not a video.";
    if (is_one_of(type, {"srt", "ass", "webvtt", "sami", "subviewer", "subviewer1", "microdvd", "mpl2",
                         "tedcaptions", "lrc", "ttml", "vplayer", "pjs", "realtext", "jacosub", "stl", "tty",
                         "ffmetadata", "scc"}))
        return "This is a text, not a video.";
    return "Files of the type \"" + std::string(type) + "\" are not accepted.";
}

// Archives are told apart only for the sake of a better reason: none of their types is accepted.
bool is_archive(int fd) {
    constexpr std::size_t kTarMark = 257;
    std::array<char, 512> head{};
    const ssize_t got = ::pread(fd, head.data(), head.size(), 0);
    const std::string_view text(head.data(), got < 0 ? 0 : static_cast<std::size_t>(got));
    for (const std::string_view mark : {"PK\3\4", "PK\5\6", "\x1f\x8b", "Rar!\x1a", "7z\xbc\xaf",
                                        "\xfd"
                                        "7zXZ",
                                        "BZh", "\x28\xb5\x2f\xfd"})
        if (text.starts_with(mark)) return true;
    return text.size() > kTarMark && text.substr(kTarMark).starts_with("ustar");
}

bool is_short(const SourceIo& io, int fd) {
    std::array<std::byte, 512> head{};
    const ssize_t got = ::pread(fd, head.data(), head.size(), 0);
    const Bytes bytes(head.data(), got < 0 ? 0 : static_cast<std::size_t>(got));
    return is_cut_short(bytes, static_cast<std::uint64_t>(io.size()));
}

// libavformat asks for this whenever a file names another one.
int refuse_nested(AVFormatContext* /*context*/, AVIOContext** /*io*/, const char* /*url*/, int /*flags*/,
                  AVDictionary** /*options*/) noexcept {
    return AVERROR(EPERM);
}

Outcome<const AVInputFormat*> recognise(AVIOContext* io) {
    constexpr unsigned kLooksAt = 1U << 20;
    const AVInputFormat* type = nullptr;
    const int score = av_probe_input_buffer2(io, &type, "", nullptr, 0, kLooksAt);
    if (score < 0 || type == nullptr)
        return give_up(FailureKind::source, "Nothing in this file looks like a video.",
                       score < 0 ? av_text(score) : std::string());
    return type;
}

bool is_accepted(const AVInputFormat& type) {
    for (std::string_view names = type.name; !names.empty();) {
        const std::size_t comma = names.find(',');
        const std::string name(names.substr(0, comma));
        if (av_match_name(name.c_str(), kAcceptedTypes) > 0) return true;
        names = comma == std::string_view::npos ? std::string_view() : names.substr(comma + 1);
    }
    return false;
}

}  // namespace

Outcome<Demuxer> Demuxer::open(int fd, const Limits& limits) {
    if (is_archive(fd)) return give_up(FailureKind::source, "This is an archive, not a video.");
    auto io = std::make_unique<SourceIo>(fd);
    const auto type = recognise(io->get());
    if (!type) return std::unexpected(type.error());
    if (!is_accepted(**type)) return give_up(FailureKind::source, refusal((*type)->name));
    AVFormatContext* context = avformat_alloc_context();
    if (context == nullptr) throw std::bad_alloc();
    context->pb = io->get();
    context->flags |= AVFMT_FLAG_CUSTOM_IO;
    context->io_open = &refuse_nested;
    context->max_streams = static_cast<int>(limits.streams);
    Options options;
    options.set("protocol_whitelist", "");
    options.set("format_whitelist", kAcceptedTypes);
    options.set("probesize", "20000000");
    options.set("analyzeduration", "10000000");
    // On failure the context is freed, too.
    int error = avformat_open_input(&context, "", *type, options.get());
    if (error < 0) return av_failure(error, FailureKind::source, "The file is broken: it cannot be opened.");
    Demuxer demuxer(std::move(io), Av<AVFormatContext>(context));
    demuxer.short_ = is_short(*demuxer.io_, fd);
    error = avformat_find_stream_info(context, nullptr);
    if (error < 0)
        return av_failure(error, FailureKind::source, "The file is broken: its head is unreadable.");
    if (context->nb_streams > limits.streams)
        return give_up(FailureKind::limit,
                       "The file has more than " + std::to_string(limits.streams) + " streams.");
    return demuxer;
}

bool Demuxer::has_index() const noexcept {
    const std::string_view type(context_->iformat->name);
    return type.starts_with("mov,") || type.starts_with("matroska,");
}

bool Demuxer::is_transport_stream() const noexcept {
    return std::string_view(context_->iformat->name) == "mpegts";
}

bool Demuxer::seek(int stream, std::int64_t place) noexcept {
    const int flags = is_transport_stream() ? AVSEEK_FLAG_BYTE : AVSEEK_FLAG_BACKWARD;
    return av_seek_frame(context_.get(), stream, place, flags) >= 0;
}

void Demuxer::read_only(int stream) noexcept {
    for (int i = 0; i < stream_count(); ++i)
        this->stream(i)->discard = i == stream ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
}

Outcome<bool> Demuxer::read(AVPacket& packet) {
    constexpr int kPatience = 1000;
    for (int tries = 0; tries < kPatience; ++tries) {
        const int error = av_read_frame(context_.get(), &packet);
        if (error >= 0) return true;
        if (error == AVERROR(ENOMEM)) return av_failure(error, FailureKind::limit, {});
        if (error == AVERROR_EOF) break;
        damaged_ = true;
        if (error != AVERROR(EAGAIN) && error != AVERROR_INVALIDDATA) break;
    }
    const int error = io_->get()->error;
    // libavformat takes the end of a Matroska file for that of its segment.
    if ((error < 0 && error != AVERROR_EOF) || short_) damaged_ = true;
    return false;
}

}  // namespace mezz::worker
