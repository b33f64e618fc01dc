#include "package/ts_payload.hpp"

#include <cstring>

#include "package/adts.hpp"
#include "package/ts_codec.hpp"
#include "package/ts_time.hpp"

namespace mezz::package {
namespace {

/// One or two header bytes and one of payload; a longer one is broken, and is kept.
constexpr std::uint32_t kLongestDelimiterNal = 3;
constexpr std::array kStartCode{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1}};

/// Bytes of a sample that are read at all: a picture too short for a length prefix becomes zeros.
std::uint32_t readable(const TsPlan& plan, unsigned source, std::uint32_t size) noexcept {
    return source == kTsVideo && size < plan.video()->nal_length_size ? 0 : size;
}

}  // namespace

void TsPayload::load(const TsPlan& plan, const TsPes& pes) noexcept {
    plan_ = &plan;
    source_ = pes.source;
    packets_ = pes.packets;
    sample_end_ = pes.first + pes.samples;
    size_ = 0;
    padding_ = 0;
    literal_ = parameter_sets_ = {};
    zeros_ = 0;
    if (is_video()) prefix_ = plan.video()->nal_length_size;
    load_sample(pes.first);
}

/// What the length prefix in carry_ says.
std::uint32_t TsPayload::nal_length() const noexcept {
    std::uint32_t length = 0;
    for (const std::byte b : Bytes(carry_).first(prefix_))
        length = length << 8 | std::to_integer<std::uint32_t>(b);
    return length;
}

void TsPayload::load_sample(std::uint32_t index) noexcept {
    const auto& samples = is_video() ? plan_->video()->samples : plan_->audio()->samples;
    sample_ = index;
    position_ = samples[index].offset;
    left_ = samples[index].size;
    copy_ = is_video() ? 0 : left_;
    carry_size_ = 0;
}

bool TsPayload::open(TsInput& input) noexcept {
    if (is_video()) {
        if (left_ >= prefix_ && !fill_carry(prefix_ + 1, input))
            return false;  // with the NAL unit's first byte
        open_picture();
    } else {
        open_frames();
    }
    return true;
}

void TsPayload::open_picture() noexcept {
    const TsVideoTrack& track = *plan_->video();
    const media::Sample& sample = track.samples[sample_];
    PesHead head{.source = kTsVideo, .pts = ts_presentation_time(sample, track.timescale)};
    const std::int64_t dts = ts_decoding_time(sample, track.timescale);
    if (dts != *head.pts) head.dts = dts;
    const std::size_t header = write_pes_head(PesHeaderBuffer(text_.data(), kPesHeaderWithBoth), head);
    literal_ = Bytes(text_).first(header);
    append_text(access_unit_delimiter(track.codec));
    if (sample.sync) parameter_sets_ = track.parameter_sets;
    drop_delimiter();
    const std::uint64_t planned =
        literal_.size() + parameter_sets_.size() + left_ + ts_growth(track, sample_);
    size_ = std::max<std::uint64_t>(planned, header + packets_ - 1);
    zero_unusable();
}

void TsPayload::open_frames() noexcept {
    const TsAudioTrack& track = *plan_->audio();
    const media::Sample& first = track.samples[sample_];
    const TsCodec& carried = *ts_codec(track.codec);
    PesHead head{.source = kTsAudio, .stream_id = carried.stream_id};
    if (!plan_->video() || !is_priming(first, track.codec))
        head.pts = ts_presentation_time(first, track.timescale);
    const std::int64_t dts = ts_decoding_time(first, track.timescale);
    if (head.pts && dts != *head.pts) head.dts = dts;
    for (const media::Sample& frame : track.samples.subspan(sample_, sample_end_ - sample_))
        if (frame.size > 0) head.payload += carried.frame_header + frame.size;
    const std::size_t header = !head.pts ? kPesHeaderBare : head.dts ? kPesHeaderWithBoth : kPesHeaderWithPts;
    if (head.payload < packets_ - 1) padding_ = packets_ - 1 - head.payload;
    head.payload += padding_;
    write_pes_head(PesHeaderBuffer(text_.data(), kPesHeaderWithBoth), head);
    literal_ = Bytes(text_).first(header);
    size_ = header + head.payload;
    append_adts();
}

/// A sample's own access unit delimiter would be a second one.
void TsPayload::drop_delimiter() noexcept {
    if (carry_size_ < prefix_ + 1) return;
    const std::uint32_t length = nal_length();
    if (length < 1 || length > kLongestDelimiterNal || length > left_ - prefix_) return;
    if (!is_access_unit_delimiter(plan_->video()->codec, carry_[prefix_])) return;
    position_ += length - 1;
    left_ -= prefix_ + length;
    carry_size_ = 0;
}

/// What is too short for a length prefix becomes trailing_zero_8bits (ISO/IEC 14496-10, B.1).
void TsPayload::zero_unusable() noexcept {
    if (!is_video() || left_ >= prefix_) return;
    zeros_ += left_;
    left_ = 0;
    carry_size_ = 0;
}

bool TsPayload::fill_carry(std::size_t wanted, TsInput& input) noexcept {
    wanted = std::min<std::size_t>(wanted, left_);
    if (carry_size_ >= wanted) return true;
    const Bytes bytes = input.at(source_, position_);
    const std::size_t n = std::min(wanted - carry_size_, bytes.size());
    if (n == 0) return false;
    std::memcpy(&carry_[carry_size_], bytes.data(), n);
    carry_size_ += n;
    position_ += n;
    input.used_until(position_);
    return carry_size_ == wanted;
}

/// Replaces the length prefix in carry_ by a start code. An empty NAL unit becomes zeros.
void TsPayload::begin_nal() noexcept {
    const std::uint32_t length = std::min(nal_length(), left_ - prefix_);
    left_ -= prefix_;
    carry_size_ -= prefix_;
    carry_[0] = carry_[prefix_];
    if (length == 0) {
        zeros_ = kStartCode.size();
        zero_unusable();
        return;
    }
    copy_ = length;
    literal_ = {};
    append_text(kStartCode);
    if (carry_size_ == 0) return;
    append_text(Bytes(carry_).first(1));
    carry_size_ = 0;
    --copy_;
    --left_;
    if (copy_ == 0) zero_unusable();
}

void TsPayload::append_text(Bytes bytes) noexcept {
    const std::size_t size = literal_.size();
    std::memcpy(&text_[size], bytes.data(), bytes.size());
    literal_ = Bytes(text_).first(size + bytes.size());
}

void TsPayload::append_adts() noexcept {
    const TsAudioTrack& track = *plan_->audio();
    if (track.codec != media::Codec::aac) return;
    const AdtsConfig config{track.object_type, track.sampling_frequency_index, track.channel_configuration};
    append_text(adts_header(config, left_ + padding_));
}

/// Finds something to write when literals, zeros and copies are used up. False if input is needed for it.
bool TsPayload::next_part(std::size_t room, TsInput& input) noexcept {
    if (!parameter_sets_.empty()) {
        literal_ = parameter_sets_;
        parameter_sets_ = {};
        return true;
    }
    if (left_ > 0) {
        if (!fill_carry(prefix_, input)) return false;
        begin_nal();
        return true;
    }
    if (!is_video()) {
        for (std::uint32_t next = sample_ + 1; next < sample_end_; ++next) {
            if (plan_->audio()->samples[next].size == 0) continue;
            load_sample(next);
            append_adts();
            return true;
        }
    }
    zeros_ = room;
    return true;
}

std::size_t TsPayload::write(std::span<std::byte> out, TsInput& input) noexcept {
    std::size_t done = 0;
    while (done < out.size()) {
        const std::size_t room = out.size() - done;
        std::byte* const to = out.data() + done;
        if (!literal_.empty()) {
            const std::size_t n = std::min(room, literal_.size());
            std::memcpy(to, literal_.data(), n);
            literal_ = literal_.subspan(n);
            done += n;
        } else if (parameter_sets_.empty() && zeros_ > 0) {
            const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(room, zeros_));
            std::memset(to, 0, n);
            zeros_ -= n;
            done += n;
        } else if (parameter_sets_.empty() && copy_ > 0) {
            const Bytes bytes = input.at(source_, position_);
            const std::size_t n = std::min({room, bytes.size(), std::size_t{copy_}});
            if (n == 0) break;
            std::memcpy(to, bytes.data(), n);
            position_ += n;
            input.used_until(position_);
            copy_ -= static_cast<std::uint32_t>(n);
            left_ -= static_cast<std::uint32_t>(n);
            done += n;
            if (copy_ == 0) zero_unusable();
        } else if (!next_part(room, input)) {
            break;
        }
    }
    return done;
}

Bytes TsPayload::take_plain(std::size_t unit, std::size_t most, TsInput& input) noexcept {
    if (!literal_.empty() || !parameter_sets_.empty() || zeros_ > 0) return {};
    const Bytes bytes = input.at(source_, position_);
    const std::size_t n = std::min({most, bytes.size(), std::size_t{copy_}}) / unit * unit;
    if (n == 0) return {};
    position_ += n;
    input.used_until(position_);
    copy_ -= static_cast<std::uint32_t>(n);
    left_ -= static_cast<std::uint32_t>(n);
    if (copy_ == 0) zero_unusable();
    return bytes.first(n);
}

TsNeed TsPayload::need() const noexcept {
    if (plan_ == nullptr) return {};
    const std::uint32_t unread = copy_ > 0 ? left_ : readable(*plan_, source_, left_);
    if (unread > carry_size_) return {source_, position_, unread - carry_size_};
    if (is_video()) return {};
    for (std::uint32_t next = sample_ + 1; next < sample_end_; ++next) {
        const media::Sample& frame = plan_->audio()->samples[next];
        if (frame.size > 0) return {source_, frame.offset, frame.size};
    }
    return {};
}

TsNeed TsPayload::first_need(const TsPlan& plan, const TsPes& pes) noexcept {
    const media::Sample& sample = plan.first_sample(pes);
    return {pes.source, sample.offset, readable(plan, pes.source, sample.size)};
}

}  // namespace mezz::package
