#include "media/track_about.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "core/fixed_text.hpp"
#include "core/text.hpp"
#include "core/utf8.hpp"

namespace mezz::media {
namespace {

std::optional<Box> child(const Box& parent, FourCc type) {
    const auto found = find_box(parent, type);
    return found ? *found : std::nullopt;
}

// Takes a text that ends with NUL, or with the box.
std::string_view pop_text(std::string_view& rest) noexcept {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    const std::string_view text = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return text;
}

// The payload of a FullBox behind its version and flags.
std::string_view full_payload(const Box& box) noexcept {
    const std::string_view all = as_text(box.payload);
    return all.substr(std::min<std::size_t>(4, all.size()));
}

bool is_tag(std::string_view text) noexcept {
    const auto fits = [](char c) {
        return (to_lower(c) >= 'a' && to_lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-';
    };
    return !text.empty() && text.size() < 16 && text.front() != '-' && text.back() != '-' &&
           std::ranges::all_of(text, fits);
}

// Empty if it is no text for people.
std::string_view clean_label(std::string_view text) noexcept {
    while (!text.empty() && (text.back() == ' ' || text.back() == '\0'))
        text.remove_suffix(1);
    for (std::string_view rest = text; !rest.empty();) {
        const auto code = pop_code_point(rest);
        if (!code || is_control(*code)) return {};
    }
    return text;
}

// Names that writing programs give to their handlers.
bool is_program_name(std::string_view name) {
    std::string folded(name);
    std::ranges::transform(folded, folded.begin(), to_lower);
    const auto names = [&](std::string_view word) { return folded.find(word) != std::string::npos; };
    const auto is = [&](std::string_view word) { return folded == word; };
    return std::ranges::any_of(std::array<std::string_view, 10>{"handler", "gpac", "iso media", "core media",
                                                                "l-smash", "mainconcept", "bento4",
                                                                "#trackid", "mp4 subtitle", "apple "},
                               names) ||
           std::ranges::any_of(
               std::array<std::string_view, 6>{"vide", "soun", "text", "sbtl", "subt", "data"}, is);
}

std::string_view handler_name(const Box& mdia) {
    const auto hdlr = child(mdia, fourcc("hdlr"));
    constexpr std::size_t kBeforeName = 20;
    if (!hdlr || hdlr->payload.size() <= kBeforeName + 4) return {};
    std::string_view rest = full_payload(*hdlr).substr(kBeforeName);
    // QuickTime's are counted.
    if (static_cast<unsigned char>(rest[0]) == rest.size() - 1) rest.remove_prefix(1);
    const std::string_view name = clean_label(pop_text(rest));
    return is_program_name(name) ? std::string_view() : name;
}

void read_kind(const Box& kind, TrackRoles& roles) {
    std::string_view rest = full_payload(kind);
    const std::string_view scheme = pop_text(rest);
    const std::string_view value = pop_text(rest);
    if (scheme != "urn:mpeg:dash:role:2011" && scheme != "about:html-kind") return;
    const auto is = [&](std::string_view dash, std::string_view html) {
        return value == dash || value == html;
    };
    roles.main = roles.main || value == "main";
    roles.forced = roles.forced || is("forced-subtitle", "forced_subtitle");
    roles.caption = roles.caption || is("caption", "captions");
    roles.description = roles.description || is("description", "descriptions");
    roles.commentary = roles.commentary || is("commentary", "commentary");
}

}  // namespace

TrackAbout read_track_about(const Box& trak, const Box& mdia) {
    TrackAbout about;
    if (const auto elng = child(mdia, fourcc("elng"))) {
        std::string_view rest = full_payload(*elng);
        const std::string_view tag = pop_text(rest);
        if (is_tag(tag) && tag != "und") assign(about.language, tag);
    }
    std::string_view label;
    if (const auto udta = child(trak, fourcc("udta"))) {
        if (const auto name = child(*udta, fourcc("name"))) label = clean_label(as_text(name->payload));
        BoxIterator boxes(*udta);
        for (auto box = boxes.next(); box && *box; box = boxes.next())
            if ((*box)->type == fourcc("kind")) read_kind(**box, about.roles);
    }
    assign(about.label, label.empty() ? handler_name(mdia) : label);
    return about;
}

}  // namespace mezz::media
