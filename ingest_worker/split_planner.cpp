#include "split_planner.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "decoder.hpp"
#include "frame_pacer.hpp"
#include "nal_framing.hpp"
#include "thumbnails.hpp"
#include "timeline.hpp"

namespace mezz::worker {
namespace {

using Json = nlohmann::json;

constexpr double kShortestChunk = 10;     // seconds; what begins anew in each costs a twentieth of that
constexpr double kShareOfRest = 2.0 / 3;  // that a round of chunks makes of what is left
constexpr double kDraftChunks = 10;       // a draft's are so much longer, being so much less work

class Planner {
public:
    Planner(Demuxer source, const MediaInfo& info, const VideoPlan& plan, const TranscodeOrder& order)
        : source_(std::move(source)),
          info_(info),
          plan_(plan),
          order_(order),
          video_(info.video->stream),
          shift_(-info.start - info.video->delay) {
        source_.read_only(video_);
        const AVCodecParameters& stream = *source_.stream(video_)->codecpar;
        if (stream.codec_id == AV_CODEC_ID_H264 || stream.codec_id == AV_CODEC_ID_HEVC)
            if (auto framing = NalFraming::open(stream)) framing_ = std::move(*framing);
    }

    Outcome<std::optional<SplitPlan>> run(const std::vector<double>& lengths) {
        SplitPlan split;
        if (!source_.has_index() && !index_keys()) return std::nullopt;
        if (!find_start(split)) return std::nullopt;
        if (auto found = find_end(split); !found || !*found) {
            if (!found) return std::unexpected(std::move(found.error()));
            return std::nullopt;
        }
        if (!cut(split, lengths)) return std::nullopt;
        split.memory_mib = estimate_memory(*info_.video, plan_);
        return split;
    }

private:
    struct Key {
        std::int64_t pts = 0;   // the stream's time base
        std::int64_t time = 0;  // microseconds of the title
        std::int64_t seek = 0;  // leads there, see Demuxer::seek()
        bool fresh = false;     // nothing that is shown after it needs what comes before it
    };

    [[nodiscard]] AVRational base() const { return source_.stream(video_)->time_base; }
    [[nodiscard]] std::int64_t title_time(std::int64_t pts) const {
        return av_rescale_q(pts, base(), kMicro) + shift_;
    }
    [[nodiscard]] std::int64_t pts_of(std::int64_t time) const {
        return av_rescale_q(time - shift_, kMicro, base());
    }

    [[nodiscard]] Timeline timeline_at(std::int64_t time) const {
        Timeline timeline(info_.start, source_.stream_count());
        timeline.shift(video_, -info_.video->delay);
        timeline.resume_at(time);
        return timeline;
    }

    // The next packet of the stream; false where there is none.
    bool read(AVPacket& packet) {
        for (;;) {
            av_packet_unref(&packet);
            const auto more = source_.read(packet);
            if (!more || !*more) return false;
            if (packet.stream_index == video_) return true;
        }
    }

    // Notes where keyframes are in a file without an index, at least half a second apart. False if its clock
    // jumps: what follows a jump would be found in its place.
    bool index_keys() {
        const std::int64_t apart = av_rescale_q(500000, kMicro, base());
        Timeline timeline = timeline_at(0);
        const Av<AVPacket> packet = make_packet();
        while (read(*packet)) {
            const std::int64_t pts = packet->pts;
            timeline.adjust(*packet, base());
            const bool is_key = (packet->flags & AV_PKT_FLAG_KEY) != 0 && pts != AV_NOPTS_VALUE;
            if (is_key && packet->pos >= 0 && (keys_.empty() || pts >= keys_.back().pts + apart))
                keys_.push_back({pts, title_time(pts), packet->pos});
        }
        return timeline.jumps() == 0 && !source_.damaged() && !keys_.empty() && source_.seek(video_, 0);
    }

    bool is_fresh(AVPacket& key) const {
        switch (source_.stream(video_)->codecpar->codec_id) {
            case AV_CODEC_ID_H264:
            case AV_CODEC_ID_HEVC:
                return framing_ && framing_->rewrite(key).value_or(false);
            case AV_CODEC_ID_VP8:
            case AV_CODEC_ID_VP9:
            case AV_CODEC_ID_AV1:
                return true;
            default:
                return false;
        }
    }

    // Reading from there begins with it.
    bool find_again(Key& key) {
        const Av<AVPacket> packet = make_packet();
        if (!source_.seek(video_, key.seek) || !read(*packet) || (packet->flags & AV_PKT_FLAG_KEY) == 0 ||
            packet->pts != key.pts)
            return false;
        key.fresh = is_fresh(*packet);
        return true;
    }

    std::optional<Key> indexed_key_at(std::int64_t pts) {
        const auto after = std::ranges::upper_bound(keys_, pts, {}, &Key::pts);
        if (after == keys_.begin() || !find_again(*std::prev(after))) return std::nullopt;
        return *std::prev(after);
    }

    // The keyframe that is found at `pts`: the one before it, or just behind where pictures are reordered.
    std::optional<Key> key_at(std::int64_t pts) {
        if (!keys_.empty()) return indexed_key_at(pts);
        const Av<AVPacket> packet = make_packet();
        if (!source_.seek(video_, pts) || !read(*packet)) return std::nullopt;
        if ((packet->flags & AV_PKT_FLAG_KEY) == 0 || packet->pts == AV_NOPTS_VALUE) return std::nullopt;
        Key key{packet->pts, title_time(packet->pts), pts};
        key.fresh = is_fresh(*packet);
        return key;
    }

    // An earlier one, seldom not the next.
    std::optional<Key> key_before(const Key& key) {
        for (const std::int64_t back : {1, 100000, 300000, 1000000, 3000000, 10000000}) {
            const std::int64_t ticks = std::max<std::int64_t>(1, av_rescale_q(back, kMicro, base()));
            const auto before = key_at(key.pts - ticks);
            if (!before) return std::nullopt;
            if (before->pts < key.pts) return before;
        }
        return std::nullopt;
    }

    // Decodes from where the file is read, until `done` says so.
    template <class OnFrame>
    Outcome<bool> decode(Timeline timeline, const OnFrame& on_frame) {
        auto decoder = Decoder::open(*source_.stream(video_), order_.decoder_threads, order_.limits);
        if (!decoder) return std::unexpected(std::move(decoder.error()));
        const Av<AVPacket> packet = make_packet();
        bool done = false;
        const auto take = [&](AVFrame& frame) {
            done = done || on_frame(frame, decoder->time(frame), decoder->duration(frame));
            return Outcome<void>();
        };
        while (!done && read(*packet)) {
            timeline.adjust(*packet, base());
            if (auto ok = decoder->feed(packet.get(), take); !ok) return std::unexpected(ok.error());
        }
        if (!done)
            if (auto ok = decoder->feed(nullptr, take); !ok) return std::unexpected(ok.error());
        return timeline.jumps() == 0 && !source_.damaged();
    }

    bool find_start(SplitPlan& split) {
        std::optional<std::int64_t> first;
        const auto fine = decode(timeline_at(0), [&first](AVFrame&, std::int64_t time, std::int64_t) {
            if (!first) first = time;
            return true;
        });
        split.first_time = first.value_or(AV_NOPTS_VALUE);
        return fine && *fine && split.first_time != AV_NOPTS_VALUE;
    }

    // Where the pictures end, as a pacer will find it that sees them all.
    Outcome<bool> find_end(SplitPlan& split) {
        const auto last = key_at(pts_of(info_.duration + split.first_time));
        if (!last) return false;
        constexpr std::int64_t kSome = 500000;  // of pictures, at least
        const bool is_enough = last->fresh && info_.duration + split.first_time - last->time > kSome;
        const auto before = is_enough ? last : key_before(*last);
        const std::int64_t from = before ? before->time : split.first_time;
        if (!source_.seek(video_, before ? before->seek : last->seek)) return false;
        FramePacer pacer(plan_.rate, INT64_MAX,
                         [](const AVFrame&, std::int64_t, std::int64_t) { return Outcome<void>(); });
        pacer.begin_after(split.first_time);
        Outcome<void> added;
        int frames = 0;
        const auto fine =
            decode(timeline_at(from), [&](AVFrame& frame, std::int64_t time, std::int64_t duration) {
                if (time != AV_NOPTS_VALUE && time < from) return false;
                ++frames;
                added = pacer.add(frame, time, duration);
                return !added;
            });
        if (!fine) return fine;
        split.video_end = pacer.end_time();
        return *fine && added && frames > 1;
    }

    // Read from the keyframe before the cut's own, unless that is known to need nothing before it.
    std::optional<ChunkPlan> cut_near(std::int64_t time, const SplitPlan& split) {
        const auto key = key_at(pts_of(time));
        if (!key) return std::nullopt;
        const std::int64_t tick = nearest_tick(key->time, split.first_time, plan_.rate);
        const auto before = key->fresh ? key : key_before(*key);
        if (!before || tick <= 0) return std::nullopt;
        return ChunkPlan{.seek = before->seek,
                         .from = before->time,
                         .first = (tick + plan_.gop - 1) / plan_.gop * plan_.gop};
    }

    bool cut(SplitPlan& split, const std::vector<double>& lengths) {
        const auto ticks = [this](double seconds) { return std::llround(seconds * plan_.rate.value()); };
        const double length = static_cast<double>(split.video_end) * 1e-6;
        const double scale = length / std::reduce(lengths.begin(), lengths.end());
        const std::int64_t end = ticks(length);
        // The poster is looked for in the first chunk.
        const std::int64_t least_first = ticks(std::min<double>(lengths.front() * scale, kPosterWithin + 1));
        split.chunks = {ChunkPlan{}};
        double time = 0;
        for (std::size_t i = 1; i < lengths.size(); ++i) {
            time += lengths[i - 1] * scale;
            auto chunk = cut_near(std::llround(time * 1e6), split);
            if (!chunk || chunk->first < least_first ||
                chunk->first - split.chunks.back().first < ticks(lengths[i - 1] * scale / 2) ||
                end - chunk->first < ticks(lengths[i] * scale / 2))
                continue;
            split.chunks.back().end = chunk->first;
            split.chunks.push_back(*chunk);
        }
        for (ChunkPlan& chunk : split.chunks)
            chunk.seconds = static_cast<double>(std::min(chunk.end, end) - chunk.first) / plan_.rate.value();
        return split.chunks.size() > 1;
    }

    Demuxer source_;
    const MediaInfo& info_;
    const VideoPlan& plan_;
    const TranscodeOrder& order_;
    int video_;
    std::int64_t shift_;
    std::vector<Key> keys_;  // of a file without an index
    std::optional<NalFraming> framing_;
};

void add_equal(std::vector<double>& lengths, double seconds, double count) {
    lengths.insert(lengths.end(), static_cast<std::size_t>(count), seconds / count);
}

// Rounds of a chunk for each worker, the later the shorter: what one of them is late then costs little.
std::vector<double> lengths_for_many(double seconds, double workers, double shortest, double longest) {
    std::vector<double> lengths;
    double rest = seconds;
    while (rest >= 2 * workers * shortest && lengths.size() < kMostChunks) {
        const double length = std::min({longest, rest / workers * kShareOfRest, rest / workers - shortest});
        add_equal(lengths, length * workers, workers);
        rest -= length * workers;
    }
    add_equal(lengths, rest,
              rest >= workers * shortest ? workers : std::max(1.0, std::floor(rest / shortest)));
    return lengths;
}

}  // namespace

std::vector<double> chunk_lengths(double seconds, const TranscodeOrder& order) {
    const double usual = order.chunk_seconds;
    const double longest = order.draft ? kDraftChunks * usual : usual;
    const double shortest = std::min<double>(kShortestChunk, usual);
    const double workers = std::max(1U, order.workers);
    std::vector<double> lengths;
    if (workers > 1 && !order.draft && longest > shortest) {
        lengths = lengths_for_many(seconds, workers, shortest, longest);
    } else {
        const double least = seconds < 2 * longest ? 1 : std::round(seconds / longest);
        const double even = std::ceil(least / workers) * workers;
        const double count = std::max(least, std::min(even, std::floor(seconds / shortest)));
        add_equal(lengths, seconds, std::min<double>(count, kMostChunks));
    }
    if (lengths.size() <= kMostChunks) return lengths;
    return std::vector<double>(kMostChunks, seconds / kMostChunks);
}

std::string describe_plan(const TitlePlan& plan) {
    Json text;
    if (plan.video) {
        const VideoPlan& video = *plan.video;
        text["rate"] = {video.rate.num, video.rate.den};
        text["timescale"] = {video.timing.timescale, video.timing.ticks};
        text["gop"] = video.gop;
        text["fields"] = {video.deinterlace, video.every_field};
        for (const RenditionPlan& r : video.renditions)
            text["video"].push_back({r.name, r.size.width, r.size.height, r.step, r.hdr,
                                     Json::parse(ladder_to_json({r.rung}))[0]});
    }
    for (const AudioPlan& track : plan.audio)
        text["audio"].push_back({track.name, track.track.stream, track.channels});
    for (const SubtitlePlan& track : plan.subtitles)
        text["subtitles"].push_back({track.name, track.track.stream});
    return text.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Outcome<std::optional<SplitPlan>> plan_split(int fd, const MediaInfo& info, const TitlePlan& plan,
                                             const TranscodeOrder& order) {
    if (order.chunk_seconds == 0 || !plan.video || plan.video->deinterlace) return std::nullopt;
    const auto lengths = chunk_lengths(static_cast<double>(info.duration) * 1e-6, order);
    if (lengths.size() < 2) return std::nullopt;
    auto source = Demuxer::open(fd, order.limits);
    if (!source) return std::unexpected(std::move(source.error()));
    if (!source->has_index() && !source->is_transport_stream()) return std::nullopt;
    auto split = Planner(std::move(*source), info, *plan.video, order).run(lengths);
    if (!split || !*split) return split;
    (*split)->sound = !plan.audio.empty() || !plan.subtitles.empty() || !info.chapters.empty();
    (*split)->plan = describe_plan(plan);
    return split;
}

}  // namespace mezz::worker
