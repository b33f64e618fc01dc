// The SQL of the API. Parameters and results are texts, NULL where a comment says so. Ids are UUIDs, times
// RFC 3339, flags "true" or "false". Results that are read by answers.hpp are JSON texts.
#pragma once

namespace mezz::api {

/// $1 uploader_id, $2 filename, $3 size, $4 content_type, $5 expires in seconds since 1970.
/// One row: upload_id.
extern const char* const kInsertUpload;

/// $1 upload_id. No row if there is no such upload, else one: uploader_id, filename, size, content_type,
/// video_id (NULL unless a video was made of it), expired ("t" once its time has passed by as much as it was
/// given, or "f").
extern const char* const kGetUpload;

/// Makes a video and its job of an upload that exists, belongs to the caller, was not used and has not
/// expired (as kGetUpload says it). $1 upload_id, $2 who calls, $3 whether that is an admin, who may use any
/// upload, $4 title or NULL for the file's name without its extension, $5 description or NULL, $6 access
/// (JSON) or NULL, $7 available_from or NULL, $8 available_until or NULL, $9 ladder (JSON) or NULL for the
/// worker's own. One row: outcome, "created", "unknown", "foreign", "expired" or "used"; video_id, of the new
/// video or, if used, the one made before (NULL if another request made it at this very moment: then ask
/// kVideoOfUpload); job_id, NULL unless created.
extern const char* const kCreateVideo;

/// $1 upload_id. A row with video_id if a video was made of it.
extern const char* const kVideoOfUpload;

/// Notes that Redis did not take a job. $1 job_id. No rows.
extern const char* const kJobNotQueued;

/// The newest videos first. $1 status or NULL for any, $2 who asks, who then sees their own and what is
/// ready and available now, or NULL for everything; $3 and $4 uploaded_us and video_id of the last row of the
/// page before, or NULL; $5 how many rows: one more than the page has. Rows: video (JSON), rank (always "0"),
/// uploaded_us (microseconds since 1970), video_id. $6 whether who asks may see more than their own.
extern const char* const kBrowseVideos;

/// What matches best first, then the newest. $1 to $6 as kBrowseVideos; $7 what to search for; $8 rank of the
/// last row of the page before, or NULL.
/// Rows as kBrowseVideos.
extern const char* const kSearchVideos;

/// $1 video_id. No row if there is none or it was taken down, else one: video (JSON, for video_answer), facts
/// (JSON: what the rules are told of it), status, reason (NULL unless it failed), uploader_id, revision.
extern const char* const kGetVideo;

/// $1 video_id, $2 title, $3 description, $4 access (JSON), $5 available_from, $6 available_until: NULL
/// leaves them as they are, an empty time clears it. No row if there is no such video, else one: outcome
/// "changed", then the columns of kGetVideo; or outcome "window" with NULLs: nothing was changed since
/// available_from would not be before available_until.
extern const char* const kPatchVideo;

/// Takes a video down: its open jobs fail and are nobody's, so that the worker stops. $1 video_id.
/// A row with its catalog entry (JSON) if there was such a video. It locks jobs before the video, as workers
/// do.
extern const char* const kTakedown;

/// $1 video_id. One row: the catalog entry (JSON), NULL if there never was such a video.
extern const char* const kCatalogEntry;

}  // namespace mezz::api
