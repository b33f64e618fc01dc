// Reads HLS playlists as strictly as RFC 8216bis lets a client.
#pragma once

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace mezz::test {

using Attributes = std::map<std::string, std::string, std::less<>>;

/// One EXT-X-STREAM-INF, EXT-X-I-FRAME-STREAM-INF or EXT-X-MEDIA.
struct Entry {
    Attributes attributes;
    std::string uri;
};

struct PlaylistSegment {
    std::uint64_t micros = 0;
    std::string uri;
    bool gap = false;
};

struct Playlist {
    unsigned version = 1;
    std::uint64_t target = 0;  ///< seconds
    std::uint64_t sequence = 0;
    std::optional<std::uint64_t> start;  ///< EXT-X-START, which must be precise; microseconds
    std::string map;
    bool vod = false;
    bool ended = false;
    bool independent = false;
    bool iframes_only = false;
    std::vector<PlaylistSegment> segments;
    std::vector<Entry> variants;
    std::vector<Entry> sound;         ///< of a title with pictures: the variants without
    std::vector<Entry> session_data;  ///< EXT-X-SESSION-DATA
    std::vector<Entry> media;
    std::vector<Entry> iframes;
};

[[noreturn]] inline void wrong(std::string_view what, std::string_view where) {
    throw std::runtime_error(std::string(what) + ": " + std::string(where));
}

inline std::uint64_t decimal(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) wrong("no number", text);
    return value;
}

/// Seconds with exactly six decimals.
inline std::uint64_t micros(std::string_view text) {
    const std::size_t point = text.find('.');
    if (point == std::string_view::npos || text.size() != point + 7) wrong("no seconds", text);
    return decimal(text.substr(0, point)) * 1000000 + decimal(text.substr(point + 1));
}

/// §4.2: NAME=value, quoted or not, with commas between.
inline Attributes attribute_list(std::string_view text) {
    Attributes out;
    while (!text.empty()) {
        const std::size_t equal = text.find('=');
        if (equal == 0 || equal == std::string_view::npos) wrong("no attribute", text);
        const std::string_view name = text.substr(0, equal);
        if (name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != std::string_view::npos)
            wrong("name", name);
        text.remove_prefix(equal + 1);
        const bool quoted = text.starts_with('"');
        if (quoted) text.remove_prefix(1);
        const std::size_t end = std::min(text.find(quoted ? '"' : ','), text.size());
        if (quoted && end == text.size()) wrong("open quotes", text);
        const std::string_view value = text.substr(0, end);
        if (!quoted && (value.empty() || value.find_first_of("\" \t") != std::string_view::npos))
            wrong("value", value);
        if (!out.emplace(name, value).second) wrong("attribute twice", name);
        text.remove_prefix(std::min(text.size(), end + (quoted ? 1 : 0)));
        if (text.empty()) break;
        if (!text.starts_with(',') || text.size() == 1) wrong("no comma", text);
        text.remove_prefix(1);
    }
    return out;
}

class PlaylistReader {
public:
    static Playlist read(std::string_view text) {
        if (!text.starts_with("#EXTM3U\n") || !text.ends_with('\n')) wrong("first or last line", text);
        PlaylistReader reader;
        text.remove_prefix(8);
        for (; !text.empty(); text.remove_prefix(text.find('\n') + 1))
            reader.line(text.substr(0, text.find('\n')));
        if (reader.state_ != State::tags) wrong("a URI is missing", "");
        reader.part_sound();
        return reader.out_;
    }

private:
    enum class State { tags, segment, variant };

    bool take(std::string_view& line, std::string_view tag) {
        if (!line.starts_with(tag)) return false;
        line.remove_prefix(tag.size());
        return true;
    }

    // Those with pictures come first.
    void part_sound() {
        const auto has_pictures = [](const Entry& entry) { return entry.attributes.contains("RESOLUTION"); };
        const auto first = std::ranges::find_if_not(out_.variants, has_pictures);
        if (first == out_.variants.begin()) return;
        out_.sound.assign(first, out_.variants.end());
        out_.variants.erase(first, out_.variants.end());
        if (std::ranges::any_of(out_.sound, has_pictures)) wrong("sound before pictures", "");
    }

    void line(std::string_view text) {
        if (text.empty() || out_.ended) wrong("line", text);
        if (!text.starts_with('#')) return uri(text);
        if (text == "#EXT-X-GAP" && state_ == State::segment) {
            out_.segments.back().gap = true;
            return;
        }
        if (state_ != State::tags) wrong("a tag before the URI", text);
        if (take(text, "#EXT-X-VERSION:"))
            out_.version = static_cast<unsigned>(decimal(text));
        else if (take(text, "#EXT-X-TARGETDURATION:"))
            out_.target = decimal(text);
        else if (take(text, "#EXT-X-MEDIA-SEQUENCE:"))
            out_.sequence = decimal(text);
        else if (take(text, "#EXT-X-START:"))
            start(attribute_list(text));
        else if (take(text, "#EXT-X-PLAYLIST-TYPE:"))
            out_.vod = text == "VOD";
        else if (text == "#EXT-X-INDEPENDENT-SEGMENTS")
            out_.independent = true;
        else if (text == "#EXT-X-I-FRAMES-ONLY")
            out_.iframes_only = true;
        else if (text == "#EXT-X-ENDLIST")
            out_.ended = true;
        else if (take(text, "#EXT-X-MAP:"))
            out_.map = attribute_list(text).at("URI");
        else if (take(text, "#EXT-X-SESSION-DATA:"))
            out_.session_data.push_back({attribute_list(text), ""});
        else if (take(text, "#EXT-X-MEDIA:"))
            out_.media.push_back({attribute_list(text), ""});
        else if (take(text, "#EXT-X-I-FRAME-STREAM-INF:"))
            out_.iframes.push_back({attribute_list(text), ""});
        else if (take(text, "#EXT-X-STREAM-INF:")) {
            out_.variants.push_back({attribute_list(text), ""});
            state_ = State::variant;
        } else if (take(text, "#EXTINF:")) {
            if (!text.ends_with(',')) wrong("EXTINF", text);
            out_.segments.push_back({micros(text.substr(0, text.size() - 1)), ""});
            state_ = State::segment;
        } else
            wrong("tag", text);
    }

    void start(const Attributes& attributes) {
        if (attributes.size() != 2 || attributes.at("PRECISE") != "YES") wrong("EXT-X-START", "");
        out_.start = micros(attributes.at("TIME-OFFSET"));
    }

    void uri(std::string_view text) {
        if (text.find_first_of(" \"\t\r") != std::string_view::npos) wrong("URI", text);
        if (state_ == State::segment)
            out_.segments.back().uri = text;
        else if (state_ == State::variant)
            out_.variants.back().uri = text;
        else
            wrong("a URI of nothing", text);
        state_ = State::tags;
    }

    Playlist out_;
    State state_ = State::tags;
};

}  // namespace mezz::test
