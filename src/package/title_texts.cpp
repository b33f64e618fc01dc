#include "package/title_texts.hpp"

#include <algorithm>
#include <string_view>

namespace mezz::package {
namespace {

// Where all tracks of several are enabled, that does not choose one.
bool is_chosen(const media::FileIndexView& index, const media::TrackView& track) noexcept {
    if (track->about.roles.main) return true;
    std::uint32_t enabled = 0;
    for (std::uint32_t i = 0; i < index.text_count(); ++i)
        enabled += index.text(i)->enabled ? 1 : 0;
    return track->enabled && (enabled < index.text_count() || index.text_count() == 1);
}

bool is_same(const SourceText& a, const SourceText& b) noexcept {
    const bool known = !a.language.empty() || (a.number != kOwnFile && b.number != kOwnFile);
    return known && a.name != b.name && a.language == b.language && a.is_forced == b.is_forced &&
           a.is_sdh == b.is_sdh;
}

// As read_text_name() of the catalog names files.
std::string wished_name(const SourceText& text, std::string_view language) {
    std::string name = "subs-";
    name += language.empty() ? "und" : language;
    if (text.is_sdh) name += "-sdh";
    if (text.is_forced) name += "-forced";
    return name;
}

}  // namespace

void complete_text(const media::TrackView& track, SourceText& text) {
    if (text.language.empty()) text.language = track.language();
    if (text.label.empty()) text.label = track->about.label.data();
    text.is_forced = text.is_forced || track->all_forced || track->about.roles.forced;
    text.is_sdh = text.is_sdh || track->about.roles.caption;
}

void add_track_texts(std::span<const SourceFile> files, std::vector<SourceText>& texts) {
    constexpr std::size_t kMostTexts = 64;
    for (const SourceFile& file : files) {
        for (std::uint32_t i = 0; i < file.index.text_count() && texts.size() < kMostTexts; ++i) {
            const media::TrackView track = file.index.text(i);
            SourceText text{.name = file.name, .size = file.size, .modified = file.modified, .number = i};
            complete_text(track, text);
            text.is_default = is_chosen(file.index, track);
            text.track = wished_name(text, track.written_language());
            if (std::ranges::none_of(texts, [&](const SourceText& other) { return is_same(text, other); }))
                texts.push_back(std::move(text));
        }
    }
}

}  // namespace mezz::package
