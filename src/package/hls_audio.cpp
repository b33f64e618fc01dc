#include "package/hls_audio.hpp"

#include <algorithm>

#include "core/text.hpp"

namespace mezz::package {
namespace {

using Members = std::vector<const RenditionRecord*>;

bool is_alike(const RenditionRecord& a, const RenditionRecord& b) noexcept {
    return std::string_view(a.codec_string.data()) == b.codec_string.data() && a.channels == b.channels &&
           a.joc_complexity == b.joc_complexity;
}

bool is_same_language(const RenditionRecord& a, const RenditionRecord& b) noexcept {
    return std::string_view(a.language.data()) == b.language.data();
}

bool is_same_kind(const RenditionRecord& a, const RenditionRecord& b) noexcept {
    return a.is_described == b.is_described && a.is_commentary == b.is_commentary;
}

bool speaks(const Members& members, const RenditionRecord& other) noexcept {
    return std::ranges::any_of(members, [&](const RenditionRecord* member) {
        return is_same_language(*member, other) && is_same_kind(*member, other);
    });
}

// All renditions like `sample`, and one of each language and kind that these leave out.
Members members_like(const RenditionRecord& sample, std::span<const RenditionRecord* const> audio) {
    Members members;
    for (const RenditionRecord* rendition : audio)
        if (is_alike(*rendition, sample)) members.push_back(rendition);
    for (const bool aac : {true, false})
        for (const RenditionRecord* rendition : audio)
            if ((rendition->codec == media::Codec::aac) == aac && !speaks(members, *rendition))
                members.push_back(rendition);
    std::ranges::sort(members);
    return members;
}

const RenditionRecord* default_of(std::span<const RenditionRecord* const> audio) noexcept {
    const auto found = std::ranges::find_if(audio, &RenditionRecord::is_default);
    return found == audio.end() ? audio.front() : *found;
}

const RenditionRecord* main_of(const Members& members, const RenditionRecord& sample,
                               const RenditionRecord& preferred) noexcept {
    const RenditionRecord* main = nullptr;
    const auto rank = [&](const RenditionRecord* member) {
        return 8 * is_same_kind(*member, preferred) + 4 * is_same_language(*member, preferred) +
               2 * (member == &preferred) + is_alike(*member, sample);
    };
    for (const RenditionRecord* member : members)
        if (main == nullptr || rank(member) > rank(main)) main = member;
    return main;
}

std::string id_of(const RenditionRecord& sample) {
    std::string id = "audio-";
    id += sample.codec_string.data();
    id += '-';
    append_number(id, sample.channels);
    if (sample.joc_complexity != 0) id += "-joc";
    return id;
}

}  // namespace

std::vector<AudioGroup> group_audio(std::span<const RenditionRecord* const> audio) {
    std::vector<AudioGroup> groups;
    if (audio.empty()) return groups;
    const RenditionRecord* preferred = default_of(audio);
    Members samples = {preferred};
    for (const RenditionRecord* rendition : audio)
        if (std::ranges::none_of(samples, [&](const auto* s) { return is_alike(*s, *rendition); }))
            samples.push_back(rendition);
    for (const RenditionRecord* sample : samples) {
        Members members = members_like(*sample, audio);
        if (std::ranges::find(groups, members, &AudioGroup::members) != groups.end()) continue;
        const RenditionRecord* main = main_of(members, *sample, *preferred);
        groups.push_back({id_of(*sample), std::move(members), main});
    }
    if (groups.size() == 1) groups.front().id = "audio";
    return groups;
}

std::vector<std::string_view> codecs_beside(std::string_view first, const AudioGroup& group) {
    std::vector<std::string_view> codecs;
    for (const RenditionRecord* member : group.members) {
        const std::string_view codec = member->codec_string.data();
        if (codec != first && std::ranges::find(codecs, codec) == codecs.end()) codecs.push_back(codec);
    }
    return codecs;
}

}  // namespace mezz::package
