#include "job_store.hpp"

#include "clean_text.hpp"

namespace mezz::worker {
namespace {

// $1 job or null, $2 worker, $3 lease in seconds, $4 whether to take over, $5 the most attempts.
constexpr const char* kClaim = R"(
WITH picked AS (
    SELECT j.job_id, j.worker_id AS previous
    FROM transcoding_jobs j JOIN videos v USING (video_id)
    WHERE ($1::uuid IS NULL OR j.job_id = $1::uuid) AND v.deleted_at IS NULL AND j.attempts < $5::int
        AND (j.status = 'queued' AND j.run_after <= now()
             OR j.status = 'running' AND j.lease_until < now() AND $4::bool)
    ORDER BY j.run_after LIMIT 1 FOR UPDATE OF j SKIP LOCKED
), job AS (
    UPDATE transcoding_jobs j
    SET status = 'running', attempts = j.attempts + 1, worker_id = $2, progress = 0, detail = '{}',
        lease_until = now() + $3::int * interval '1 second', started_at = now(), finished_at = NULL
    FROM picked WHERE j.job_id = picked.job_id
    RETURNING j.job_id, j.video_id, j.attempts, j.source, j.ladder, picked.previous
), video AS (
    UPDATE videos v SET revision = v.revision + 1, status = 'processing', progress = 0, reason = NULL
    FROM job WHERE v.video_id = job.video_id
    RETURNING v.video_id, v.title, v.revision
)
SELECT job.job_id, job.video_id, job.attempts, job.source, video.title, job.ladder, video.revision, job.previous
FROM job JOIN video USING (video_id))";

// In all that follow: $1 job, $2 worker, $3 attempt. A job that the sweep has queued again for its lease's
// end keeps worker and attempt until somebody claims it: till then it is still the old worker's to go on
// with.
#define MEZZ_MINE                                                        \
    "j.job_id = $1::uuid AND j.worker_id = $2 AND j.attempts = $3::int " \
    "AND j.status IN ('queued', 'running')"

// $4 lease in seconds, $5 progress, $6 detail.
constexpr const char* kRenew = R"(
WITH job AS (
    UPDATE transcoding_jobs j
    SET status = 'running', lease_until = now() + $4::int * interval '1 second', progress = $5::real,
        detail = $6::jsonb
    FROM videos v WHERE v.video_id = j.video_id AND v.deleted_at IS NULL AND )" MEZZ_MINE R"(
    RETURNING j.video_id
), video AS (
    UPDATE videos v SET progress = $5::real
    FROM job WHERE v.video_id = job.video_id AND v.progress IS DISTINCT FROM $5::real
)
SELECT count(*) FROM job)";

// $4 asset, $5 milliseconds.
constexpr const char* kReady = R"(
WITH job AS (
    UPDATE transcoding_jobs j
    SET status = 'done', progress = 100, detail = jsonb_set(j.detail, '{stage}', '"ready"'), reason = NULL,
        error = NULL, lease_until = NULL, finished_at = now()
    FROM videos v WHERE v.video_id = j.video_id AND v.deleted_at IS NULL AND )" MEZZ_MINE R"(
    RETURNING j.video_id
), video AS (
    UPDATE videos v
    SET status = 'ready', asset = $4::jsonb, duration = $5::bigint, s3_manifest_key = v.video_id || '/asset.json',
        progress = 100, reason = NULL, processed_at = now(), updated_at = now()
    FROM job WHERE v.video_id = job.video_id
)
SELECT count(*) FROM job)";

// $4 reason, $5 error, $6 seconds to wait.
constexpr const char* kRetry = R"(
WITH job AS (
    UPDATE transcoding_jobs j
    SET status = 'queued', run_after = now() + $6::int * interval '1 second', queued_at = NULL, worker_id = NULL,
        lease_until = NULL, reason = $4, error = $5
    FROM videos v WHERE v.video_id = j.video_id AND v.deleted_at IS NULL AND )" MEZZ_MINE R"(
    RETURNING 1
)
SELECT count(*) FROM job)";

// $4 reason, $5 error.
constexpr const char* kFail = R"(
WITH job AS (
    UPDATE transcoding_jobs j
    SET status = 'failed', lease_until = NULL, finished_at = now(), reason = $4, error = $5
    FROM videos v WHERE v.video_id = j.video_id AND v.deleted_at IS NULL AND )" MEZZ_MINE R"(
    RETURNING j.video_id
), video AS (
    UPDATE videos v SET status = 'failed', reason = $4, updated_at = now()
    FROM job WHERE v.video_id = job.video_id
)
SELECT count(*) FROM job)";

constexpr const char* kHandBack = R"(
WITH job AS (
    UPDATE transcoding_jobs j
    SET status = 'queued', attempts = j.attempts - 1, run_after = now(), queued_at = NULL, worker_id = NULL,
        lease_until = NULL, progress = 0, detail = '{}'
    WHERE )" MEZZ_MINE R"(
    RETURNING 1
)
SELECT count(*) FROM job)";

// $4 reason.
constexpr const char* kClose = R"(
WITH job AS (
    UPDATE transcoding_jobs j SET status = 'failed', lease_until = NULL, finished_at = now(), reason = $4
    WHERE )" MEZZ_MINE R"(
    RETURNING 1
)
SELECT count(*) FROM job)";

constexpr const char* kWhyNot = R"(
SELECT v.deleted_at IS NOT NULL, j.worker_id = $2 AND j.attempts = $3::int AND j.status = $4
FROM transcoding_jobs j JOIN videos v USING (video_id) WHERE j.job_id = $1::uuid)";

constexpr const char* kHandBackAll = R"(
UPDATE transcoding_jobs
SET status = 'queued', attempts = attempts - 1, run_after = now(), queued_at = NULL, worker_id = NULL,
    lease_until = NULL
WHERE worker_id = $1 AND status = 'running' AND attempts > 0)";

constexpr const char* kOpenJobs = R"(
SELECT EXISTS (SELECT FROM transcoding_jobs JOIN videos USING (video_id)
               WHERE transcoding_jobs.status IN ('queued', 'running') AND deleted_at IS NULL))";

}  // namespace

Answer<std::optional<Claim>> JobStore::claim(const std::optional<std::string>& job_id) {
    const auto rows = link_.query(
        kClaim, {job_id, worker_id_, lease_text(), link_.reconnection().health().settled() ? "true" : "false",
                 std::to_string(kMostAttempts)});
    if (!rows) return std::unexpected(rows.error());
    if (rows->size() == 0) return std::nullopt;
    const auto text = [&](int column) { return std::string(rows->text(0, column)); };
    return Claim{.job_id = text(0),
                 .video_id = text(1),
                 .attempt = static_cast<int>(rows->number(0, 2)),
                 .source = text(3),
                 .title = text(4),
                 .ladder = text(5),
                 .revision = static_cast<std::uint64_t>(rows->number(0, 6)),
                 .previous_worker = text(7)};
}

// `ended_as` is the status that the statement gives the job: found with our own claim, it was carried out
// before, on a connection that was lost before it could say so.
Answer<Hold> JobStore::change(const char* statement, const Claim& claim, const PgValues& more,
                              std::string_view ended_as) {
    PgValues values{claim.job_id, worker_id_, std::to_string(claim.attempt)};
    values.insert(values.end(), more.begin(), more.end());
    const auto rows = link_.query(statement, values);
    if (!rows) return std::unexpected(rows.error());
    if (rows->size() == 1 && rows->number(0, 0) == 1) return Hold::held;
    return why_not(claim, ended_as);
}

Answer<Hold> JobStore::why_not(const Claim& claim, std::string_view ended_as) {
    const auto rows = link_.query(
        kWhyNot, {claim.job_id, worker_id_, std::to_string(claim.attempt), std::string(ended_as)});
    if (!rows) return std::unexpected(rows.error());
    if (rows->size() == 0 || rows->flag(0, 0)) return Hold::taken_down;
    return rows->flag(0, 1) ? Hold::held : Hold::taken_over;
}

Answer<Hold> JobStore::renew(const Claim& claim, double progress, const std::string& detail) {
    return change(kRenew, claim, {lease_text(), std::to_string(progress), detail}, "none");
}

Answer<Hold> JobStore::ready(const Claim& claim, const std::string& asset, std::uint64_t duration_ms) {
    return change(kReady, claim, {asset, std::to_string(duration_ms)}, "done");
}

Answer<Hold> JobStore::retry(const Claim& claim, const Failure& failure, seconds wait) {
    return change(kRetry, claim,
                  {clean_text(failure.reason), clean_text(failure.detail), std::to_string(wait.count())},
                  "none");
}

Answer<Hold> JobStore::fail(const Claim& claim, const Failure& failure) {
    return change(kFail, claim, {clean_text(failure.reason), clean_text(failure.detail)}, "failed");
}

Answer<Hold> JobStore::hand_back(const Claim& claim) {
    return change(kHandBack, claim, {}, "none");
}

Answer<Hold> JobStore::close(const Claim& claim) {
    return change(kClose, claim, {kTakenDown}, "failed");
}

Answer<void> JobStore::note_queued(const std::string& job_id) {
    const auto rows = link_.query(
        "UPDATE transcoding_jobs SET queued_at = now() WHERE job_id = $1::uuid AND status = 'queued'",
        {job_id});
    if (!rows) return std::unexpected(rows.error());
    return {};
}

Answer<void> JobStore::hand_back_all() {
    const auto rows = link_.query(kHandBackAll, {worker_id_});
    if (!rows) return std::unexpected(rows.error());
    return {};
}

Answer<bool> JobStore::has_open_jobs() {
    const auto rows = link_.query(kOpenJobs);
    if (!rows) return std::unexpected(rows.error());
    return rows->flag(0, 0);
}

Answer<std::string> JobStore::catalog_entry(const std::string& video_id) {
    const auto rows = link_.query("SELECT mezz_catalog_entry($1::uuid)", {video_id});
    if (!rows) return std::unexpected(rows.error());
    return rows->size() == 1 ? std::string(rows->text(0, 0)) : std::string();
}

}  // namespace mezz::worker
