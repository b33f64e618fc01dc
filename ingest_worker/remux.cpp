#include "remux.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <variant>

#include "audio_copy.hpp"
#include "audio_track.hpp"
#include "chapter_list.hpp"
#include "key_poster.hpp"
#include "lane.hpp"
#include "packet_loop.hpp"
#include "plan.hpp"
#include "subtitle_track.hpp"
#include "timeline.hpp"
#include "video_copy.hpp"

namespace mezz::worker {
namespace {

using Clock = std::chrono::steady_clock;
using Sound = std::variant<AudioCopy, AudioTrack>;

constexpr double kUnknownLength = 3600;  // seconds that a title of unknown length is taken to last

// A track's file may list 65,535 fragments.
double sound_fragments(std::int64_t duration) {
    constexpr double kShort = 0.25;
    constexpr double kMost = 60000;
    return std::max(kShort, static_cast<double>(duration) * 1e-6 / kMost);
}

// One pass over the source.
class Remuxer {
public:
    /// `uneven` are streams whose sound cannot be copied.
    Remuxer(const TranscodeOrder& order, const OutputFiles& files, ProgressSink& progress,
            const MediaInfo& info, const std::set<int>& uneven)
        : order_(order), files_(files), progress_(progress), info_(info), uneven_(uneven) {}

    Outcome<TranscodeReport> run(int fd);

    /// The stream whose sound made run() fail because it cannot be copied.
    [[nodiscard]] std::optional<int> failed_sound() const noexcept { return failed_sound_; }

private:
    Outcome<void> open(const Demuxer& source);
    Outcome<void> open_sound(const AudioPlan& plan, const AVStream& stream);
    Outcome<void> read_all(Demuxer& source, Timeline& timeline);
    Outcome<void> dispatch(AVPacket& packet);
    Outcome<void> feed_video(AVPacket& packet);
    Outcome<void> feed_sound(Sound& sound, AVPacket& packet);
    Outcome<void> finish();
    Outcome<void> finish_sounds(std::int64_t end);
    void report_progress();

    const TranscodeOrder& order_;
    const OutputFiles& files_;
    ProgressSink& progress_;
    const MediaInfo& info_;
    const std::set<int>& uneven_;
    TitlePlan plan_;
    std::optional<int> failed_sound_;
    double cost_ = 0;  // see lane.hpp
    bool any_heard_everywhere_ = false;
    std::optional<VideoCopy> video_;
    std::optional<KeyPoster> poster_;
    std::vector<Sound> sounds_;
    std::vector<SubtitleTrack> subtitles_;
    TranscodeReport report_;
    Clock::time_point last_progress_;
};

Outcome<void> Remuxer::open_sound(const AudioPlan& plan, const AVStream& stream) {
    const std::string name = plan.name + kCopiedSuffix;
    const bool known = is_heard_everywhere(stream) || (any_heard_everywhere_ && is_heard_somewhere(stream));
    const bool copied = known && !uneven_.contains(stream.index);
    const TrackInfo& info = plan.track;
    const MadeRendition made{
        .name = name, .language = info.language.tag, .label = info.label, .is_default = info.is_default};
    if (copied) {
        auto copy = AudioCopy::open(files_, plan, name, stream, sound_fragments(info_.duration));
        if (!copy) return std::unexpected(std::move(copy.error()));
        sounds_.emplace_back(std::move(*copy));
        report_.renditions.push_back(made);
        return {};
    }
    cost_ += kSoundCost * (info_.duration > 0 ? static_cast<double>(info_.duration) * 1e-6 : kUnknownLength);
    AudioPlan renamed = plan;
    renamed.name = name;
    renamed.quick = true;
    constexpr double kFragments = 2;
    auto track = AudioTrack::open(files_, renamed, stream, kFragments, order_.limits);
    if (!track) return std::unexpected(std::move(track.error()));
    sounds_.emplace_back(std::move(*track));
    report_.renditions.push_back(made);
    return {};
}

Outcome<void> Remuxer::open(const Demuxer& source) {
    if (!info_.video) return give_up(FailureKind::source, "There are no pictures to copy.");
    const AVStream& pictures = *source.stream(info_.video->stream);
    auto video = VideoCopy::open(files_, pictures, *info_.video, order_.limits);
    if (!video) return std::unexpected(std::move(video.error()));
    video_.emplace(std::move(*video));
    poster_.emplace(pictures, *info_.video, order_.limits);
    const Size size = info_.video->coded;
    report_.renditions.push_back({.name = kCopiedVideo,
                                  .video = true,
                                  .width = size.width,
                                  .height = size.height,
                                  .language = {},
                                  .label = {}});
    report_.frame_rate = info_.video->rate.value();
    any_heard_everywhere_ = std::ranges::any_of(plan_.audio, [&source](const AudioPlan& track) {
        return is_heard_everywhere(*source.stream(track.track.stream));
    });
    for (const AudioPlan& track : plan_.audio)
        if (track.channels > 2)
            continue;  // the copy of the same track has all its channels
        else if (auto ok = open_sound(track, *source.stream(track.track.stream)); !ok)
            return ok;
    for (const SubtitlePlan& track : plan_.subtitles)
        if (auto opened = SubtitleTrack::open(track, *source.stream(track.track.stream)); opened)
            subtitles_.push_back(std::move(*opened));
    return {};
}

Outcome<void> Remuxer::feed_video(AVPacket& packet) {
    if (auto ok = poster_->consider(packet); !ok) return ok;
    return video_->feed(packet);
}

Outcome<void> Remuxer::feed_sound(Sound& sound, AVPacket& packet) {
    if (auto* const track = std::get_if<AudioTrack>(&sound)) return track->feed(packet);
    auto ok = std::get<AudioCopy>(sound).feed(packet);
    if (!ok && ok.error().kind == FailureKind::source) failed_sound_ = packet.stream_index;
    return ok;
}

Outcome<void> Remuxer::dispatch(AVPacket& packet) {
    if (packet.stream_index == info_.video->stream) return feed_video(packet);
    for (Sound& sound : sounds_)
        if (std::visit([](const auto& s) { return s.stream(); }, sound) == packet.stream_index)
            return feed_sound(sound, packet);
    for (SubtitleTrack& track : subtitles_)
        if (packet.stream_index == track.stream()) track.feed(packet);
    return {};
}

Outcome<void> Remuxer::read_all(Demuxer& source, Timeline& timeline) {
    auto ok = for_each_packet(
        source, timeline, [this](AVPacket& packet) { return dispatch(packet); },
        [this] { report_progress(); });
    if (!ok) return ok;
    if (source.damaged() || timeline.jumps() > 0)
        return give_up(FailureKind::source, "The file is damaged and cannot be copied.");
    return {};
}

void Remuxer::report_progress() {
    constexpr auto kSeldom = std::chrono::milliseconds(500);
    const auto now = Clock::now();
    if (now - last_progress_ < kSeldom || info_.duration == 0) return;
    last_progress_ = now;
    const double part = static_cast<double>(video_->end_time()) / static_cast<double>(info_.duration);
    progress_.progressed({"remux", kCopiedVideo, std::clamp(100 * part, 0.0, 99.0)});
}

Outcome<void> Remuxer::finish_sounds(std::int64_t end) {
    for (Sound& sound : sounds_) {
        Outcome<void> ok;
        if (auto* const copy = std::get_if<AudioCopy>(&sound))
            ok = copy->finish();
        else
            ok = std::get<AudioTrack>(sound).finish(end);
        if (!ok) return ok;
    }
    return {};
}

// As in the ladder: the picture's end is the title's, unless sound goes on for more than a second.
Outcome<void> Remuxer::finish() {
    constexpr std::int64_t kCutSound = 1000000;
    std::int64_t sound_end = 0;
    for (Sound& sound : sounds_) {
        if (auto* const track = std::get_if<AudioTrack>(&sound))
            if (auto ok = track->drain(); !ok) return ok;
        sound_end = std::max(sound_end, std::visit([](const auto& s) { return s.end_time(); }, sound));
    }
    const std::int64_t pictures_end = video_->end_time();
    const std::int64_t end = sound_end > pictures_end + kCutSound ? sound_end : pictures_end;
    if (auto ok = video_->finish(kCopiedVideo, end); !ok) return ok;
    if (auto ok = finish_sounds(end); !ok) return ok;
    report_.duration_ms = end / 1000;
    report_.chapters = chapters_of_title(info_.chapters, info_.start / 1000, report_.duration_ms);
    if (auto ok = write_chapters(files_, report_.chapters); !ok) return ok;
    for (SubtitleTrack& track : subtitles_) {
        const auto written = track.finish(files_, end);
        if (!written) return std::unexpected(written.error());
        const SubtitlePlan& plan = track.plan();
        if (*written) report_.subtitles.push_back({plan.name, plan.track.language.tag, plan.track.label});
    }
    if (auto ok = poster_->finish(files_); !ok) return ok;
    report_.thumbs.emplace();
    return {};
}

Outcome<TranscodeReport> Remuxer::run(int fd) {
    plan_ = make_plan(info_, order_.ladder);
    report_.title = info_.title;
    if (plan_.video) report_.title_mib = estimate_memory(*info_.video, *plan_.video);
    report_.notes = info_.notes;
    auto source = Demuxer::open(fd, order_.limits);
    if (!source) return std::unexpected(std::move(source.error()));
    Timeline timeline(info_.start, source->stream_count());
    if (info_.video) timeline.shift(info_.video->stream, -info_.video->delay);
    struct stat file {};
    if (::fstat(fd, &file) == 0) cost_ = kCopyCost * static_cast<double>(file.st_size);
    auto ok = open(*source);
    if (ok && order_.most_cost > 0 && cost_ > order_.most_cost) {
        report_.needs = Needs{.mib = 0, .cost = cost_};
        return std::move(report_);
    }
    if (ok) ok = read_all(*source, timeline);
    if (ok) ok = finish();
    if (!ok) return std::unexpected(std::move(ok.error()));
    progress_.progressed({"remux", kCopiedVideo, 100});
    return std::move(report_);
}

}  // namespace

Outcome<TranscodeReport> remux(int source_fd, const TranscodeOrder& order, const OutputFiles& files,
                               ProgressSink& progress) {
    progress.progressed({"probe", {}, 0});
    const auto info = probe(source_fd, order.limits);
    if (!info) return std::unexpected(info.error());
    progress.progressed({"probe", {}, 100});
    // Sound that turns out not to be copied without gaps is encoded in another pass. Nothing was published by
    // then.
    for (std::set<int> uneven;;) {
        Remuxer pass(order, files, progress, *info, uneven);
        auto report = pass.run(source_fd);
        const auto sound = pass.failed_sound();
        if (report || !sound || !uneven.insert(*sound).second) return report;
    }
}

}  // namespace mezz::worker
