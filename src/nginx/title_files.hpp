// The files catalog: which files a title's path stands for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/asset.hpp"
#include "nginx/media_file.hpp"
#include "package/title_builder.hpp"

namespace mezz::nginx {

/// The files of a title, not yet indexed.
struct TitleFiles {
    std::vector<package::SourceFile> files;  ///< in order of name, or as asset.json has them
    std::vector<package::SourceText> texts;  ///< not yet indexed; of size 0 if the file is missing
    std::string revision;                    ///< by asset.json, empty for plain files
    std::string name;                        ///< what people call the title, empty if that is not known
    catalog::AssetThumbs thumbs;
};

/// A path below the storage's root that names a file is a title of one file. One that names a folder is what
/// its asset.json says, or, without one, all its files that end in .mp4, .m4v, .m4a or .mov, in any letter
/// case, and as text tracks those that end in .vtt or .srt. Fails with not_found if there is nothing, with
/// bad_media or too_large if asset.json or the folder cannot be used.
[[nodiscard]] Task<Result<TitleFiles>> find_title_files(RequestFlow& flow, PoolPath path);

/// The files that an asset names in a title's folder. Fails with bad_media if one is missing.
[[nodiscard]] Task<Result<TitleFiles>> find_asset_files(RequestFlow& flow, std::string_view folder,
                                                        const catalog::Asset& asset);

/// The sheets that the catalog tells of, if it says how they are made up and all are there; else none.
[[nodiscard]] Task<Result<package::Storyboard>> find_storyboard(RequestFlow& flow, std::string_view folder,
                                                                const catalog::AssetThumbs& thumbs);

/// True for names in a title's folder that end in .mp4, .m4v, .m4a or .mov, in any letter case.
[[nodiscard]] bool is_media_name(std::string_view name);

/// True if the path may be a title's: not empty, no component empty, hidden or "..", and not asset.json
/// itself.
[[nodiscard]] bool is_servable_path(std::string_view path) noexcept;

}  // namespace mezz::nginx
