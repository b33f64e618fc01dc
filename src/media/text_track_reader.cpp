#include "media/text_track_reader.hpp"

#include <algorithm>

#include "core/rescale.hpp"
#include "media/text_parser.hpp"

namespace mezz::media {
namespace {

constexpr std::uint64_t kGap = 4096;            // bytes that are rather read than skipped
constexpr std::uint64_t kLargestBatch = 65536;  // what is larger is no sample of text

std::uint32_t to_ms(std::int64_t ticks, std::uint32_t timescale) noexcept {
    constexpr std::int64_t kLatest = 1000LL * 3600 * 1000 - 1;  // 1000 hours
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(rescale(ticks, 1000, timescale), 0, kLatest));
}

bool has_text(const Sample& sample) noexcept {
    return sample.size > 0 && sample.size <= kLargestBatch;
}

}  // namespace

TextTrackReader::TextTrackReader(TrackView track, std::uint64_t file_size, std::uint64_t most_bytes)
    : track_(track),
      file_size_(file_size),
      bytes_left_(std::min<std::uint64_t>(most_bytes, kLargestTextFile)),
      cues_(track->codec, track->text_face) {
    if (track_.piece_count() > 0) reader_.emplace(track_, file_size_, piece_++, 1);
}

std::optional<ByteRange> TextTrackReader::need() const noexcept {
    if (count_ > 0) return batch_;
    return reader_ ? reader_->need() : std::nullopt;
}

Result<void> TextTrackReader::feed(Bytes bytes) {
    const auto fed = count_ > 0 ? read_batch(bytes) : reader_->feed(bytes);
    return fed ? go_on() : fed;
}

// To where the next bytes are needed.
Result<void> TextTrackReader::go_on() {
    for (;;) {
        if (reader_ && reader_->need()) return {};
        if (reader_)
            if (auto ok = take_samples(); !ok) return ok;
        plan_batch();
        if (count_ > 0 || piece_ == track_.piece_count()) return {};
        reader_.emplace(track_, file_size_, piece_, piece_ + 1);
        ++piece_;
    }
}

Result<void> TextTrackReader::take_samples() {
    samples_ = reader_->take_samples();
    reader_.reset();
    next_ = 0;
    for (const Sample& sample : samples_) {
        if (sample.size > bytes_left_) return fail(ErrorCode::too_large, "text track: too many bytes");
        bytes_left_ -= sample.size;
    }
    return {};
}

// The next samples that stand close together in the file.
void TextTrackReader::plan_batch() noexcept {
    while (next_ < samples_.size() && !has_text(samples_[next_]))
        ++next_;
    count_ = 0;
    batch_ = {};
    for (std::size_t i = next_; i < samples_.size(); ++i) {
        const Sample& sample = samples_[i];
        const std::uint64_t end = sample.offset + sample.size;
        if (i == next_) batch_.offset = sample.offset;
        const bool close = sample.offset >= batch_.end() && sample.offset - batch_.end() <= kGap;
        if (!has_text(sample) || (i != next_ && !close) || end - batch_.offset > kLargestBatch) return;
        batch_.length = end - batch_.offset;
        ++count_;
    }
}

Result<void> TextTrackReader::read_batch(Bytes bytes) {
    for (; count_ > 0; --count_) {
        const Sample& sample = samples_[next_++];
        const std::int64_t start = sample.dts + sample.composition_offset;
        const Bytes text =
            bytes.subspan(static_cast<std::size_t>(sample.offset - batch_.offset), sample.size);
        if (!cues_.add(to_ms(start, track_->timescale), to_ms(start + sample.duration, track_->timescale),
                       text))
            return fail(ErrorCode::too_large, "text track: over 100000 cues");
    }
    return {};
}

Result<std::vector<std::byte>> TextTrackReader::take_index() const {
    return build_text_index(cues_.cues());
}

}  // namespace mezz::media
