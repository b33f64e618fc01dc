#include <algorithm>

#include "package/progressive.hpp"

namespace mezz::package {
namespace {

// Appends a value to a run-length list.
template <class Runs>
void add_to_run(Runs& runs, std::int64_t value) {
    if (!runs.empty() && runs.back().value == value)
        ++runs.back().count;
    else
        runs.push_back({1, value});
}

}  // namespace

void ProgressiveTrack::show_only(const Clip& clip) noexcept {
    origin_ = static_cast<std::int64_t>(clip_offset(clip, track_->timescale));
    length_ = static_cast<std::int64_t>(clip_end(clip, track_->timescale)) - origin_;
}

// Sound that ended so long before the start that no decoder needs it.
bool ProgressiveTrack::is_long_before(const media::Sample& sample) const noexcept {
    return origin_ > 0 && track_->kind == media::TrackKind::audio &&
           sample.dts + sample.duration + track_->timescale / kPrerollPerSecond <= 0;
}

Result<void> ProgressiveTrack::add(std::span<const media::Sample> samples) {
    for (media::Sample sample : samples) {
        sample.dts -= origin_;
        if (!any_ && is_long_before(sample)) continue;
        // Pictures that are shown earlier may follow, and need this one.
        after_.push_back(sample);
        if (sample.dts + sample.composition_offset >= length_) continue;
        for (const media::Sample& needed : after_)
            if (auto taken = take(needed); !taken) return taken;
        after_.clear();
    }
    if (kept() > max_bytes_) return fail(ErrorCode::too_large, "download: moov exceeds mezz_max_moov");
    return {};
}

Result<void> ProgressiveTrack::take(const media::Sample& sample) {
    media::Sample next = sample;
    if (any_) {
        const std::int64_t duration = std::clamp<std::int64_t>(sample.dts - last_.dts, 0, UINT32_MAX);
        next.dts = last_.dts + duration;
        emit(static_cast<std::uint32_t>(duration));
    } else {
        begin_ = sample.dts;
        any_ = true;
    }
    // Where decode times overlap, the composition offsets keep the presentation times.
    const std::int64_t offset = sample.dts - next.dts + sample.composition_offset;
    if (offset < INT32_MIN / 2 || offset > INT32_MAX / 2)
        return fail(ErrorCode::unsupported, "download: composition offset is out of range");
    next.composition_offset = static_cast<std::int32_t>(offset);
    lowest_offset_ = std::min(lowest_offset_, offset);
    end_ = std::max(end_, std::min(next.dts + offset + sample.duration, length_));
    last_ = next;
    return {};
}

Result<void> ProgressiveTrack::finish() {
    if (!any_) return fail(ErrorCode::bad_media, "download: a track has no sample");
    emit(last_.duration);
    any_ = false;
    if (kept() > max_bytes_) return fail(ErrorCode::too_large, "download: moov exceeds mezz_max_moov");
    return {};
}

void ProgressiveTrack::emit(std::uint32_t duration) {
    ++count_;
    ByteWriter(sizes_).u32(last_.size);
    add_to_run(durations_, duration);
    add_to_run(offsets_, last_.composition_offset);
    if (last_.sync) syncs_.push_back(count_);
    media_ticks_ += duration;
    add_to_chunk(duration);
}

void ProgressiveTrack::add_to_chunk(std::uint32_t duration) {
    if (chunks_.empty() || last_.dts + duration > chunk_end_) {
        chunks_.push_back({.time = last_.dts});
        chunk_end_ = last_.dts + track_->timescale;
    }
    Chunk& chunk = chunks_.back();
    ++chunk.samples;
    chunk.bytes += last_.size;
    if (last_.size == 0) return;
    FileSpan* before = chunk.spans == 0 ? nullptr : &spans_.back();
    if (before != nullptr && before->end() == last_.offset && last_.size <= UINT32_MAX - before->length) {
        before->length += last_.size;
        return;
    }
    ++chunk.spans;
    spans_.push_back({last_.offset, last_.size, source_});
}

std::uint64_t ProgressiveTrack::kept() const noexcept {
    return sizes_.size() + (durations_.size() + offsets_.size()) * sizeof(Run) + syncs_.size() * 4 +
           chunks_.size() * sizeof(Chunk) + spans_.size() * sizeof(FileSpan);
}

}  // namespace mezz::package
