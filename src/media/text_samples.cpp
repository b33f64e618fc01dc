#include "media/text_samples.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "core/utf8.hpp"
#include "media/box.hpp"
#include "media/text_markup.hpp"
#include "media/text_parser.hpp"

namespace mezz::media {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

void append_utf8(std::string& out, char32_t code) {
    const auto put = [&](char32_t lead, unsigned shift) {
        out += static_cast<char>(lead | (code >> shift));
        while (shift > 0) {
            shift -= 6;
            out += static_cast<char>(0x80U | (code >> shift & 0x3FU));
        }
    };
    if (code < 0x80)
        put(0, 0);
    else if (code < 0x800)
        put(0xC0, 6);
    else if (code < 0x10000)
        put(0xE0, 12);
    else
        put(0xF0, 18);
}

std::u32string from_utf8(std::string_view text) {
    std::u32string out;
    while (!text.empty()) {
        const auto code = pop_code_point(text);
        if (!code) text.remove_prefix(1);
        out += code.value_or(kReplacement);
    }
    return out;
}

std::u32string from_utf16(std::string_view text, bool little) {
    std::u32string out;
    const auto unit = [&](std::size_t at) {
        const auto first = static_cast<unsigned char>(text[at]);
        const auto second = static_cast<unsigned char>(text[at + 1]);
        return static_cast<char32_t>(little ? first | second << 8 : first << 8 | second);
    };
    for (std::size_t at = 0; at + 1 < text.size(); at += 2) {
        char32_t code = unit(at);
        const bool high = code >= 0xD800 && code < 0xDC00;
        const char32_t low = high && at + 3 < text.size() ? unit(at + 2) : 0;
        if (low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            at += 2;
        }
        out += code >= 0xD800 && code < 0xE000 ? kReplacement : code;
    }
    return out;
}

std::u32string characters(std::string_view text) {
    if (text.starts_with("\xFE\xFF")) return from_utf16(text.substr(2), false);
    if (text.starts_with("\xFF\xFE")) return from_utf16(text.substr(2), true);
    return from_utf8(text);
}

// The faces of characters, of style records that come in order.
class Faces {
public:
    Faces(Bytes modifiers, std::uint8_t usual) : usual_(usual) {
        BoxIterator boxes(modifiers, 0);
        for (auto box = boxes.next(); box && *box; box = boxes.next()) {
            if ((*box)->type != fourcc("styl")) continue;
            records_ = ByteReader((*box)->payload);
            left_ = records_.u16();
            read();
            return;
        }
    }

    // Of character `n`; to be asked for one after the other.
    std::uint8_t at(std::size_t n) noexcept {
        while (live_ && n >= end_)
            read();
        return live_ && n >= begin_ ? face_ : usual_;
    }

private:
    void read() noexcept {
        live_ = left_ > 0 && records_.has(12);
        if (!live_) return;
        --left_;
        begin_ = records_.u16();
        end_ = records_.u16();
        records_.skip(2);
        face_ = records_.u8() & 7U;
        records_.skip(5);
    }

    ByteReader records_;
    std::uint8_t usual_;
    std::uint8_t face_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    unsigned left_ = 0;
    bool live_ = false;
};

// WebVTT's text of characters whose faces change: all open tags are closed at a change, so they nest.
class FaceWriter {
public:
    void face(std::uint8_t face) {
        if (face == face_) return;
        for (const char tag : {'u', 'i', 'b'})
            if ((face_ & bit(tag)) != 0) append("</", tag);
        for (const char tag : {'b', 'i', 'u'})
            if ((face & bit(tag)) != 0) append("<", tag);
        face_ = face;
    }
    void character(char32_t code) {
        if (code == '<')
            out_ += "&lt;";
        else if (code == '>')
            out_ += "&gt;";
        else if (code == '&')
            out_ += "&amp;";
        else
            append_utf8(out_, code);
    }
    [[nodiscard]] const std::string& text() const noexcept { return out_; }

private:
    static unsigned bit(char tag) noexcept { return tag == 'b' ? 1 : tag == 'i' ? 2 : 4; }
    void append(std::string_view begin, char tag) {
        out_ += begin;
        out_ += tag;
        out_ += '>';
    }

    std::string out_;
    std::uint8_t face_ = 0;
};

std::string one_line(std::string_view text) {
    std::string line = normalized_lines(text);
    std::ranges::replace(line, '\n', ' ');
    return line;
}

std::optional<Cue> read_wvtt_cue(const Box& vttc) {
    const auto payload = find_box(vttc, fourcc("payl"));
    if (!payload || !*payload || (*payload)->payload.size() > kLongestCue) return std::nullopt;
    Cue cue;
    const auto settings = find_box(vttc, fourcc("sttg"));
    if (settings && *settings && (*settings)->payload.size() <= kLongestCue)
        cue.settings = clean_settings(one_line(as_text((*settings)->payload)));
    const std::string lines = normalized_lines(as_text((*payload)->payload));
    cue.text = clean_cue_text(lines, TextSyntax::webvtt, cue.settings);
    if (cue.text.empty()) return std::nullopt;
    return cue;
}

}  // namespace

std::string read_tx3g_sample(Bytes sample, std::uint8_t face) {
    ByteReader in(sample);
    const std::size_t size = in.u16();
    const std::string_view text = as_text(in.take(size));
    if (!in.ok() || size > kLongestCue) return {};
    Faces faces(in.rest(), face);
    FaceWriter writer;
    std::size_t n = 0;
    for (const char32_t code : characters(text)) {
        writer.face(faces.at(n++));
        writer.character(code);
    }
    std::string settings;
    return clean_cue_text(normalized_lines(writer.text()), TextSyntax::webvtt, settings);
}

std::vector<Cue> read_wvtt_sample(Bytes sample) {
    constexpr std::size_t kMostAtOnce = 32;
    std::vector<Cue> cues;
    BoxIterator boxes(sample, 0);
    for (auto box = boxes.next(); box && *box && cues.size() < kMostAtOnce; box = boxes.next()) {
        if ((*box)->type != fourcc("vttc")) continue;
        if (auto cue = read_wvtt_cue(**box)) cues.push_back(std::move(*cue));
    }
    return cues;
}

bool CueCollector::add(std::uint32_t start, std::uint32_t end, Bytes sample) {
    if (end <= start) return true;
    std::vector<Cue> shown;
    if (codec_ == Codec::wvtt) {
        shown = read_wvtt_sample(sample);
    } else if (Cue cue{.settings = {}, .text = read_tx3g_sample(sample, face_)}; !cue.text.empty()) {
        shown.push_back(std::move(cue));
    }
    std::vector<std::size_t> now;
    for (Cue& cue : shown) {
        const auto goes_on = std::ranges::find_if(last_, [&](std::size_t i) {
            const Cue& before = cues_[i];
            return before.end == start && before.settings == cue.settings && before.text == cue.text;
        });
        if (goes_on != last_.end()) {
            cues_[*goes_on].end = end;
            now.push_back(*goes_on);
            continue;
        }
        if (cues_.size() == kMostCues) return false;
        cue.start = start;
        cue.end = end;
        now.push_back(cues_.size());
        cues_.push_back(std::move(cue));
    }
    last_ = std::move(now);
    return true;
}

}  // namespace mezz::media
