#include "package/hls_audio.hpp"

#include <algorithm>
#include <tuple>

#include "core/text.hpp"

namespace mezz::package {
namespace {

using Members = std::vector<const RenditionRecord*>;

bool is_alike(const RenditionRecord& a, const RenditionRecord& b) noexcept {
    return std::string_view(a.codec_string.data()) == b.codec_string.data() && a.channels == b.channels &&
           a.joc_complexity == b.joc_complexity;
}

// What a viewer chooses from: a language and kind, and a number among those of one codec and channel count
// that are alike in this.
struct Place {
    std::string_view language;
    bool is_described = false;
    bool is_commentary = false;
    std::size_t number = 0;

    bool operator==(const Place&) const = default;
};

struct Placed {
    const RenditionRecord* rendition = nullptr;
    Place place;
};

std::vector<Placed> place_all(std::span<const RenditionRecord* const> audio) {
    std::vector<Placed> all;
    all.reserve(audio.size());
    for (const RenditionRecord* own : audio) {
        Place place{own->language.data(), own->is_described, own->is_commentary, 0};
        // Those before it have the lower numbers already.
        for (const Placed& before : all)
            if (before.place == place && is_alike(*before.rendition, *own)) ++place.number;
        all.push_back({own, place});
    }
    return all;
}

// What there is for a place: like `sample`, or else AAC, or the first of any codec.
const RenditionRecord* member_at(const Place& place, const RenditionRecord& sample,
                                 std::span<const Placed> audio) noexcept {
    const RenditionRecord* found = nullptr;
    const auto rank = [&](const RenditionRecord& rendition) {
        return std::tuple(is_alike(rendition, sample), rendition.codec == media::Codec::aac);
    };
    for (const Placed& one : audio)
        if (one.place == place && (found == nullptr || rank(*one.rendition) > rank(*found)))
            found = one.rendition;
    return found;
}

const RenditionRecord* default_of(std::span<const RenditionRecord* const> audio) noexcept {
    const auto found = std::ranges::find_if(audio, &RenditionRecord::is_default);
    return found == audio.end() ? audio.front() : *found;
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
    std::vector<Place> places;
    Place main;
    const std::vector<Placed> placed = place_all(audio);
    for (const auto& [rendition, place] : placed) {
        if (std::ranges::none_of(samples, [&](const auto* s) { return is_alike(*s, *rendition); }))
            samples.push_back(rendition);
        if (std::ranges::find(places, place) == places.end()) places.push_back(place);
        if (rendition == preferred) main = place;
    }
    for (const RenditionRecord* sample : samples) {
        AudioGroup group;
        for (const Place& place : places) {
            group.members.push_back(member_at(place, *sample, placed));
            if (place == main) group.main = group.members.back();
        }
        if (std::ranges::find(groups, group.members, &AudioGroup::members) != groups.end()) continue;
        group.id = id_of(*sample);
        groups.push_back(std::move(group));
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
