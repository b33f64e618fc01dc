// A file that is being uploaded: written aside, durable and whole before it has its name.
#pragma once

#include <string>

#include "nginx/request_body.hpp"

namespace mezz::nginx {

/// The folder below the raw storage in which uploads grow.
inline constexpr std::string_view kIncomingFolder = ".incoming";

/// Where an upload goes.
struct UploadPlace {
    std::string root;       ///< of the raw storage, an absolute path
    std::string upload_id;  ///< the folder below it
    std::string filename;   ///< in that folder
    std::uint64_t size = 0;
};

enum class StoreResult : std::uint8_t {
    stored,
    exists,   ///< there is such an object already; nothing was changed
    no_room,  ///< the disk is full, or a quota is
};

/// Whether the object of an upload is there, with the size it should have.
[[nodiscard]] Task<Result<bool>> is_uploaded(RequestFlow& flow, const UploadPlace& place);

/// Stores the request's body, of place.size bytes, under its final name: written aside by threads, fsynced,
/// then linked to its place, which is never overwritten. `body` has not begun. Whatever goes wrong, the
/// client's leaving included, nothing remains. Fails with bad_request if the body is not place.size bytes
/// long, or with io.
[[nodiscard]] Task<Result<StoreResult>> store_upload(RequestFlow& flow, const UploadPlace& place);

}  // namespace mezz::nginx
