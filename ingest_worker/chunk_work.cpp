#include "chunk_work.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "draft_plan.hpp"
#include "split_planner.hpp"
#include "timeline.hpp"
#include "video_pipeline.hpp"

namespace mezz::worker {
namespace {

using Clock = std::chrono::steady_clock;

std::unexpected<Failure> indivisible(std::string why) {
    return give_up(FailureKind::indivisible, "The file can only be read in one go.", std::move(why));
}

class ChunkMaker {
public:
    ChunkMaker(const TranscodeOrder& order, const OutputFiles& files, ProgressSink& progress)
        : order_(order), piece_(order.piece), files_(files), progress_(progress) {}

    Outcome<TranscodeReport> run(int fd) {
        if (auto ok = plan(fd); !ok) return std::unexpected(std::move(ok.error()));
        auto source = Demuxer::open(fd, order_.limits);
        if (!source) return std::unexpected(std::move(source.error()));
        const int stream = info_.video->stream;
        source->read_only(stream);
        auto video = VideoPipeline::open(files_, *source->stream(stream), info_, *plan_.video, order_);
        if (!video) return std::unexpected(std::move(video.error()));
        video_ = std::move(*video);
        auto ok = read_all(*source);
        if (ok) ok = finish();
        if (!ok) return std::unexpected(std::move(ok.error()));
        if (source->damaged()) report_.notes.push_back(kCutShort);
        return std::move(report_);
    }

private:
    Outcome<void> plan(int fd) {
        auto info = probe(fd, order_.limits);
        if (!info) return std::unexpected(std::move(info.error()));
        info_ = std::move(*info);
        plan_ = order_.draft ? draft_plan(info_) : make_plan(info_, order_.ladder);
        if (!plan_.video || describe_plan(plan_) != piece_.plan)
            return indivisible("the plan is another one");
        plan_.video->part = {.is_chunk = true,
                             .first = piece_.first,
                             .end = piece_.end,
                             .from = piece_.seek == INT64_MIN ? INT64_MIN : piece_.from - kRounding,
                             .first_time = piece_.first_time};
        for (const RenditionPlan& r : plan_.video->renditions)
            report_.renditions.push_back(planned(r));
        report_.frame_rate = plan_.video->rate.value();
        report_.title = info_.title;
        if (piece_.first == 0) report_.notes = info_.notes;
        return {};
    }

    Outcome<void> read_all(Demuxer& source) {
        const int stream = info_.video->stream;
        const AVRational base = source.stream(stream)->time_base;
        Timeline timeline(info_.start, source.stream_count());
        timeline.shift(stream, -info_.video->delay);
        if (piece_.seek != INT64_MIN) {
            if (!source.seek(stream, piece_.seek)) return indivisible("a keyframe is not found again");
            timeline.resume_at(piece_.from);
        }
        const Av<AVPacket> packet = make_packet();
        for (bool first = true; !video_->is_complete();) {
            const auto more = source.read(*packet);
            if (!more) return std::unexpected(more.error());
            if (!*more) break;
            Outcome<void> ok;
            if (packet->stream_index == stream) {
                timeline.adjust(*packet, base);
                if (std::exchange(first, false) && piece_.seek != INT64_MIN && !begins_right(*packet, base))
                    return indivisible("another keyframe is found");
                ok = video_->feed(*packet);
            }
            av_packet_unref(packet.get());
            if (!ok) return ok;
            report_progress();
        }
        return timeline.jumps() == 0 ? Outcome<void>() : indivisible("the file's clock jumps");
    }

    [[nodiscard]] bool begins_right(const AVPacket& packet, AVRational base) const {
        return (packet.flags & AV_PKT_FLAG_KEY) != 0 && packet.pts != AV_NOPTS_VALUE &&
               std::abs(av_rescale_q(packet.pts, base, kMicro) - piece_.from) <= kRounding;
    }

    // As in one go: the picture's end is the title's, unless sound goes on for more than a second.
    Outcome<void> finish() {
        Outcome<MadeThumbs> thumbs = MadeThumbs{};
        if (piece_.end != INT64_MAX) {
            if (!video_->is_complete()) return indivisible("the file ends too early");
            thumbs = video_->finish_chunk();
        } else {
            if (auto ok = video_->drain(); !ok) return ok;
            if (video_->end_time() != piece_.video_end) return indivisible("the pictures end elsewhere");
            const bool longer = piece_.sound_end > piece_.video_end + kCutSound;
            thumbs = video_->finish_pictures(longer ? piece_.sound_end : 0);
        }
        if (!thumbs) return std::unexpected(thumbs.error());
        report_.thumbs = *thumbs;
        report_.ticks = std::min(piece_.end, video_->ticks()) - piece_.first;
        report_.errors = video_->errors();
        for (const auto& encoder : video_->encoders()) {
            if (auto ok = encoder->join(); !ok) return ok;
            progress_.progressed({"video", encoder->rendition().name, 100});
        }
        const FrameRate rate = plan_.video->rate;
        report_.duration_ms = av_rescale(piece_.first + report_.ticks, 1000 * rate.den, rate.num);
        return {};
    }

    void report_progress() {
        constexpr auto kSeldom = std::chrono::milliseconds(500);
        const auto now = Clock::now();
        if (now - last_progress_ < kSeldom) return;
        last_progress_ = now;
        const FrameRate rate = plan_.video->rate;
        const std::int64_t end =
            std::min(piece_.end, av_rescale(piece_.video_end, rate.num, 1000000 * rate.den));
        const auto length = static_cast<double>(std::max<std::int64_t>(end - piece_.first, 1));
        for (const auto& encoder : video_->encoders())
            progress_.progressed(
                {"video", encoder->rendition().name,
                 std::min(99.0, 100 * static_cast<double>(encoder->written_ticks()) / length)});
    }

    static constexpr std::int64_t kRounding = 500;  // microseconds

    const TranscodeOrder& order_;
    const Piece& piece_;
    const OutputFiles& files_;
    ProgressSink& progress_;
    MediaInfo info_;
    TitlePlan plan_;
    std::unique_ptr<VideoPipeline> video_;
    TranscodeReport report_;
    Clock::time_point last_progress_;
};

}  // namespace

Outcome<TranscodeReport> make_chunk(int source_fd, const TranscodeOrder& order, const OutputFiles& files,
                                    ProgressSink& progress) {
    return ChunkMaker(order, files, progress).run(source_fd);
}

}  // namespace mezz::worker
