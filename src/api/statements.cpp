#include "api/statements.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace mezz::api {
namespace {

using Sql = const std::string_view;

// Several pieces as one text, made by the compiler, with a NUL behind.
template <Sql&... Pieces>
struct Joined {
    static constexpr auto kText = [] {
        std::array<char, (Pieces.size() + ... + 1)> text{};
        char* end = text.data();
        ((end = std::ranges::copy(Pieces, end).out), ...);
        return text;
    }();
};

constexpr Sql kListMembers = R"(
    'video_id', v.video_id, 'title', v.title, 'description', v.description, 'status', v.status,
    'progress', v.progress, 'reason', v.reason, 'duration_ms', v.duration, 'uploader_id', v.uploader_id,
    'uploaded_at', to_char(v.uploaded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'processed_at', to_char(v.processed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'thumbs', CASE WHEN v.status = 'ready' THEN v.asset->'thumbs' END)";

constexpr Sql kUploadedUs = "(extract(epoch FROM v.uploaded_at) * 1000000)::bigint AS uploaded_us";

constexpr Sql kListFilter = R"(
    v.deleted_at IS NULL AND ($1::text IS NULL OR v.status = $1)
    AND ($2::text IS NULL OR v.uploader_id = $2
         OR $6::boolean AND v.status = 'ready' AND (v.available_from <= now()) IS NOT FALSE
            AND (v.available_until > now()) IS NOT FALSE))";

// When and which the last row of the page before was, or one before every row.
constexpr Sql kLast = R"(
    coalesce(timestamptz 'epoch' + $3::bigint * interval '1 microsecond', 'infinity'),
    coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))";

// Of a row v of videos.
constexpr Sql kVideoTail = R"(,
    'access', v.access, 'stage', j.detail->'stage', 'progress_by_rendition', j.detail->'renditions',
    'renditions', CASE WHEN v.status = 'ready' THEN v.asset->'renditions' END,
    'notes', CASE WHEN v.status = 'ready' THEN v.asset->'notes' END,
    'available_from', to_char(v.available_from AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'available_until', to_char(v.available_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'updated_at', to_char(v.updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) AS video,
    json_build_object('video_id', v.video_id, 'uploader_id', v.uploader_id, 'title', v.title,
        'status', v.status, 'access', v.access,
        'available_from', extract(epoch FROM v.available_from),
        'available_until', extract(epoch FROM v.available_until)) AS facts,
    v.status, v.reason, v.uploader_id, v.revision)";

constexpr Sql kProgress = R"(
LEFT JOIN LATERAL (SELECT mezz_progress_detail(v.video_id) AS detail) AS j ON true)";

constexpr Sql kBrowseBegin = "SELECT json_build_object(";
constexpr Sql kBrowseColumns = ") AS video, 0 AS rank, ";
constexpr Sql kBrowseFrom = ", v.video_id FROM videos AS v WHERE ";
constexpr Sql kBrowseKey = " AND (v.uploaded_at, v.video_id) < (";
constexpr Sql kBrowseEnd = ") ORDER BY v.uploaded_at DESC, v.video_id DESC LIMIT $5::bigint";

// The page is cut before its rows are read whole.
constexpr Sql kSearchBegin = R"(
WITH found AS (
    SELECT v.video_id, v.uploaded_at, ts_rank(v.search, q.query) AS rank
    FROM mezz_query($7) AS q (query) JOIN videos AS v ON v.search @@ q.query WHERE )";
constexpr Sql kSearchKey = R"(
), page AS (
    SELECT video_id, rank FROM found
    WHERE (rank, uploaded_at, video_id) < (coalesce($8::real, 'infinity'), )";
constexpr Sql kSearchPage = R"()
    ORDER BY rank DESC, uploaded_at DESC, video_id DESC LIMIT $5::bigint
)
SELECT json_build_object()";
constexpr Sql kSearchColumns = ") AS video, page.rank, ";
constexpr Sql kSearchEnd = R"(, v.video_id FROM page JOIN videos AS v USING (video_id)
ORDER BY page.rank DESC, v.uploaded_at DESC, v.video_id DESC)";

constexpr Sql kGetBegin = "SELECT json_build_object(";
constexpr Sql kGetFrom = " FROM videos AS v";
constexpr Sql kGetEnd = " WHERE v.video_id = $1::uuid AND v.deleted_at IS NULL";

constexpr Sql kPatchBegin = R"(
WITH target AS (
    SELECT video_id AS id,
           CASE WHEN $5::text IS NULL THEN available_from ELSE nullif($5, '')::timestamptz END AS opens,
           CASE WHEN $6::text IS NULL THEN available_until ELSE nullif($6, '')::timestamptz END AS closes
    FROM videos WHERE video_id = $1::uuid AND deleted_at IS NULL FOR UPDATE
), v AS (
    UPDATE videos SET title = coalesce($2, title), description = coalesce($3, description),
           access = coalesce($4::jsonb, access), available_from = opens, available_until = closes,
           updated_at = now()
    FROM target WHERE video_id = id AND (opens < closes) IS NOT FALSE RETURNING videos.*
)
SELECT 'changed' AS outcome, json_build_object()";
constexpr Sql kPatchFrom = " FROM v";
constexpr Sql kPatchEnd = R"(
UNION ALL SELECT 'window', NULL, NULL, NULL, NULL, NULL, NULL FROM target WHERE opens >= closes)";

}  // namespace

constinit const char* const kInsertUpload = R"(
INSERT INTO uploads (uploader_id, filename, size, content_type, expires_at)
VALUES ($1, $2, $3::bigint, $4, to_timestamp($5::bigint)) RETURNING upload_id)";

constinit const char* const kGetUpload = R"(
SELECT u.uploader_id, u.filename, u.size, u.content_type, v.video_id,
       now() >= u.expires_at + (u.expires_at - u.created_at) AS expired
FROM uploads AS u LEFT JOIN videos AS v USING (upload_id) WHERE u.upload_id = $1::uuid)";

constinit const char* const kCreateVideo = R"(
WITH upload AS (
    SELECT upload_id, uploader_id, filename, uploader_id = $2 OR $3::boolean AS mine,
           now() < expires_at + (expires_at - created_at) AS valid
    FROM uploads WHERE upload_id = $1::uuid
), video AS (
    INSERT INTO videos (upload_id, uploader_id, title, description, status, access, available_from,
                        available_until)
    SELECT upload_id, uploader_id,
           coalesce($4, nullif(regexp_replace(filename, '\.[^.]*$', ''), ''), filename), coalesce($5, ''),
           'processing', coalesce($6::jsonb, '{}'), $7::timestamptz, $8::timestamptz
    FROM upload WHERE mine AND valid
    ON CONFLICT (upload_id) DO NOTHING RETURNING video_id, upload_id
), jobs AS (
    INSERT INTO transcoding_jobs (video_id, kind, source, ladder, status, pending, queued_at, cost)
    SELECT video_id, j.kind, upload_id || '/' || filename, $9::jsonb, j.status, j.pending, j.queued_at, j.cost
    FROM video JOIN upload USING (upload_id),
         (VALUES ('remux', 'queued', 0, now(), 1), ('title', 'waiting', 1, NULL, 10)) AS j (kind, status, pending, queued_at, cost)
    RETURNING job_id, kind
), job AS (
    SELECT job_id FROM jobs WHERE kind = 'remux'
), before AS (
    SELECT video_id FROM videos WHERE upload_id = $1::uuid
)
SELECT CASE WHEN NOT EXISTS (SELECT FROM upload) THEN 'unknown'
            WHEN NOT (SELECT mine FROM upload) THEN 'foreign'
            WHEN EXISTS (SELECT FROM video) THEN 'created'
            WHEN EXISTS (SELECT FROM before) OR (SELECT valid FROM upload) THEN 'used'
            ELSE 'expired' END AS outcome,
       coalesce((SELECT video_id FROM video),
                (SELECT video_id FROM before WHERE (SELECT mine FROM upload))) AS video_id,
       (SELECT job_id FROM job) AS job_id)";

constinit const char* const kVideoOfUpload = "SELECT video_id FROM videos WHERE upload_id = $1::uuid";

constinit const char* const kJobNotQueued =
    "UPDATE transcoding_jobs SET queued_at = NULL WHERE job_id = $1::uuid AND status = 'queued'";

constinit const char* const kBrowseVideos =
    Joined<kBrowseBegin, kListMembers, kBrowseColumns, kUploadedUs, kBrowseFrom, kListFilter, kBrowseKey,
           kLast, kBrowseEnd>::kText.data();

constinit const char* const kSearchVideos =
    Joined<kSearchBegin, kListFilter, kSearchKey, kLast, kSearchPage, kListMembers, kSearchColumns,
           kUploadedUs, kSearchEnd>::kText.data();

constinit const char* const kGetVideo =
    Joined<kGetBegin, kListMembers, kVideoTail, kGetFrom, kProgress, kGetEnd>::kText.data();

constinit const char* const kPatchVideo =
    Joined<kPatchBegin, kListMembers, kVideoTail, kPatchFrom, kProgress, kPatchEnd>::kText.data();

constinit const char* const kTakedown = R"(
WITH jobs AS (
    UPDATE transcoding_jobs SET status = 'failed', reason = 'taken down', worker_id = NULL, lease_until = NULL,
           finished_at = now()
    WHERE video_id = $1::uuid AND status IN ('waiting', 'queued', 'running')
      AND EXISTS (SELECT FROM videos WHERE video_id = $1::uuid AND deleted_at IS NULL)
    RETURNING job_id
)
UPDATE videos SET deleted_at = now(), updated_at = now()
WHERE video_id = $1::uuid AND deleted_at IS NULL AND (SELECT count(*) FROM jobs) >= 0
RETURNING json_build_object('video_id', video_id, 'status', 'gone', 'revision', revision))";

constinit const char* const kCatalogEntry = "SELECT mezz_catalog_entry($1::uuid)";

}  // namespace mezz::api
