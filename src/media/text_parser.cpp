#include "media/text_parser.hpp"

#include <optional>

#include "media/text_markup.hpp"

namespace mezz::media {
namespace {

constexpr std::string_view kSignature = "WEBVTT";
constexpr std::string_view kArrow = "-->";

bool is_webvtt(std::string_view text) noexcept {
    if (!text.starts_with(kSignature)) return false;
    const char next = text[kSignature.size()];  // each line has an end
    return next == '\n' || next == ' ' || next == '\t';
}

std::string_view trimmed(std::string_view text) noexcept {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// 00:00:01.000 --> 00:00:02.000 line:0
struct Timing {
    std::uint32_t start = 0;
    std::uint32_t end = 0;
    std::string_view settings;
};

std::optional<Timing> parse_timing(std::string_view line) noexcept {
    const std::size_t arrow = line.find(kArrow);
    if (arrow == std::string_view::npos) return std::nullopt;
    std::string_view before = trimmed(line.substr(0, arrow));
    std::string_view after = trimmed(line.substr(arrow + kArrow.size()));
    const auto start = pop_cue_time(before);
    if (!start || !before.empty()) return std::nullopt;
    const auto end = pop_cue_time(after);
    if (!end || (!after.empty() && after[0] != ' ' && after[0] != '\t')) return std::nullopt;
    return Timing{*start, *end, trimmed(after)};
}

class CueReader {
public:
    explicit CueReader(std::string_view text) noexcept
        : rest_(text), syntax_(is_webvtt(text) ? TextSyntax::webvtt : TextSyntax::srt) {}

    Result<std::vector<Cue>> read() {
        bool timed = false;
        while (!rest_.empty()) {
            const auto timing = parse_timing(pop_line());
            if (!timing) continue;
            timed = true;
            add(*timing, pop_payload());
            if (cues_.size() > kMostCues) return fail(ErrorCode::too_large, "text track: over 100000 cues");
        }
        if (syntax_ == TextSyntax::srt && !timed)
            return fail(ErrorCode::bad_media, "text track: neither WebVTT nor SRT");
        return std::move(cues_);
    }

private:
    [[nodiscard]] std::string_view line() const noexcept { return rest_.substr(0, rest_.find('\n')); }

    std::string_view pop_line() noexcept {
        const std::string_view popped = line();
        rest_.remove_prefix(popped.size() + 1);
        return popped;
    }

    // The lines up to an empty one, or to where the next cue begins without one between.
    std::string_view pop_payload() noexcept {
        const std::string_view begin = rest_;
        std::size_t last_line = 0;
        while (!rest_.empty() && !trimmed(line()).empty()) {
            const bool arrow = line().find(kArrow) != std::string_view::npos;
            if (arrow && (syntax_ == TextSyntax::webvtt || parse_timing(line()))) break;
            last_line = begin.size() - rest_.size();
            (void)pop_line();
        }
        const std::string_view payload = begin.substr(0, begin.size() - rest_.size());
        const bool counted = syntax_ == TextSyntax::srt && !rest_.empty() && !trimmed(line()).empty() &&
                             is_count(payload.substr(last_line));
        return counted ? payload.substr(0, last_line) : payload;
    }

    static bool is_count(std::string_view text) noexcept {
        return !text.empty() && text.find_first_not_of("0123456789 \t\n") == std::string_view::npos;
    }

    void add(const Timing& timing, std::string_view payload) {
        if (timing.end <= timing.start || payload.size() > kLongestCue) return;
        Cue cue{.start = timing.start, .end = timing.end, .settings = {}, .text = {}};
        if (syntax_ == TextSyntax::webvtt) cue.settings = clean_settings(timing.settings);
        cue.text = clean_cue_text(payload, syntax_, cue.settings);
        if (!cue.text.empty()) cues_.push_back(std::move(cue));
    }

    std::string_view rest_;
    TextSyntax syntax_;
    std::vector<Cue> cues_;
};

}  // namespace

Result<std::vector<Cue>> parse_text_file(std::string_view file) {
    if (file.size() > kLargestTextFile) return fail(ErrorCode::too_large, "text track: over 16 MiB");
    const std::string text = normalized_lines(file);
    return CueReader(text).read();
}

Result<std::vector<std::byte>> index_text_file(std::string_view file) {
    auto cues = parse_text_file(file);
    if (!cues) return std::unexpected(cues.error());
    return build_text_index(*cues);
}

}  // namespace mezz::media
