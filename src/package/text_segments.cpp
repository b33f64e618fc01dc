#include "package/text_segments.hpp"

#include <algorithm>
#include <vector>

#include "core/rescale.hpp"
#include "core/text.hpp"
#include "package/ts_time.hpp"

namespace mezz::package {
namespace {

using media::CueRecord;
using media::TextIndexView;

constexpr std::string_view kSignature = "WEBVTT\n";
constexpr std::size_t kTimesSize = 30;  // bytes of a cue beside its body

std::uint32_t to_ms(std::int64_t ticks, std::uint32_t timescale) noexcept {
    return static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(rescale(ticks, 1000, timescale), 0, UINT32_MAX));
}

void append_digits(std::string& out, std::uint32_t value, std::size_t least) {
    char digits[10];
    std::size_t n = sizeof digits;
    for (; value > 0 || sizeof digits - n < least; value /= 10)
        digits[--n] = static_cast<char>('0' + value % 10);
    out.append(digits + n, sizeof digits - n);
}

void append_time(std::string& out, std::uint32_t ms) {
    append_digits(out, ms / 3600000, 2);
    out += ':';
    append_digits(out, ms / 60000 % 60, 2);
    out += ':';
    append_digits(out, ms / 1000 % 60, 2);
    out += '.';
    append_digits(out, ms % 1000, 3);
}

void append_cue(std::uint32_t start, std::uint32_t end, std::string_view body, std::string& out) {
    out += '\n';
    append_time(out, start);
    out += " --> ";
    append_time(out, end);
    out += body;
}

void append_cue(const TextIndexView& index, std::uint32_t i, std::string& out) {
    const CueRecord& cue = index.cues()[i];
    append_cue(cue.start, cue.end, index.body(i), out);
}

// A time in milliseconds on the clip's clock.
std::uint32_t clip_ms(std::uint32_t ms, const Clip& clip) noexcept {
    const std::int64_t micros = std::clamp<std::int64_t>(std::int64_t{ms} * 1000, clip.from, clip.to);
    return to_ms(micros - clip.from, 1000000);
}

std::string segment_head(TextClock clock) {
    std::string head(kSignature);
    head += "X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:";
    append_number(head, clock == TextClock::ts ? kTsBaseTime : 0);
    return head += '\n';
}

}  // namespace

void write_text_file(const TextIndexView& index, std::string& out, const std::optional<Clip>& clip) {
    out += kSignature;
    for (std::uint32_t i = 0; i < index.cue_count(); ++i) {
        if (!clip) {
            append_cue(index, i, out);
            continue;
        }
        const std::uint32_t start = clip_ms(index.cues()[i].start, *clip);
        const std::uint32_t end = clip_ms(index.cues()[i].end, *clip);
        if (end > start) append_cue(start, end, index.body(i), out);
    }
}

void write_text_segment(const TextIndexView& index, const TitleView& title, std::uint32_t n, TextClock clock,
                        std::string& out) {
    const auto boundaries = title.boundaries();
    const std::uint32_t begin = to_ms(boundaries[n], title.header().timescale);
    const std::uint32_t end = to_ms(boundaries[n + 1], title.header().timescale);
    out += segment_head(clock);
    const auto cues = index.cues();
    for (std::uint32_t i = index.first_ending_after(begin); i < cues.size() && cues[i].start < end; ++i)
        if (cues[i].end > begin) append_cue(index, i, out);
}

// Linear, though each cue may be in all segments: sizes are added where a cue begins and taken off behind its
// end.
BitRate text_bit_rate(const TextIndexView& index, std::span<const std::int64_t> boundaries,
                      std::uint32_t timescale) {
    std::vector<std::uint32_t> starts;
    for (const std::int64_t boundary : boundaries)
        starts.push_back(to_ms(boundary, timescale));
    std::vector<std::int64_t> change(starts.size() + 1);
    const auto cues = index.cues();
    for (std::uint32_t i = 0; i < cues.size(); ++i) {
        if (cues[i].start >= starts.back()) break;
        const auto first = std::ranges::upper_bound(starts, cues[i].start) - starts.begin() - 1;
        const auto last = std::ranges::lower_bound(starts, cues[i].end) - starts.begin();
        const auto size = static_cast<std::int64_t>(index.body(i).size() + kTimesSize);
        change[static_cast<std::size_t>(first)] += size;
        change[static_cast<std::size_t>(last)] -= size;
    }
    const auto head = static_cast<std::int64_t>(segment_head(TextClock::ts).size());
    std::int64_t shown = 0;
    std::int64_t total = 0;
    BitRate rate;
    for (std::size_t n = 0; n + 1 < starts.size(); ++n) {
        shown += change[n];
        total += head + shown;
        const std::uint32_t ms = std::max(starts[n + 1] - starts[n], 500U);
        rate.peak = std::max(rate.peak, static_cast<std::uint64_t>((head + shown) * 8000 / ms));
    }
    rate.average = static_cast<std::uint64_t>(total * 8000 / std::max(starts.back(), 1U));
    rate.peak = std::max({rate.peak, rate.average, std::uint64_t{1}});
    return rate;
}

}  // namespace mezz::package
