// What the API answers when it does not do what was asked (RFC 9457).
#pragma once

#include <string>
#include <string_view>

namespace mezz::api {

inline constexpr std::string_view kProblemType = "application/problem+json";

/// One problem. `slug` and `title` are static; the other texts are for the client's eyes: they never hold
/// what a backend or a library said.
struct Problem {
    int status = 500;
    std::string_view slug = "internal";                  ///< of its type, urn:mezz:problem:SLUG
    std::string_view title = "Something is wrong here";  ///< the same for all problems of the type
    std::string detail{};                                ///< this occurrence; left out if empty
    std::string field{};                                 ///< the input field at fault; left out if empty
    std::string video_id{};                              ///< further member; left out if empty
    std::string reason{};                                ///< further member; left out if empty
    int retry_after = 0;                                 ///< seconds, for Retry-After; 0: no such header
    std::string_view allow{};                            ///< for the Allow header; empty: no such header
    std::string_view challenge{};                        ///< for WWW-Authenticate; empty: no such header
};

/// The body, of kProblemType.
[[nodiscard]] std::string to_json(const Problem& problem);

/// 400 malformed-json: the body is not what RFC 8259 calls an object, or names a member twice.
[[nodiscard]] Problem malformed_json();
/// 400 invalid-argument: an argument of the query.
[[nodiscard]] Problem invalid_argument(std::string_view name, std::string_view detail);
/// 400 length-mismatch: the body of an upload has another length than was signed.
[[nodiscard]] Problem length_mismatch();
/// 401 unauthorized. `verdict` is to_text of the token's verdict.
[[nodiscard]] Problem unauthorized(std::string_view verdict);
/// 403 insufficient-scope.
[[nodiscard]] Problem insufficient_scope(std::string_view scope);
/// 403 denied: a rule of the operator said no; `reason` is the rule's, may be empty.
[[nodiscard]] Problem denied(std::string_view reason);
/// 403 bad-signature: of an upload URL; 403 expired-url.
[[nodiscard]] Problem bad_upload_signature();
[[nodiscard]] Problem expired_upload_url();
/// 404 not-found: no such path, video or upload.
[[nodiscard]] Problem not_found(std::string_view detail);
/// 405 method-not-allowed.
[[nodiscard]] Problem method_not_allowed(std::string_view allow);
/// 409 upload-used, with the video that was made of it (empty if unknown).
[[nodiscard]] Problem upload_used(std::string_view video_id);
/// 409 upload-incomplete: the file is not there, or not all of it.
[[nodiscard]] Problem upload_incomplete();
/// 409 upload-exists: the file is there already.
[[nodiscard]] Problem upload_exists();
/// 409 upload-expired: the upload was announced too long ago.
[[nodiscard]] Problem upload_expired();
/// 409 not-ready with Retry-After: it is being uploaded or transcoded.
[[nodiscard]] Problem not_ready(int retry_after);
/// 409 failed: the video could not be transcoded; `reason` is for the person who uploaded it.
[[nodiscard]] Problem video_failed(std::string_view reason);
/// 411 length-required; 413 too-large; 415 unsupported-media-type, `expected` being the right one.
[[nodiscard]] Problem length_required();
[[nodiscard]] Problem too_large(std::string_view detail);
[[nodiscard]] Problem unsupported_media_type(std::string_view expected);
/// 422 invalid-field. `field` is the member's name.
[[nodiscard]] Problem invalid_field(std::string_view field, std::string_view detail);
/// 500 internal; 503 unavailable with Retry-After; 507 no-space.
[[nodiscard]] Problem internal_error();
[[nodiscard]] Problem unavailable(int retry_after);
[[nodiscard]] Problem no_space();

}  // namespace mezz::api
