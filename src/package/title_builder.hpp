// Puts a title together from the indexes of its files.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "media/file_index.hpp"
#include "media/text_index.hpp"
#include "package/title.hpp"

namespace mezz::package {

/// Changes when the same files and configuration are packaged into other bytes; part of each revision.
inline constexpr std::uint32_t kPackagerVersion = 5;

/// A file, and what the catalog says of it; empty texts mean: take it from the file itself.
struct SourceFile {
    std::string name{};  ///< relative to the title
    std::uint64_t size = 0;
    std::int64_t modified = 0;  ///< nanoseconds since 1970
    std::string rendition{};    ///< {r}
    std::string language{};
    std::string label{};
    bool is_default = false;
    bool is_described = false;
    bool is_commentary = false;
    media::FileIndexView index{Bytes{}};
};

/// A text track, and what the catalog says of it.
struct SourceText {
    std::string name{};  ///< relative to the title
    std::uint64_t size = 0;
    std::int64_t modified = 0;  ///< nanoseconds since 1970
    std::string track{};        ///< {r} as wished
    std::string language{};
    std::string label{};
    bool is_default = false;
    bool is_forced = false;
    bool is_sdh = false;
    std::uint32_t number = kOwnFile;  ///< see TextRecord::track
    media::TextIndexView index{Bytes{}};
};

/// What else the catalog says of a title.
struct TitleFacts {
    std::string name{};  ///< see TitleView::name()
    Storyboard storyboard{};
};

struct TitleOptions {
    std::vector<std::uint32_t> segment_ms;  ///< durations of the first segments; the last one repeats
};

/// A text of 16 hexadecimal digits that names these files and options: the same on every node that holds the
/// same files. `catalog_revision` is the catalog's own number, empty for plain files.
[[nodiscard]] std::string make_revision(std::span<const SourceFile> files, const TitleOptions& options,
                                        std::string_view catalog_revision,
                                        std::span<const SourceText> texts = {});

/// Builds the block. Video renditions whose sync points have too little in common with the first one's are
/// left out and counted. Fails with unsupported if nothing is left, with bad_media if it would last for ages.
[[nodiscard]] Result<std::vector<std::byte>> build_title(std::span<const SourceFile> files,
                                                         const TitleOptions& options,
                                                         std::string_view revision,
                                                         std::span<const SourceText> texts = {},
                                                         const TitleFacts& facts = {});

}  // namespace mezz::package
