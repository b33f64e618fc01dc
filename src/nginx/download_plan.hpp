// What a download consists of: made once in a thread, kept in shared memory.
#pragma once

#include <vector>

#include "nginx/title_loader.hpp"
#include "package/progressive.hpp"

namespace mezz::nginx {

/// A download's files, and the layout of its bytes.
struct DownloadPlan {
    std::vector<MediaFile> files;  ///< FileSpan::source counts in them
    bool whole_file = false;       ///< the answer is files[0] as it is
    std::vector<std::byte> head;
    std::vector<package::FileSpan> spans;
    std::uint64_t size = 0;  ///< bytes
};

/// Lays out a rendition and, if it is video, the title's default audio. The first time this reads all that
/// describes their samples, in a thread. Of a clip it has what is needed for it. Fails with too_large if moov
/// would exceed mezz_max_moov, with not_found if the rendition has nothing of the clip.
[[nodiscard]] Task<Result<DownloadPlan>> load_download(RequestFlow& flow, const LoadedTitle& title,
                                                       const package::RenditionRecord& rendition,
                                                       const std::optional<package::Clip>& clip);

}  // namespace mezz::nginx
