#include "job_store.hpp"

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <ranges>

#include "clean_text.hpp"

namespace mezz::worker {
namespace {

// $1 worker, $2 lease in seconds, $3 whether to take over, $4 the most attempts at what is only provisional,
// $5 MiB to be had, $6 the most deaths. A job that still has a worker, though it may be claimed, is one whose
// worker died. `which` narrows it down.
constexpr const char* kClaimBegin = R"(
WITH picked AS (
    SELECT j.job_id, j.worker_id AS previous
    FROM transcoding_jobs j JOIN videos v USING (video_id)
    WHERE j.status IN ('queued', 'running') AND v.deleted_at IS NULL)";
constexpr const char* kClaimEnd = R"(
        AND CASE WHEN j.kind = 'remux' OR j.resolution = 'draft' THEN j.attempts < $4::int
                 ELSE j.deaths + (j.worker_id IS NOT NULL)::int < $6::int END
        AND j.memory_mib <= $5::int
        AND (j.status = 'queued' AND j.run_after <= now()
             OR j.status = 'running' AND j.lease_until < now() AND $3::bool)
    ORDER BY j.rank, j.created_at LIMIT 1 FOR UPDATE OF j SKIP LOCKED
), job AS (
    UPDATE transcoding_jobs j
    SET status = 'running', attempts = j.attempts + 1, deaths = j.deaths + (picked.previous IS NOT NULL)::int,
        worker_id = $1, progress = 0, detail = '{}', lease_until = now() + $2::int * interval '1 second',
        started_at = now(), finished_at = NULL
    FROM picked WHERE j.job_id = picked.job_id
    RETURNING j.*, picked.previous
), video AS (
    UPDATE videos v
    SET revision = v.revision + 1, status = CASE WHEN v.asset IS NULL THEN 'processing' ELSE v.status END,
        progress = 0, reason = NULL
    FROM job WHERE v.video_id = job.video_id AND job.kind IN ('remux', 'title')
    RETURNING v.video_id, v.revision
)
SELECT job.job_id, job.video_id, job.attempts, job.source, v.title, job.ladder,
    coalesce(video.revision, v.revision), job.previous, job.kind, job.chunk, job.whole, job.memory_mib,
    (SELECT t.result FROM transcoding_jobs t
     WHERE t.video_id = job.video_id AND t.resolution = job.resolution AND t.kind = 'title' AND job.kind <> 'title'),
    (SELECT (t.result->>'sound_end')::bigint FROM transcoding_jobs t
     WHERE t.video_id = job.video_id AND t.resolution = job.resolution AND t.kind = 'sound' AND job.kind = 'chunk'),
    extract(epoch FROM now() - v.uploaded_at)::bigint, job.resolution = 'draft', job.attempts - job.deaths,
    job.express, job.cost
FROM job JOIN videos v USING (video_id) LEFT JOIN video USING (video_id))";

// Which jobs are for a place; $7 how much work a copy may be.
constexpr const char* kExpressJobs = " AND j.express";
constexpr const char* kQuickCopies = " AND j.express AND j.kind = 'remux' AND j.cost <= $7::real";

// $1 video, $2 resolution.
constexpr const char* kMade = R"(
SELECT result FROM transcoding_jobs
WHERE video_id = $1::uuid AND resolution = $2 AND kind IN ('chunk', 'sound') ORDER BY kind, chunk)";

// In all that follow: $1 job, $2 worker, $3 attempt. A job that the sweep has queued again for its lease's
// end keeps worker and attempt until somebody claims it: till then it is still the old worker's to go on
// with.
#define MEZZ_MINE                                                        \
    "j.job_id = $1::uuid AND j.worker_id = $2 AND j.attempts = $3::int " \
    "AND j.status IN ('queued', 'running')"

// What comes before a title's own job has ended, whose video `job` tells: it is that one's turn.
#define MEZZ_TURN "status = 'queued', pending = 0, run_after = now(), queued_at = NULL"
#define MEZZ_WAITING_TITLE "n.video_id = job.video_id AND n.kind = 'title' AND n.status = 'waiting'"

// $4 lease in seconds, $5 progress, $6 detail.
constexpr const char* kRenew = R"(
WITH job AS (
    UPDATE transcoding_jobs j
    SET status = 'running', lease_until = now() + $4::int * interval '1 second', progress = $5::real,
        detail = $6::jsonb
    FROM videos v WHERE v.video_id = j.video_id AND v.deleted_at IS NULL AND )" MEZZ_MINE R"(
    RETURNING j.video_id, j.kind, j.resolution
), now AS (
    SELECT video_id, CASE WHEN kind = 'title' AND resolution = 'all' THEN $5::real ELSE coalesce(mezz_progress(video_id), 0) END AS progress
    FROM job
), video AS (
    UPDATE videos v SET progress = now.progress
    FROM now WHERE v.video_id = now.video_id AND now.progress >= v.progress + 0.1
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
        progress = 100, reason = NULL, processed_at = now(), updated_at = now(),
        previous = v.asset, replaced_at = CASE WHEN v.revision > 1 THEN now() END
    FROM job WHERE v.video_id = job.video_id
)
SELECT count(*) FROM job)";

// $4 asset, $5 milliseconds, $6 what the title's own job will use, MiB.
constexpr const char* kProvisional = R"(
WITH job AS (
    UPDATE transcoding_jobs j
    SET status = 'done', progress = 100, reason = NULL, error = NULL, lease_until = NULL, finished_at = now()
    FROM videos v WHERE v.video_id = j.video_id AND v.deleted_at IS NULL AND )" MEZZ_MINE R"(
    RETURNING j.video_id
), video AS (
    UPDATE videos v
    SET status = 'ready', asset = $4::jsonb, duration = $5::bigint,
        s3_manifest_key = v.video_id || '/asset.json', updated_at = now()
    FROM job WHERE v.video_id = job.video_id
), next AS (
    UPDATE transcoding_jobs n
    SET )" MEZZ_TURN R"(, memory_mib = coalesce(nullif($6::int, 0), n.memory_mib)
    FROM job WHERE )" MEZZ_WAITING_TITLE R"(
    RETURNING n.job_id
)
SELECT (SELECT count(*) FROM job), (SELECT job_id::text FROM next))";

// $4 why, $5 whether a draft is made next, or the title, $6 the draft's work.
constexpr const char* kNotCopied = R"(
WITH job AS (
    UPDATE transcoding_jobs j
    SET status = 'done', progress = 100, reason = NULL, error = $4, lease_until = NULL, finished_at = now()
    FROM videos v WHERE v.video_id = j.video_id AND v.deleted_at IS NULL AND )" MEZZ_MINE R"(
    RETURNING j.video_id, j.source, j.ladder, v.uploader_id
), draft AS (
    INSERT INTO transcoding_jobs (video_id, resolution, kind, source, ladder, cost, rank)
    SELECT video_id, 'draft', 'title', source, ladder, $6::real, mezz_rank(uploader_id, $6::real, 0)
    FROM job WHERE $5::bool
    ON CONFLICT (video_id, resolution, kind, chunk) DO UPDATE SET status = 'queued', attempts = 0, deaths = 0, run_after = now()
    RETURNING job_id
), next AS (
    UPDATE transcoding_jobs n SET express = true, )" MEZZ_TURN R"(
    FROM job WHERE )" MEZZ_WAITING_TITLE R"( AND NOT $5::bool
    RETURNING n.job_id
)
SELECT (SELECT count(*) FROM job), (SELECT coalesce((SELECT job_id FROM draft), (SELECT job_id FROM next))::text))";

// $4 why.
constexpr const char* kNoDraft = R"(
WITH job AS (
    SELECT j.video_id FROM transcoding_jobs j JOIN videos v USING (video_id)
    WHERE v.deleted_at IS NULL AND j.resolution = 'draft' AND )" MEZZ_MINE R"( FOR UPDATE OF j
), gone AS (
    DELETE FROM transcoding_jobs p USING job WHERE p.video_id = job.video_id AND p.resolution = 'draft'
), copy AS (
    UPDATE transcoding_jobs c SET error = concat_ws(' ', c.error, $4::text)
    FROM job WHERE c.video_id = job.video_id AND c.kind = 'remux'
), next AS (
    UPDATE transcoding_jobs n SET express = true, )" MEZZ_TURN R"(
    FROM job WHERE )" MEZZ_WAITING_TITLE R"(
    RETURNING n.job_id
)
SELECT (SELECT count(*) FROM job), (SELECT job_id::text FROM next))";

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

// $4 the plan, $5 the jobs.
constexpr const char* kSplit = R"(
WITH job AS (
    UPDATE transcoding_jobs j
    SET status = 'done', progress = 100, result = $4::jsonb, reason = NULL, error = NULL, lease_until = NULL,
        finished_at = now()
    FROM videos v WHERE v.video_id = j.video_id AND v.deleted_at IS NULL AND )" MEZZ_MINE R"(
    RETURNING j.video_id, j.resolution, j.source, j.ladder, v.uploader_id
), part AS (
    INSERT INTO transcoding_jobs
        (video_id, resolution, kind, chunk, source, ladder, status, pending, cost, memory_mib, rank)
    SELECT job.video_id, job.resolution, p.kind, p.chunk, job.source, job.ladder,
        CASE p.pending WHEN 0 THEN 'queued' ELSE 'waiting' END, p.pending, p.cost, p.memory_mib,
        mezz_rank(job.uploader_id, p.work, 0)
    FROM job, jsonb_to_recordset($5::jsonb)
        AS p (kind text, chunk int, pending int, cost real, work real, memory_mib int)
    RETURNING job_id, status
)
SELECT (SELECT count(*) FROM job), (SELECT string_agg(job_id::text, ',') FROM part WHERE status = 'queued'))";

// $4 report, $5 detail. Whoever is last to lower the number of those that the last job waits for queues it.
constexpr const char* kPartDone = R"(
WITH job AS (
    UPDATE transcoding_jobs j
    SET status = 'done', progress = 100, result = $4::jsonb, detail = $5::jsonb, reason = NULL, error = NULL,
        lease_until = NULL, finished_at = now()
    FROM videos v WHERE v.video_id = j.video_id AND v.deleted_at IS NULL AND )" MEZZ_MINE R"(
    RETURNING j.video_id, j.resolution, j.kind
), next AS (
    UPDATE transcoding_jobs n
    SET pending = n.pending - 1, status = CASE n.pending WHEN 1 THEN 'queued' ELSE 'waiting' END,
        run_after = now(), queued_at = NULL
    FROM job WHERE n.video_id = job.video_id AND n.resolution = job.resolution AND n.status = 'waiting'
        AND n.pending > 0 AND (n.kind = 'finish' OR n.kind = 'chunk' AND job.kind = 'sound')
    RETURNING n.job_id, n.status
)
SELECT (SELECT count(*) FROM job), (SELECT string_agg(job_id::text, ',') FROM next WHERE status = 'queued'))";

// $4 why.
constexpr const char* kUnsplit = R"(
WITH job AS (
    SELECT j.video_id, j.resolution FROM transcoding_jobs j JOIN videos v USING (video_id)
    WHERE v.deleted_at IS NULL AND j.kind <> 'title' AND )" MEZZ_MINE R"( FOR UPDATE OF j
), gone AS (
    DELETE FROM transcoding_jobs p USING job
    WHERE p.video_id = job.video_id AND p.resolution = job.resolution AND p.kind IN ('chunk', 'sound', 'finish')
), title AS (
    UPDATE transcoding_jobs t
    SET status = 'queued', whole = true, attempts = 0, deaths = 0, run_after = now(), queued_at = NULL, worker_id = NULL,
        result = NULL, progress = 0, detail = '{}', error = $4, finished_at = NULL
    FROM job WHERE t.video_id = job.video_id AND t.resolution = job.resolution AND t.kind = 'title'
    RETURNING t.job_id
)
SELECT (SELECT count(*) FROM job), (SELECT job_id::text FROM title))";

// $4 reason, $5 error.
constexpr const char* kFail = R"(
WITH job AS (
    UPDATE transcoding_jobs j
    SET status = 'failed', lease_until = NULL, finished_at = now(), reason = $4, error = $5
    FROM videos v WHERE v.video_id = j.video_id AND v.deleted_at IS NULL AND )" MEZZ_MINE R"(
    RETURNING j.job_id, j.video_id
), others AS (
    UPDATE transcoding_jobs o
    SET status = 'failed', lease_until = NULL, finished_at = now(), reason = 'Another part of the video failed.'
    FROM job WHERE o.video_id = job.video_id AND o.job_id <> job.job_id
        AND o.status IN ('waiting', 'queued', 'running')
), video AS (
    UPDATE videos v
    SET status = CASE WHEN v.asset IS NULL THEN 'failed' ELSE v.status END, reason = $4, updated_at = now()
    FROM job WHERE v.video_id = job.video_id
)
SELECT count(*) FROM job)";

// $4 MiB, $5 its work, $6 the most of an express job.
constexpr const char* kNeedsMore = R"(
WITH job AS (
    UPDATE transcoding_jobs j
    SET status = 'queued', attempts = j.attempts - 1, run_after = now(), queued_at = NULL, worker_id = NULL,
        lease_until = NULL, memory_mib = greatest($4::int, j.memory_mib), cost = greatest($5::real, j.cost),
        rank = CASE WHEN $5::real > j.cost THEN mezz_rank(v.uploader_id, $5::real, 0) ELSE j.rank END,
        express = j.express AND $5::real <= $6::real
    FROM videos v WHERE v.video_id = j.video_id AND )" MEZZ_MINE R"(
    RETURNING j.job_id
)
SELECT (SELECT count(*) FROM job), (SELECT job_id::text FROM job))";

// $1 the most that are counted.
constexpr const char* kVideosInWork = R"(
SELECT count(*) FROM (SELECT DISTINCT video_id FROM transcoding_jobs WHERE status IN ('queued', 'running') LIMIT $1::int) AS v)";

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

// $5 video.
constexpr const char* kWhyNot = R"(
SELECT v.deleted_at IS NOT NULL, j.worker_id = $2 AND j.attempts = $3::int AND j.status = $4
FROM videos v LEFT JOIN transcoding_jobs j ON j.job_id = $1::uuid WHERE v.video_id = $5::uuid)";

constexpr const char* kHandBackAll = R"(
UPDATE transcoding_jobs
SET status = 'queued', attempts = attempts - 1, run_after = now(), queued_at = NULL, worker_id = NULL,
    lease_until = NULL
WHERE worker_id = $1 AND status = 'running' AND attempts > 0)";

constexpr const char* kOpenJobs = R"(
SELECT EXISTS (SELECT FROM transcoding_jobs JOIN videos USING (video_id)
               WHERE transcoding_jobs.status IN ('waiting', 'queued', 'running') AND deleted_at IS NULL))";

std::string claim_statement(Lane lane) {
    std::string which;
    if (lane == Lane::express) which = kExpressJobs;
    if (lane == Lane::copies) which = kQuickCopies;
    return kClaimBegin + which + kClaimEnd;
}

std::string reason_of(const Failure& failure) {
    return clean_text(failure.detail.empty() ? failure.reason : failure.reason + ' ' + failure.detail);
}

}  // namespace

JobStore::JobStore(PostgresLink& link, std::string worker_id, seconds lease, Lane lane)
    : link_(link),
      worker_id_(std::move(worker_id)),
      lease_(lease),
      lane_(lane),
      claim_statement_(claim_statement(lane)) {}

Answer<std::optional<Claim>> JobStore::claim(std::uint32_t memory_mib) {
    PgValues values{worker_id_,
                    lease_text(),
                    link_.reconnection().health().settled() ? "true" : "false",
                    std::to_string(kMostAttempts),
                    std::to_string(memory_mib),
                    std::to_string(kMostDeaths)};
    if (lane_ == Lane::copies) values.emplace_back(std::to_string(kCopiesLane.cost));
    const auto rows = link_.query(claim_statement_.c_str(), values);
    if (!rows) return std::unexpected(rows.error());
    if (rows->size() == 0) return std::nullopt;
    const auto text = [&](int column) { return std::string(rows->text(0, column)); };
    Claim claim{.job_id = text(0),
                .video_id = text(1),
                .attempt = static_cast<int>(rows->number(0, 2)),
                .source = text(3),
                .title = text(4),
                .ladder = text(5),
                .revision = static_cast<std::uint64_t>(rows->number(0, 6)),
                .kind = job_kind(rows->text(0, 8)).value_or(JobKind::title),
                .chunk = static_cast<std::size_t>(rows->number(0, 9)),
                .whole = rows->flag(0, 10),
                .plan = text(12),
                .sound_end = rows->number(0, 13),
                .made = {},
                .memory_mib = static_cast<std::uint32_t>(rows->number(0, 11)),
                .age = static_cast<double>(rows->number(0, 14)),
                .previous_worker = text(7),
                .draft = rows->flag(0, 15),
                .tries = static_cast<int>(rows->number(0, 16)),
                .express = rows->flag(0, 17),
                .cost = std::strtod(std::string(rows->text(0, 18)).c_str(), nullptr)};
    if (claim.kind != JobKind::finish) return claim;
    const auto made = link_.query(kMade, {claim.video_id, claim.draft ? "draft" : "all"});
    if (!made) return std::unexpected(made.error());
    for (int row = 0; row < made->size(); ++row)
        claim.made.emplace_back(made->text(row, 0));
    return claim;
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

Answer<Hold> JobStore::change_and_free(const char* statement, const Claim& claim, const PgValues& more,
                                       Freed& freed) {
    PgValues values{claim.job_id, worker_id_, std::to_string(claim.attempt)};
    values.insert(values.end(), more.begin(), more.end());
    const auto rows = link_.query(statement, values);
    if (!rows) return std::unexpected(rows.error());
    if (rows->size() != 1 || rows->number(0, 0) != 1) return why_not(claim, "done");
    for (const auto id : std::views::split(rows->text(0, 1), ','))
        if (!id.empty()) freed.emplace_back(std::string_view(id));
    return Hold::held;
}

Answer<Hold> JobStore::why_not(const Claim& claim, std::string_view ended_as) {
    const auto rows = link_.query(kWhyNot, {claim.job_id, worker_id_, std::to_string(claim.attempt),
                                            std::string(ended_as), claim.video_id});
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

Answer<Hold> JobStore::provisional(const Claim& claim, const std::string& asset, std::uint64_t duration_ms,
                                   std::uint32_t title_mib, Freed& freed) {
    return change_and_free(kProvisional, claim,
                           {asset, std::to_string(duration_ms), std::to_string(title_mib)}, freed);
}

Answer<Hold> JobStore::not_copied(const Claim& claim, const Failure& why, bool draft, Freed& freed) {
    constexpr const char* kWork = "2";  // at first about as much as a clip's, until the draft is planned
    return change_and_free(kNotCopied, claim, {reason_of(why), draft ? "true" : "false", kWork}, freed);
}

Answer<Hold> JobStore::no_draft(const Claim& claim, const Failure& why, Freed& freed) {
    return change_and_free(kNoDraft, claim, {reason_of(why)}, freed);
}

Answer<Hold> JobStore::needs_more(const Claim& claim, const Needs& needs, Freed& freed) {
    return change_and_free(
        kNeedsMore, claim,
        {std::to_string(needs.mib), std::to_string(needs.cost), std::to_string(kExpressLane.cost)}, freed);
}

// What a job's work amounts to, as far as its turn is concerned: all of the video up to its end.
Answer<Hold> JobStore::split(const Claim& claim, const SplitPlan& plan, Freed& freed) {
    constexpr std::uint32_t kSmall = 512;
    const double share = claim.draft ? kDraftCost : 1;
    double seconds_of_title = 0;
    for (const ChunkPlan& chunk : plan.chunks)
        seconds_of_title += chunk.seconds;
    const double sound = plan.sound ? seconds_of_title * kSoundCost : 0;
    nlohmann::json jobs = nlohmann::json::array();
    const auto add = [&jobs](JobKind kind, std::size_t chunk, std::size_t pending, double cost, double work,
                             std::uint32_t memory) {
        jobs.push_back({{"kind", to_text(kind)},
                        {"chunk", chunk},
                        {"pending", pending},
                        {"cost", cost},
                        {"work", work},
                        {"memory_mib", memory}});
    };
    if (plan.sound) add(JobKind::sound, 0, 0, sound, sound, kSmall);
    double work = sound;
    for (std::size_t i = 0; i < plan.chunks.size(); ++i) {
        work += plan.chunks[i].seconds * share;
        const bool waits = plan.sound && i + 1 == plan.chunks.size();  // for where the sound ends
        add(JobKind::chunk, i, waits ? 1 : 0, plan.chunks[i].seconds * share, work, plan.memory_mib);
    }
    add(JobKind::finish, 0, plan.chunks.size() + (plan.sound ? 1 : 0), 1, work, kSmall);
    return change_and_free(kSplit, claim, {plan.to_json(), jobs.dump()}, freed);
}

Answer<Hold> JobStore::part_done(const Claim& claim, const std::string& report, const std::string& detail,
                                 Freed& freed) {
    return change_and_free(kPartDone, claim, {report, detail}, freed);
}

Answer<Hold> JobStore::unsplit(const Claim& claim, const Failure& why, Freed& freed) {
    return change_and_free(kUnsplit, claim, {clean_text(why.detail)}, freed);
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

Answer<std::int64_t> JobStore::videos_in_work(std::uint32_t most) {
    const auto rows = link_.query(kVideosInWork, {std::to_string(most)});
    if (!rows) return std::unexpected(rows.error());
    return rows->number(0, 0);
}

Answer<JobStore::CatalogEntry> JobStore::catalog_entry(const std::string& video_id) {
    const auto rows =
        link_.query("SELECT mezz_catalog_entry(video_id), untold_since FROM videos WHERE video_id = $1::uuid",
                    {video_id});
    if (!rows) return std::unexpected(rows.error());
    CatalogEntry entry;
    if (rows->size() != 1) return entry;
    entry.text = rows->text(0, 0);
    if (!rows->is_null(0, 1)) entry.untold_since = rows->text(0, 1);
    return entry;
}

Answer<void> JobStore::note_told(const std::string& video_id, const std::string& untold_since) {
    const auto rows = link_.query(
        "UPDATE videos SET untold_since = NULL WHERE video_id = $1::uuid AND untold_since = $2::timestamptz",
        {video_id, untold_since});
    if (!rows) return std::unexpected(rows.error());
    return {};
}

}  // namespace mezz::worker
