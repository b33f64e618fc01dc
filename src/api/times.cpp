#include "api/times.hpp"

#include <array>
#include <charconv>
#include <chrono>

namespace mezz::api {
namespace {

using std::chrono::days;
using std::chrono::microseconds;
using std::chrono::sys_days;

constexpr std::int64_t kSecond = 1'000'000;  // in microseconds

bool take(std::string_view& text, char a, char b) noexcept {
    if (text.empty() || (text[0] != a && text[0] != b)) return false;
    text.remove_prefix(1);
    return true;
}

// Exactly `count` digits, of a value up to `most`.
bool take_number(std::string_view& text, std::size_t count, int most, int& out) noexcept {
    if (text.size() < count) return false;
    out = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (text[i] < '0' || text[i] > '9') return false;
        out = out * 10 + (text[i] - '0');
    }
    text.remove_prefix(count);
    return out <= most;
}

bool take_fraction(std::string_view& text, std::int64_t& micros) noexcept {
    if (!take(text, '.', '.')) return true;
    std::size_t digits = 0;
    for (std::int64_t unit = kSecond / 10; digits < text.size(); ++digits, unit /= 10) {
        if (text[digits] < '0' || text[digits] > '9') break;
        micros += unit * (text[digits] - '0');
    }
    text.remove_prefix(digits);
    return digits > 0;
}

// The offset from UTC in minutes, up to the end of the text.
bool take_offset(std::string_view text, int& minutes) noexcept {
    minutes = 0;
    if (take(text, 'Z', 'z')) return text.empty();
    const bool west = text.starts_with('-');
    int hour = 0;
    int minute = 0;
    if (!take(text, '+', '-') || !take_number(text, 2, 23, hour) || !take(text, ':', ':') ||
        !take_number(text, 2, 59, minute))
        return false;
    minutes = (hour * 60 + minute) * (west ? -1 : 1);
    return text.empty();
}

void append_padded(std::string& out, std::int64_t value, std::size_t width) {
    std::array<char, 20> digits;
    const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    const auto count = static_cast<std::size_t>(end - digits.data());
    if (count < width) out.append(width - count, '0');
    out.append(digits.data(), count);
}

}  // namespace

std::optional<std::int64_t> parse_time(std::string_view text) noexcept {
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    int offset = 0;
    std::int64_t micros = 0;
    const bool form =
        take_number(text, 4, 9999, year) && take(text, '-', '-') && take_number(text, 2, 12, month) &&
        take(text, '-', '-') && take_number(text, 2, 31, day) && take(text, 'T', 't') &&
        take_number(text, 2, 23, hour) && take(text, ':', ':') && take_number(text, 2, 59, minute) &&
        take(text, ':', ':') && take_number(text, 2, 60, second) && take_fraction(text, micros) &&
        take_offset(text, offset);
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!form || year == 0 || !date.ok()) return std::nullopt;
    const std::int64_t whole_days = sys_days(date).time_since_epoch().count();
    const std::int64_t seconds = ((whole_days * 24 + hour) * 60 + minute - offset) * 60 + second;
    const std::int64_t time = seconds * kSecond + micros;
    constexpr std::int64_t kFirst = -62'135'596'800 * kSecond;  // 0001-01-01T00:00:00Z
    constexpr std::int64_t kEnd = 253'402'300'800 * kSecond;    // behind the year 9999
    if (time < kFirst || time >= kEnd) return std::nullopt;
    return time;
}

std::string time_text(std::int64_t micros) {
    const std::chrono::sys_time<microseconds> time{microseconds(micros)};
    const auto midnight = std::chrono::floor<days>(time);
    const std::chrono::year_month_day date(midnight);
    const std::int64_t rest = (time - midnight).count();
    const std::int64_t seconds = rest / kSecond;
    std::string text;
    append_padded(text, static_cast<int>(date.year()), 4);
    text += '-';
    append_padded(text, static_cast<unsigned>(date.month()), 2);
    text += '-';
    append_padded(text, static_cast<unsigned>(date.day()), 2);
    text += 'T';
    append_padded(text, seconds / 3600, 2);
    text += ':';
    append_padded(text, seconds / 60 % 60, 2);
    text += ':';
    append_padded(text, seconds % 60, 2);
    if (rest % kSecond != 0) {
        text += '.';
        append_padded(text, rest % kSecond, 6);
    }
    text += 'Z';
    return text;
}

}  // namespace mezz::api
