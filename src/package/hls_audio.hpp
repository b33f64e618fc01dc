// Which audio renditions players may choose from beside one variant. Internal to the multivariant playlist.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "package/title.hpp"

namespace mezz::package {

/// A group of audio renditions (RFC 8216bis §4.4.6.2.1). Pointers point into the title.
struct AudioGroup {
    std::string id;
    std::vector<const RenditionRecord*> members;  ///< of each group those for the same choices, in one order
    const RenditionRecord* main = nullptr;        ///< the member that is played unless another one is chosen
};

/// Groups by codec and channel count, that of the default rendition first. A group gets what it lacks in
/// languages, and of one language in number, from the others, AAC rather than another codec: all groups offer
/// the same choices (RFC 8216bis §4.4.6.1.1). Of groups that become equal one remains.
[[nodiscard]] std::vector<AudioGroup> group_audio(std::span<const RenditionRecord* const> audio);

/// The codec strings of a group that are not `first`, each once.
[[nodiscard]] std::vector<std::string_view> codecs_beside(std::string_view first, const AudioGroup& group);

}  // namespace mezz::package
