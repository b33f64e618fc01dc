#include "package/rendition_choice.hpp"

#include <algorithm>

namespace mezz::package {
namespace {

using media::form_of;
using media::TrackKind;

std::uint32_t codecs_of_kind(TrackKind kind) noexcept {
    std::uint32_t bits = 0;
    for (auto codec = media::Codec::h264; codec <= media::Codec::flac;
         codec = static_cast<media::Codec>(static_cast<std::uint8_t>(codec) + 1))
        if (form_of(codec).kind == kind) bits |= 1U << static_cast<unsigned>(codec);
    return bits;
}

bool passes(const RenditionRecord& rendition, const RenditionFilter& filter) noexcept {
    const std::uint32_t named = filter.codecs & codecs_of_kind(rendition.kind);
    if (named != 0 && (named >> static_cast<unsigned>(rendition.codec) & 1U) == 0) return false;
    if (rendition.kind == TrackKind::audio) return true;
    const std::uint32_t quality = quality_of(rendition);
    return quality >= filter.min_height && quality <= filter.max_height;
}

bool is_in(const RenditionRecord& rendition, Format format) noexcept {
    return format != Format::hls || rendition.in_ts;
}

}  // namespace

std::uint32_t quality_of(const RenditionRecord& rendition) noexcept {
    return rendition.kind == TrackKind::video ? std::min(rendition.width, rendition.height) : 0;
}

Choice choose(const TitleView& title, const RenditionFilter& filter, Format format) {
    const auto renditions = title.renditions();
    Choice choice(renditions.size());
    bool video = false;
    for (std::size_t i = 0; i < renditions.size(); ++i) {
        choice[i] = is_in(renditions[i], format) && passes(renditions[i], filter);
        video = video || (choice[i] && renditions[i].kind == TrackKind::video);
    }
    for (std::size_t i = 0; i < renditions.size(); ++i)
        if (video && format == Format::hls && renditions[i].is_muxed) choice[i] = true;
    return choice;
}

bool leaves_each_kind(const TitleView& title, const Choice& choice, Format format) noexcept {
    const auto renditions = title.renditions();
    for (const TrackKind kind : {TrackKind::video, TrackKind::audio}) {
        bool had = false;
        bool left = false;
        for (std::size_t i = 0; i < renditions.size(); ++i) {
            if (renditions[i].kind != kind) continue;
            had = had || is_in(renditions[i], format);
            left = left || choice[i];
        }
        if (had && !left) return false;
    }
    return true;
}

bool is_within(const TitleView& title, const RequestPath& path, std::uint32_t max_height) {
    if (path.resource == Resource::multivariant_playlist || path.resource == Resource::manifest) {
        const Choice choice = choose(title, {.max_height = max_height}, path.format);
        return leaves_each_kind(title, choice, path.format);
    }
    const RenditionRecord* rendition = title.find(path.rendition);
    return rendition == nullptr || quality_of(*rendition) <= max_height;
}

std::vector<std::byte> with_renditions(const TitleView& title, const Choice& choice) {
    std::vector<std::byte> block(title.block().begin(), title.block().end());
    auto& header = *reinterpret_cast<TitleHeader*>(block.data());
    auto* renditions = reinterpret_cast<RenditionRecord*>(block.data() + header.renditions.offset);
    std::uint32_t kept = 0;
    RenditionRecord* audio = nullptr;
    bool has_default = false;
    for (std::uint32_t i = 0; i < header.renditions.count; ++i) {
        if (!choice[i]) continue;
        RenditionRecord& rendition = renditions[kept++];
        rendition = renditions[i];
        if (rendition.kind != TrackKind::audio) continue;
        if (audio == nullptr) audio = &rendition;
        has_default = has_default || rendition.is_default;
    }
    if (audio != nullptr && !has_default) audio->is_default = true;
    header.renditions.count = kept;
    return block;
}

}  // namespace mezz::package
