#include "transcode.hpp"

#include <algorithm>
#include <chrono>

#include "audio_track.hpp"
#include "chapter_list.hpp"
#include "demuxer.hpp"
#include "draft_plan.hpp"
#include "lane.hpp"
#include "packet_loop.hpp"
#include "probe.hpp"
#include "split_planner.hpp"
#include "subtitle_track.hpp"
#include "timeline.hpp"
#include "title_complexity.hpp"
#include "video_pipeline.hpp"

namespace mezz::worker {
namespace {

using Clock = std::chrono::steady_clock;

class Transcoder {
public:
    Transcoder(const TranscodeOrder& order, const OutputFiles& files, ProgressSink& progress)
        : order_(order), files_(files), progress_(progress) {}

    Outcome<TranscodeReport> run(int fd);

private:
    Outcome<void> open(const Demuxer& source);
    Outcome<void> open_audio(const Demuxer& source);
    Outcome<void> read_all(Demuxer& source, Timeline& timeline);
    Outcome<void> dispatch(AVPacket& packet);
    Outcome<void> drain();
    Outcome<void> finish();
    Outcome<void> finish_video(std::int64_t sound_end);
    Outcome<void> finish_audio();
    [[nodiscard]] std::int64_t end_beside_pictures(std::int64_t sound_end);
    Outcome<void> finish_subtitles();
    void report_progress();
    void take_notes(const Demuxer& source, const Timeline& timeline);
    [[nodiscard]] double fragment_length() const;
    [[nodiscard]] Needs needs_in_one_go() const;

    const TranscodeOrder& order_;
    const OutputFiles& files_;
    ProgressSink& progress_;
    MediaInfo info_;
    TitlePlan plan_;
    std::unique_ptr<VideoPipeline> video_;
    std::vector<AudioTrack> audio_;
    std::vector<SubtitleTrack> subtitles_;
    TranscodeReport report_;
    std::int64_t end_ = 0;  // of the title, microseconds
    Clock::time_point last_progress_;
};

double Transcoder::fragment_length() const {
    constexpr double kWithoutVideo = 2;
    if (!plan_.video) return kWithoutVideo;
    return static_cast<double>(plan_.video->gop) / plan_.video->rate.value();
}

// A track that cannot even be opened is left out as long as something else can be shown.
Outcome<void> Transcoder::open_audio(const Demuxer& source) {
    for (const AudioPlan& track : plan_.audio) {
        auto opened = AudioTrack::open(files_, track, *source.stream(track.track.stream), fragment_length(),
                                       order_.limits);
        if (opened) {
            audio_.push_back(std::move(*opened));
            const TrackInfo& info = track.track;
            report_.renditions.push_back({.name = track.name,
                                          .language = info.language.tag,
                                          .label = info.label,
                                          .is_default = info.is_default,
                                          .is_described = info.is_described,
                                          .is_commentary = info.is_commentary});
            continue;
        }
        if (opened.error().kind != FailureKind::source) return std::unexpected(std::move(opened.error()));
        report_.notes.push_back("Audio track " + track.name + " is left out: " + opened.error().reason);
    }
    if (audio_.empty() && !plan_.video)
        return give_up(FailureKind::source, "The file is broken: its sound cannot be decoded.");
    return {};
}

Outcome<void> Transcoder::open(const Demuxer& source) {
    if (plan_.video && order_.work != Work::sound) {
        auto video =
            VideoPipeline::open(files_, *source.stream(info_.video->stream), info_, *plan_.video, order_);
        if (!video) return std::unexpected(std::move(video.error()));
        video_ = std::move(*video);
        for (const RenditionPlan& r : plan_.video->renditions)
            report_.renditions.push_back(planned(r));
        report_.frame_rate = plan_.video->rate.value();
    }
    for (const SubtitlePlan& track : plan_.subtitles)
        if (auto opened = SubtitleTrack::open(track, *source.stream(track.track.stream)); opened)
            subtitles_.push_back(std::move(*opened));
    return open_audio(source);
}

Outcome<void> Transcoder::dispatch(AVPacket& packet) {
    if (video_ && packet.stream_index == info_.video->stream) return video_->feed(packet);
    for (AudioTrack& track : audio_)
        if (packet.stream_index == track.stream())
            if (auto ok = track.feed(packet); !ok) return ok;
    for (SubtitleTrack& track : subtitles_)
        if (packet.stream_index == track.stream()) track.feed(packet);
    return {};
}

Outcome<void> Transcoder::read_all(Demuxer& source, Timeline& timeline) {
    return for_each_packet(
        source, timeline, [this](AVPacket& packet) { return dispatch(packet); },
        [this] { report_progress(); });
}

void Transcoder::report_progress() {
    constexpr auto kSeldom = std::chrono::milliseconds(500);
    const auto now = Clock::now();
    if (now - last_progress_ < kSeldom || info_.duration == 0) return;
    last_progress_ = now;
    const double length = static_cast<double>(info_.duration) * 1e-6;
    const auto percent = [length](double seconds) { return std::min(99.0, 100 * seconds / length); };
    if (!video_ && audio_.empty()) return;
    if (!video_) {
        progress_.progressed({"audio", {}, percent(static_cast<double>(audio_.front().end_time()) * 1e-6)});
        return;
    }
    for (const auto& encoder : video_->encoders())
        progress_.progressed(
            {"video", encoder->rendition().name,
             percent(static_cast<double>(encoder->written_ticks()) / plan_.video->rate.value())});
}

Outcome<void> Transcoder::drain() {
    if (video_)
        if (auto ok = video_->drain(); !ok) return ok;
    for (AudioTrack& track : audio_)
        if (auto ok = track.drain(); !ok) return ok;
    return {};
}

// The picture's end is the title's, unless sound goes on for more than a second: then the last picture stays.
Outcome<void> Transcoder::finish_video(std::int64_t sound_end) {
    const std::int64_t end = video_->end_time();
    const auto thumbs = video_->finish_pictures(sound_end > end + kCutSound ? sound_end : 0);
    if (!thumbs) return std::unexpected(thumbs.error());
    report_.thumbs = *thumbs;
    const FrameRate rate = plan_.video->rate;
    end_ = av_rescale(video_->ticks(), 1000000 * rate.den, rate.num);
    for (const auto& encoder : video_->encoders()) {
        if (auto ok = encoder->join(); !ok) return ok;
        progress_.progressed({"video", encoder->rendition().name, 100});
    }
    return {};
}

// What finish_video() makes of the same in another process.
std::int64_t Transcoder::end_beside_pictures(std::int64_t sound_end) {
    const Piece& piece = order_.piece;
    report_.sound_end = sound_end;
    if (sound_end <= piece.video_end + kCutSound) return piece.video_end;
    const FrameRate rate = plan_.video->rate;
    return av_rescale(nearest_tick(sound_end, piece.first_time, rate), 1000000 * rate.den, rate.num);
}

Outcome<void> Transcoder::finish_subtitles() {
    for (SubtitleTrack& track : subtitles_) {
        const auto written = track.finish(files_, end_);
        if (!written) return std::unexpected(written.error());
        const SubtitlePlan& plan = track.plan();
        if (!*written) continue;
        report_.subtitles.push_back({plan.name, plan.track.language.tag, plan.track.label,
                                     plan.track.is_default, plan.track.is_forced, plan.track.is_sdh});
    }
    return {};
}

Outcome<void> Transcoder::finish_audio() {
    auto made = std::ranges::find(report_.renditions, false, &MadeRendition::video);
    for (AudioTrack& track : audio_) {
        if (auto ok = track.finish(end_); !ok) return ok;
        made->loudness = track.loudness();
        ++made;
    }
    return {};
}

Outcome<void> Transcoder::finish() {
    std::int64_t sound_end = 0;
    for (const AudioTrack& track : audio_)
        sound_end = std::max(sound_end, track.end_time());
    end_ = sound_end;
    if (video_)
        if (auto ok = finish_video(sound_end); !ok) return ok;
    if (order_.work == Work::sound) end_ = end_beside_pictures(sound_end);
    if (end_ == 0) return give_up(FailureKind::source, "The file is broken: its sound cannot be decoded.");
    if (auto ok = finish_audio(); !ok) return ok;
    report_.duration_ms = end_ / 1000;
    report_.chapters = chapters_of_title(info_.chapters, info_.start / 1000, report_.duration_ms);
    if (auto ok = write_chapters(files_, report_.chapters); !ok) return ok;
    return finish_subtitles();
}

void Transcoder::take_notes(const Demuxer& source, const Timeline& timeline) {
    std::vector<std::string>& notes = report_.notes;
    if (order_.work != Work::sound) notes.insert(notes.begin(), info_.notes.begin(), info_.notes.end());
    int errors = video_ ? video_->errors() : 0;
    for (const AudioTrack& track : audio_)
        errors += track.errors();
    report_.errors = errors;
    if (errors > 0 && order_.work != Work::sound) notes.push_back(damage_note(errors));
    if (source.damaged()) notes.push_back(kCutShort);
    if (timeline.jumps() > 0)
        notes.push_back("Jumps of the file's clock were taken out (" + std::to_string(timeline.jumps()) +
                        ").");
    constexpr std::size_t kMostNotes = 40;
    if (notes.size() > kMostNotes) notes.resize(kMostNotes);
}

Needs Transcoder::needs_in_one_go() const {
    const double length = static_cast<double>(info_.duration) * 1e-6;
    Needs needs;
    needs.cost = kSoundCost * length * static_cast<double>(plan_.audio.size());
    if (!plan_.video) return needs;
    needs.mib = estimate_memory(*info_.video, *plan_.video);
    needs.cost += order_.draft ? kDraftCost * length : length;
    return needs;
}

Outcome<TranscodeReport> Transcoder::run(int fd) {
    progress_.progressed({"probe", {}, 0});
    auto info = probe(fd, order_.limits);
    if (!info) return std::unexpected(std::move(info.error()));
    info_ = std::move(*info);
    auto ladder = order_.ladder;
    if (order_.per_title) {
        auto fitted = fit_ladder(fd, info_, std::move(ladder), order_.limits, order_.decoder_threads);
        if (!fitted) return std::unexpected(std::move(fitted.error()));
        ladder = std::move(*fitted);
    }
    if (order_.draft && order_.work == Work::transcode && !draft_pays(info_, ladder))
        return give_up(FailureKind::source, "A draft would be no quicker.");
    plan_ = order_.draft ? draft_plan(info_) : make_plan(info_, ladder);
    report_.title = info_.title;
    if (order_.work == Work::sound && (!plan_.video || describe_plan(plan_) != order_.piece.plan))
        return give_up(FailureKind::indivisible, "The file can only be read in one go.",
                       "the plan is another one");
    if (order_.work == Work::transcode) {
        auto split = plan_split(fd, info_, plan_, order_);
        if (!split) return std::unexpected(std::move(split.error()));
        report_.split = std::move(*split);
        if (report_.split) {
            report_.split->ladder = std::move(ladder);
            return std::move(report_);
        }
        const Needs needs = needs_in_one_go();
        if ((order_.set_aside_mib > 0 && needs.mib > order_.set_aside_mib) ||
            (order_.most_cost > 0 && needs.cost > order_.most_cost)) {
            report_.needs = needs;
            return std::move(report_);
        }
    }
    progress_.progressed({"probe", {}, 100});
    auto source = Demuxer::open(fd, order_.limits);
    if (!source) return std::unexpected(std::move(source.error()));
    // Large files are mostly pictures: without them little is read. Texts alone are too far apart for a
    // clock.
    if (order_.work == Work::sound && !plan_.audio.empty())
        source->stream(info_.video->stream)->discard = AVDISCARD_ALL;
    Timeline timeline(info_.start, source->stream_count());
    if (info_.video) timeline.shift(info_.video->stream, -info_.video->delay);
    auto ok = open(*source);
    if (ok) ok = read_all(*source, timeline);
    if (ok) ok = drain();
    if (ok) ok = finish();
    if (!ok) return std::unexpected(std::move(ok.error()));
    if (order_.work == Work::sound && timeline.jumps() > 0)
        return give_up(FailureKind::indivisible, "The file can only be read in one go.",
                       "the file's clock jumps");
    take_notes(*source, timeline);
    return std::move(report_);
}

}  // namespace

Outcome<TranscodeReport> transcode(int source_fd, const TranscodeOrder& order, const OutputFiles& files,
                                   ProgressSink& progress) {
    return Transcoder(order, files, progress).run(source_fd);
}

}  // namespace mezz::worker
