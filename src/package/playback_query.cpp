#include "package/playback_query.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "core/percent.hpp"
#include "media/codec.hpp"

namespace mezz::package {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"max_height", "min_height", "codec", "from", "to"};
constexpr std::array<std::string_view, 10> kCodecs = {"h264", "hevc", "av1",  "vp9",  "aac",
                                                      "mp3",  "ac3",  "eac3", "opus", "flac"};
static_assert(static_cast<std::size_t>(media::Codec::flac) + 1 == kCodecs.size());

constexpr std::int64_t kSecond = 1000000;
constexpr std::int64_t kShortest = 1000;  // microseconds

using Values = std::array<std::optional<std::string>, kNames.size()>;

Result<Values> read_values(std::string_view query) {
    Values values;
    while (!query.empty()) {
        const std::size_t end = query.find('&');
        const std::string_view argument = query.substr(0, end);
        query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
        const std::size_t equals = std::min(argument.find('='), argument.size());
        const auto found = std::ranges::find(kNames, argument.substr(0, equals));
        if (found == kNames.end()) continue;
        auto& value = values[static_cast<std::size_t>(found - kNames.begin())];
        if (value) return fail(ErrorCode::bad_request, "query: an argument is there twice");
        value = percent_decoded(argument.substr(std::min(equals + 1, argument.size())));
        if (!value) return fail(ErrorCode::bad_request, "query: a value is not percent-encoded");
    }
    return values;
}

bool read_height(std::string_view text, std::uint32_t& out) noexcept {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc() && end == text.data() + text.size() && out >= 1 && out <= UINT16_MAX;
}

bool read_codecs(std::string_view text, std::uint32_t& out) noexcept {
    for (;;) {
        const std::size_t comma = std::min(text.find(','), text.size());
        const auto found = std::ranges::find(kCodecs, text.substr(0, comma));
        if (found == kCodecs.end()) return false;
        out |= 1U << (found - kCodecs.begin());
        if (comma == text.size()) return true;
        text.remove_prefix(comma + 1);
    }
}

bool is_digits(std::string_view text) noexcept {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Scripts print seconds with up to 17 digits: those behind the sixth decimal are cut off.
std::optional<std::int64_t> read_seconds(std::string_view text) noexcept {
    constexpr std::size_t kMostDigits = 9;
    const std::size_t point = std::min(text.find('.'), text.size());
    const std::string_view whole = text.substr(0, point);
    if (!is_digits(whole) || whole.size() > kMostDigits) return std::nullopt;
    std::int64_t micros = 0;
    for (const char digit : whole)
        micros = micros * 10 + (digit - '0');
    micros *= kSecond;
    if (point == text.size()) return micros;
    const std::string_view decimals = text.substr(point + 1);
    if (!is_digits(decimals)) return std::nullopt;
    std::int64_t worth = kSecond / 10;
    for (std::size_t i = 0; i < decimals.size() && worth > 0; ++i, worth /= 10)
        micros += (decimals[i] - '0') * worth;
    return micros;
}

Result<RenditionFilter> read_filter(const Values& values) {
    RenditionFilter filter;
    if (values[0] && !read_height(*values[0], filter.max_height))
        return fail(ErrorCode::bad_request, "query: max_height is no number from 1 to 65535");
    if (values[1] && !read_height(*values[1], filter.min_height))
        return fail(ErrorCode::bad_request, "query: min_height is no number from 1 to 65535");
    if (filter.min_height > filter.max_height)
        return fail(ErrorCode::bad_request, "query: min_height is above max_height");
    if (values[2] && !read_codecs(*values[2], filter.codecs))
        return fail(ErrorCode::bad_request, "query: codec names one that is not known");
    return filter;
}

Result<ClipRange> read_clip(const Values& values) {
    ClipRange clip;
    if (values[3] && !(clip.from = read_seconds(*values[3])))
        return fail(ErrorCode::bad_request, "query: from is no number of seconds");
    if (values[4] && !(clip.to = read_seconds(*values[4])))
        return fail(ErrorCode::bad_request, "query: to is no number of seconds");
    if (clip.to && *clip.to - clip.from.value_or(0) < kShortest)
        return fail(ErrorCode::bad_request, "query: to is not after from");
    return clip;
}

}  // namespace

Result<PlaybackQuery> parse_playback_query(std::string_view query) {
    const auto values = read_values(query);
    if (!values) return std::unexpected(values.error());
    const auto filter = read_filter(*values);
    if (!filter) return std::unexpected(filter.error());
    const auto clip = read_clip(*values);
    if (!clip) return std::unexpected(clip.error());
    return PlaybackQuery{*filter, *clip};
}

}  // namespace mezz::package
