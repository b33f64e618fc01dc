// The name under which a download is saved.
#pragma once

#include <string>
#include <string_view>

namespace mezz::package {

/// The value of Content-Disposition (RFC 6266) for a rendition of a title: the last component of the title's
/// path, without the ending of a video file, and the rendition's name. What no file name can safely hold is
/// left out; a name beyond ASCII is given as filename* (RFC 8187).
[[nodiscard]] std::string attachment(std::string_view title_path, std::string_view rendition);

}  // namespace mezz::package
