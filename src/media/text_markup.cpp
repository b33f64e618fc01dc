#include "media/text_markup.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "core/text.hpp"
#include "core/utf8.hpp"

namespace mezz::media {
namespace {

constexpr std::size_t kLongestTag = 256;  // bytes

constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

constexpr bool is_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// "{\an1}" to "{\an9}" count like the keys of a number pad.
std::string_view settings_of_alignment(char key) noexcept {
    constexpr std::array<std::string_view, 9> kSettings{
        "align:left",          "",         "align:right",
        "line:50% align:left", "line:50%", "line:50% align:right",
        "line:0 align:left",   "line:0",   "line:0 align:right"};
    return key >= '1' && key <= '9' ? kSettings[static_cast<std::size_t>(key - '1')] : std::string_view();
}

// The reference "&…;" at the beginning of a text, as HTML writes them; empty if there is none.
std::string_view find_reference(std::string_view text) noexcept {
    constexpr std::size_t kLongest = 34;
    const std::size_t end = text.substr(0, kLongest).find(';');
    if (end == std::string_view::npos || end < 2) return {};
    std::string_view name = text.substr(1, end - 1);
    const bool number = name[0] == '#';
    const bool hex = number && name.size() > 1 && to_lower(name[1]) == 'x';
    name.remove_prefix(hex ? 2 : number ? 1 : 0);
    const bool fine = std::ranges::all_of(name, [&](char c) {
        return is_digit(c) || (hex ? to_lower(c) >= 'a' && to_lower(c) <= 'f' : !number && is_letter(c));
    });
    return fine && !name.empty() ? text.substr(0, end + 1) : std::string_view();
}

// What stands between '<' and '>'.
struct Tag {
    std::string name;
    std::string_view classes;     // with their dots
    std::string_view annotation;  // of v and lang
    bool closing = false;
};

bool is_kept(std::string_view name, TextSyntax syntax) noexcept {
    constexpr std::array<std::string_view, 8> kNames{"i", "b", "u", "c", "v", "lang", "ruby", "rt"};
    const auto known = std::span(kNames).first(syntax == TextSyntax::srt ? 3 : kNames.size());
    return std::ranges::find(known, name) != known.end();
}

bool is_class(char c) noexcept {
    return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '_' || (c & '\x80') != 0;
}

std::optional<Tag> parse_tag(std::string_view inner, TextSyntax syntax) {
    Tag tag;
    if (inner.starts_with('/')) {
        tag.closing = true;
        inner.remove_prefix(1);
    }
    std::size_t n = 0;
    while (n < inner.size() && is_letter(inner[n]))
        ++n;
    tag.name = inner.substr(0, n);
    if (syntax == TextSyntax::srt || tag.name == "FONT")
        std::ranges::transform(tag.name, tag.name.begin(), to_lower);
    inner.remove_prefix(n);
    const std::size_t space = std::min(inner.find_first_of(" \t\n"), inner.size());
    tag.classes = inner.substr(0, space);
    inner.remove_prefix(std::min(space + 1, inner.size()));
    tag.annotation = inner;
    if (tag.name == "font") return tag;
    // "-->" may not come about in any line.
    const bool fine = is_kept(tag.name, syntax) && (tag.classes.empty() || tag.classes[0] == '.') &&
                      std::ranges::all_of(tag.classes, is_class) && !tag.classes.ends_with('-') &&
                      !tag.annotation.ends_with('-');
    if (!fine) return std::nullopt;
    if (tag.closing || syntax == TextSyntax::srt) tag.classes = {};
    if (tag.closing || (tag.name != "v" && tag.name != "lang")) tag.annotation = {};
    return tag;
}

class CueTextWriter {
public:
    void character(char c) {
        shown_ = shown_ || (c != ' ' && c != '\t');
        if (c == '<')
            out_ += "&lt;";
        else if (c == '>')
            out_ += "&gt;";
        else if (c == '&')
            out_ += "&amp;";
        else
            out_ += c;
    }

    void as_it_stands(std::string_view text) { out_ += text; }
    void reference(std::string_view text) {
        shown_ = true;
        out_ += text;
    }

    // An empty line would end the cue.
    void line_end() {
        const std::size_t last = out_.find_last_not_of(" \t");
        out_.resize(last == std::string::npos ? 0 : last + 1);
        if (!out_.empty() && out_.back() != '\n') out_ += '\n';
    }

    // False if the tag is too long once it is escaped.
    bool tag(const Tag& tag) {
        constexpr std::size_t kDeepest = 16;
        if (tag.closing) {
            const auto open = std::ranges::find(open_.rbegin(), open_.rend(), tag.name);
            if (open != open_.rend()) close_down_to(static_cast<std::size_t>(open_.rend() - open) - 1);
            return true;
        }
        if (open_.size() == kDeepest) return true;
        const std::size_t begin = out_.size();
        out_ += '<';
        out_ += tag.name;
        out_ += tag.classes;
        if (!tag.annotation.empty()) annotation(tag.annotation);
        out_ += '>';
        if (out_.size() - begin > kLongestTag) {
            out_.resize(begin);
            return false;
        }
        open_.push_back(tag.name);
        return true;
    }

    // What was written, closed; empty if nothing of it shows.
    std::string finish() {
        line_end();
        while (!out_.empty() && out_.back() == '\n')
            out_.pop_back();
        close_down_to(0);
        return shown_ ? std::move(out_) : std::string();
    }

private:
    void annotation(std::string_view text) {
        out_ += ' ';
        while (!text.empty()) {
            const std::string_view kept = text[0] == '&' ? find_reference(text) : std::string_view();
            if (!kept.empty())
                out_ += kept;
            else if (text[0] == '&')
                out_ += "&amp;";
            else
                out_ += text[0] == '\n' ? ' ' : text[0];
            text.remove_prefix(std::max<std::size_t>(kept.size(), 1));
        }
    }

    void close_down_to(std::size_t depth) {
        for (; open_.size() > depth; open_.pop_back()) {
            out_ += "</";
            out_ += open_.back();
            out_ += '>';
        }
    }

    std::string out_;
    std::vector<std::string> open_;
    bool shown_ = false;
};

// How much of `text`, which begins with '<', is a tag and has been written; 0 if it is none.
std::size_t write_tag(std::string_view text, TextSyntax syntax, CueTextWriter& writer) {
    const std::size_t end = text.substr(0, kLongestTag).find('>');
    if (end == std::string_view::npos) return 0;
    const std::string_view inner = text.substr(1, end - 1);
    if (inner.find('<') != std::string_view::npos) return 0;
    if (syntax == TextSyntax::webvtt && !inner.empty() && is_digit(inner[0])) {
        std::string_view rest = inner;
        if (!pop_cue_time(rest) || !rest.empty() || inner.find(',') != std::string_view::npos) return 0;
        writer.as_it_stands(text.substr(0, end + 1));
        return end + 1;
    }
    const auto tag = parse_tag(inner, syntax);
    if (!tag) return 0;
    return tag->name == "font" || writer.tag(*tag) ? end + 1 : 0;
}

// The same of "{\…}", whose alignment, if it is the first one, goes to the settings.
std::size_t read_override(std::string_view text, std::string& settings) {
    constexpr std::string_view kAlignment = "\\an";
    constexpr std::size_t kLongest = 256;
    const std::string_view begin = text.substr(0, kLongest);
    const std::size_t end = begin.find('}');
    if (!begin.starts_with("{\\") || end == std::string_view::npos) return 0;
    const std::size_t at = begin.substr(0, end).find(kAlignment);
    if (at != std::string_view::npos && settings.empty())
        settings = settings_of_alignment(begin[at + kAlignment.size()]);
    return end + 1;
}

// Digits at the beginning; false if there is none, or more than `most` of them.
bool pop_digits(std::string_view& text, std::size_t most, std::string_view& digits) noexcept {
    const std::size_t n = std::min(text.find_first_not_of("0123456789"), text.size());
    if (n == 0 || n > most) return false;
    digits = text.substr(0, n);
    text.remove_prefix(n);
    return true;
}

std::uint32_t number(std::string_view digits) noexcept {
    std::uint32_t value = 0;
    for (const char c : digits)
        value = value * 10 + static_cast<std::uint32_t>(c - '0');
    return value;
}

// "0" to "100", with or without a fraction, and '%'.
bool is_percentage(std::string_view text) noexcept {
    std::string_view digits;
    if (!pop_digits(text, 3, digits)) return false;
    const std::uint32_t whole = number(digits);
    std::uint32_t fraction = 0;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        if (!pop_digits(text, 6, digits)) return false;
        fraction = number(digits);
    }
    return text == "%" && (whole < 100 || (whole == 100 && fraction == 0));
}

bool is_line_number(std::string_view text) noexcept {
    std::string_view digits;
    if (text.starts_with('-')) text.remove_prefix(1);
    return pop_digits(text, 4, digits) && text.empty();
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) noexcept {
    return std::ranges::find(words, text) != words.end();
}

bool is_setting(std::string_view name, std::string_view value) noexcept {
    const std::size_t comma = value.find(',');
    const std::string_view first = value.substr(0, comma);
    const std::string_view second =
        comma == std::string_view::npos ? std::string_view() : value.substr(comma + 1);
    if (name == "line")
        return (is_percentage(first) || is_line_number(first)) &&
               (comma == std::string_view::npos || is_one_of(second, {"start", "center", "end"}));
    if (name == "position")
        return is_percentage(first) &&
               (comma == std::string_view::npos || is_one_of(second, {"line-left", "center", "line-right"}));
    if (name == "vertical") return is_one_of(value, {"rl", "lr"});
    if (name == "size") return is_percentage(value);
    return name == "align" && is_one_of(value, {"start", "center", "end", "left", "right"});
}

}  // namespace

std::string normalized_lines(std::string_view file) {
    constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    std::string out;
    out.reserve(file.size() + 1);
    if (file.starts_with(kByteOrderMark)) file.remove_prefix(kByteOrderMark.size());
    while (!file.empty()) {
        const std::string_view before = file;
        const auto code = pop_code_point(file);
        if (!code || *code == 0) {
            out += kReplacement;
            if (!code) file.remove_prefix(1);
        } else if (*code == '\r' || *code == '\n') {
            if (*code == '\r' && file.starts_with('\n')) file.remove_prefix(1);
            out += '\n';
        } else if (*code == '\t' || !is_control(*code)) {
            out += before.substr(0, before.size() - file.size());
        }
    }
    if (out.empty() || out.back() != '\n') out += '\n';
    return out;
}

std::optional<std::uint32_t> pop_cue_time(std::string_view& text) noexcept {
    constexpr std::size_t kMostHourDigits = 3;
    std::string_view parts[3];
    std::size_t count = 0;
    while (count < 3 && pop_digits(text, count == 0 ? kMostHourDigits : 2, parts[count])) {
        ++count;
        if (!text.starts_with(':')) break;
        text.remove_prefix(1);
    }
    std::string_view fraction;
    if (count < 2 || !(text.starts_with('.') || text.starts_with(','))) return std::nullopt;
    text.remove_prefix(1);
    if (!pop_digits(text, 3, fraction)) return std::nullopt;
    const std::uint32_t hours = count == 3 ? number(parts[0]) : 0;
    const std::uint32_t minutes = number(parts[count - 2]);
    const std::uint32_t seconds = number(parts[count - 1]);
    if (minutes > 59 || seconds > 59) return std::nullopt;
    std::uint32_t ms = number(fraction);
    for (std::size_t n = fraction.size(); n < 3; ++n)
        ms *= 10;
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms;
}

std::string clean_settings(std::string_view settings) {
    std::string out;
    while (!settings.empty()) {
        const std::size_t end = std::min(settings.find_first_of(" \t"), settings.size());
        const std::string_view setting = settings.substr(0, end);
        settings.remove_prefix(std::min(end + 1, settings.size()));
        const std::size_t colon = setting.find(':');
        if (colon == std::string_view::npos) continue;
        const std::string_view name = setting.substr(0, colon);
        std::string prefix(name);
        prefix += ':';
        const bool again = out.starts_with(prefix) || out.find(' ' + prefix) != std::string::npos;
        if (again || !is_setting(name, setting.substr(colon + 1))) continue;
        if (!out.empty()) out += ' ';
        out += setting;
    }
    return out;
}

std::string clean_cue_text(std::string_view lines, TextSyntax syntax, std::string& settings) {
    CueTextWriter writer;
    while (!lines.empty()) {
        const char c = lines.front();
        std::size_t used = 0;
        if (c == '<') used = write_tag(lines, syntax, writer);
        if (c == '{' && syntax == TextSyntax::srt) used = read_override(lines, settings);
        if (c == '&') {
            const std::string_view found = find_reference(lines);
            writer.reference(found);
            used = found.size();
        }
        if (used == 0) {
            if (c == '\n')
                writer.line_end();
            else
                writer.character(c);
            used = 1;
        }
        lines.remove_prefix(used);
    }
    return writer.finish();
}

}  // namespace mezz::media
