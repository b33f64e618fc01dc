// Posters and storyboards of a title.
#pragma once

#include "nginx/token_gate.hpp"
#include "package/request_path.hpp"

namespace mezz::nginx {

/// Answers a URL below thumbs/ with the file that the ingest worker made; a picture in the form that is best
/// for what Accept names, which the URL's ending does not tell. A poster that is missing is decoded where
/// `mezz_pictures` allows. In the storyboard, the query that
/// carries a token is added to the sheets' URLs.
[[nodiscard]] Task<Result<ngx_int_t>> answer_picture(RequestFlow& flow, package::RequestPath path,
                                                     const Admission& admission);

}  // namespace mezz::nginx
