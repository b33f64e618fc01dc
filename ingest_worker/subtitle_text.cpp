#include "subtitle_text.hpp"

#include <array>
#include <cstdio>

namespace mezz::worker {
namespace {

constexpr int kFieldsBeforeText = 8;

// Writes cue text; tags are closed in the opposite order of opening, as WebVTT demands.
class CueWriter {
public:
    void character(char c) {
        switch (c) {
            case '&':
                out_ += "&amp;";
                return;
            case '<':
                out_ += "&lt;";
                return;
            case '>':
                out_ += "&gt;";
                return;
            default:
                if (static_cast<unsigned char>(c) >= 0x20) out_ += c;
        }
    }
    // An empty line would end the cue.
    void line_end() {
        if (!out_.empty() && out_.back() != '\n') out_ += '\n';
    }
    void style(char tag, bool on) {
        const std::size_t place = open_.find(tag);
        if (on == (place != std::string::npos)) return;
        if (on) {
            open_ += tag;
            out_ += std::string("<") + tag + '>';
            return;
        }
        std::string again = open_.substr(place + 1);
        close_down_to(place);
        for (const char other : again)
            style(other, true);
    }
    std::string finish() {
        close_down_to(0);
        while (!out_.empty() && out_.back() == '\n')
            out_.pop_back();
        return std::move(out_);
    }

private:
    void close_down_to(std::size_t depth) {
        for (; open_.size() > depth; open_.pop_back())
            out_ += std::string("</") + open_.back() + '>';
    }

    std::string out_;
    std::string open_;
};

// "{\i1\b0…}": codes of one letter and a digit count, all others are about looks.
void apply_codes(std::string_view codes, CueWriter& cue) {
    for (std::size_t at = codes.find('\\'); at != std::string_view::npos; at = codes.find('\\', at + 1)) {
        if (at + 2 >= codes.size()) return;
        const char letter = codes[at + 1];
        const char value = codes[at + 2];
        if ((letter == 'i' || letter == 'b' || letter == 'u') && (value == '0' || value == '1'))
            cue.style(letter, value == '1');
    }
}

}  // namespace

std::string cue_text(std::string_view ass_event) {
    for (int i = 0; i < kFieldsBeforeText; ++i) {
        const std::size_t comma = ass_event.find(',');
        if (comma == std::string_view::npos) return {};
        ass_event.remove_prefix(comma + 1);
    }
    CueWriter cue;
    while (!ass_event.empty()) {
        const char c = ass_event.front();
        const std::size_t end = c == '{' ? ass_event.find('}') : std::string_view::npos;
        if (end != std::string_view::npos) {
            apply_codes(ass_event.substr(1, end - 1), cue);
            ass_event.remove_prefix(end + 1);
            continue;
        }
        const char next = ass_event.size() > 1 ? ass_event[1] : '\0';
        const bool escape = c == '\\' && (next == 'N' || next == 'n' || next == 'h');
        if (escape && next == 'h')
            cue.character(' ');
        else if (escape || c == '\n')
            cue.line_end();
        else
            cue.character(c);
        ass_event.remove_prefix(escape ? 2 : 1);
    }
    return cue.finish();
}

std::string cue_time(std::int64_t ms) {
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%02d:%02d:%02d.%03d", static_cast<int>(ms / 3600000),
                  static_cast<int>(ms / 60000 % 60), static_cast<int>(ms / 1000 % 60),
                  static_cast<int>(ms % 1000));
    return text.data();
}

}  // namespace mezz::worker
