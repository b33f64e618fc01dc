#include "sweeper.hpp"

#include <random>

#include "event_log.hpp"
#include "quiet_thread.hpp"
#include "source_path.hpp"
#include "staging.hpp"
#include "storage_sweep.hpp"

namespace mezz::worker {
namespace {

// A worker that was stopped keeps its connection; the server ends it, so that another one can sweep.
constexpr const char* kLock = R"(
SELECT pg_try_advisory_lock(hashtext('mezz'), hashtext('sweep')), set_config('idle_session_timeout', '10s', false))";
constexpr const char* kUnlock = "SELECT pg_advisory_unlock(hashtext('mezz'), hashtext('sweep'))";

// $1 the most deaths, $2 reason.
constexpr const char* kBuryDead = R"(
WITH job AS (
    UPDATE transcoding_jobs
    SET status = 'failed', reason = $2, deaths = deaths + 1, lease_until = NULL, finished_at = now()
    WHERE status = 'running' AND lease_until < now() AND kind <> 'remux' AND resolution = 'all'
        AND deaths + 1 >= $1::int
    RETURNING job_id, video_id, worker_id, reason
), others AS (
    UPDATE transcoding_jobs o
    SET status = 'failed', lease_until = NULL, finished_at = now(), reason = 'Another part of the video failed.'
    FROM job WHERE o.video_id = job.video_id AND o.status IN ('waiting', 'queued', 'running')
        AND NOT (o.status = 'running' AND o.lease_until < now() AND o.deaths + 1 >= $1::int)
), video AS (
    UPDATE videos v
    SET status = CASE WHEN v.asset IS NULL THEN 'failed' ELSE v.status END, reason = job.reason, updated_at = now()
    FROM job WHERE v.video_id = job.video_id AND v.deleted_at IS NULL
)
SELECT job_id, video_id, worker_id, reason FROM job)";

// A source that workers died of while they copied it or made its draft may still be decoded. $1 the most
// attempts.
constexpr const char* kSkipProvisional = R"(
WITH copy AS (
    UPDATE transcoding_jobs
    SET status = 'done', error = 'Workers died while they copied it.', lease_until = NULL, finished_at = now()
    WHERE status = 'running' AND lease_until < now() AND kind = 'remux' AND attempts >= $1::int
    RETURNING video_id
), draft AS (
    SELECT DISTINCT video_id FROM transcoding_jobs
    WHERE status = 'running' AND lease_until < now() AND resolution = 'draft' AND attempts >= $1::int
), gone AS (
    DELETE FROM transcoding_jobs p USING draft WHERE p.video_id = draft.video_id AND p.resolution = 'draft'
)
UPDATE transcoding_jobs n SET status = 'queued', pending = 0, run_after = now(), queued_at = NULL
FROM (TABLE copy UNION TABLE draft) AS job
WHERE n.video_id = job.video_id AND n.kind = 'title' AND n.status = 'waiting')";

// Worker and attempt stay, so that a worker that is not dead after all may go on until another has claimed
// it.
constexpr const char* kFreeDead = R"(
UPDATE transcoding_jobs SET status = 'queued', queued_at = NULL, run_after = now()
WHERE status = 'running' AND lease_until < now()
RETURNING job_id, worker_id)";

// $1 reason.
constexpr const char* kCloseTakenDown = R"(
UPDATE transcoding_jobs j SET status = 'failed', reason = $1, lease_until = NULL, finished_at = now()
FROM videos v
WHERE v.video_id = j.video_id AND v.deleted_at IS NOT NULL
    AND (j.status IN ('waiting', 'queued') OR j.status = 'running' AND j.lease_until < now()))";

// $1 messages in the stream that nobody has read, $2 all messages. A job that waits long is added again only
// if the stream holds too few: else a long queue would grow without end.
constexpr const char* kFill = R"(
WITH waiting AS (SELECT count(*) AS jobs FROM transcoding_jobs WHERE status = 'queued' AND queued_at IS NOT NULL)
UPDATE transcoding_jobs SET queued_at = now()
WHERE job_id IN (
    SELECT j.job_id FROM transcoding_jobs j JOIN videos v USING (video_id), waiting
    WHERE j.status = 'queued' AND j.run_after <= now() AND v.deleted_at IS NULL
        AND (j.queued_at IS NULL
             OR j.queued_at < now() - interval '2 minutes' AND waiting.jobs > $1::bigint
             OR j.queued_at < now() - interval '3 seconds' AND $2::bigint = 0)
    ORDER BY j.run_after LIMIT 500 FOR UPDATE OF j SKIP LOCKED)
RETURNING job_id, video_id)";

// Whoever made the change tells Redis at once, as a rule.
constexpr const char* kUntold = R"(
SELECT video_id FROM videos WHERE untold_since < now() - interval '2 seconds' ORDER BY untold_since LIMIT 500)";

constexpr const char* kQueueState = R"(
SELECT status, count(*), max(extract(epoch FROM now() - greatest(run_after, created_at)))::bigint
FROM transcoding_jobs WHERE status IN ('waiting', 'queued', 'running') GROUP BY status)";

// $1 seconds, $2 how many to pass over.
constexpr const char* kToPurge = R"(
SELECT video_id, upload_id FROM videos v
WHERE deleted_at < now() - $1::int * interval '1 second' AND purged_at IS NULL
    AND NOT EXISTS (SELECT FROM transcoding_jobs j WHERE j.video_id = v.video_id AND j.status IN ('waiting', 'queued', 'running'))
ORDER BY deleted_at OFFSET $2::int LIMIT 1 FOR UPDATE SKIP LOCKED)";

// $1 how many to pass over.
constexpr const char* kUnusedUpload = R"(
SELECT upload_id FROM uploads u
WHERE expires_at < now() - interval '1 day' AND expires_at + (expires_at - created_at) < now() AND NOT EXISTS (SELECT FROM videos v WHERE v.upload_id = u.upload_id)
ORDER BY expires_at OFFSET $1::int LIMIT 1 FOR UPDATE SKIP LOCKED)";

// $1 the folder's video. Parts are of use as long as a job is open, and for a day after a failure: whoever
// has the video done again then gets what was made.
constexpr const char* kPartsNeeded = R"(
SELECT EXISTS (SELECT FROM transcoding_jobs j JOIN videos v USING (video_id)
    WHERE v.video_id = $1::uuid AND v.deleted_at IS NULL
        AND (j.status IN ('waiting', 'queued', 'running')
             OR v.status = 'failed' AND j.finished_at > now() - interval '1 day')))";

// $1 video. Without its parts a failed video begins anew.
constexpr const char* kForgetParts = R"(
WITH title AS (
    UPDATE transcoding_jobs t SET status = 'failed', result = NULL
    FROM videos v WHERE v.video_id = $1::uuid AND v.status = 'failed' AND t.video_id = v.video_id
        AND t.resolution = 'all' AND t.kind = 'title'
    RETURNING t.video_id
)
DELETE FROM transcoding_jobs p USING title WHERE p.video_id = title.video_id AND p.kind IN ('chunk', 'sound', 'finish'))";

// $1 seconds, $2 how many to pass over.
constexpr const char* kReplaced = R"(
SELECT video_id, asset FROM videos v
WHERE replaced_at < now() - $1::int * interval '1 second' AND deleted_at IS NULL AND asset IS NOT NULL
    AND NOT EXISTS (SELECT FROM transcoding_jobs j
                    WHERE j.video_id = v.video_id AND j.status IN ('waiting', 'queued', 'running'))
ORDER BY replaced_at OFFSET $2::int LIMIT 1 FOR UPDATE SKIP LOCKED)";

constexpr const char* kDeath = "Workers died ten times while they processed this file.";

template <class T>
std::unexpected<BackendError> error_of(const Answer<T>& answer) {
    return std::unexpected(answer.error());
}

}  // namespace

Sweeper::Sweeper(SharedState& shared)
    : shared_(shared),
      postgres_(shared.options.postgres, shared.postgres, shared.abandon),
      redis_(shared.options.redis, shared.redis, shared.abandon),
      queue_(redis_, shared.options.worker_id) {}

void Sweeper::start() {
    thread_ = quiet_thread([this] { run(); });
}

void Sweeper::stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
}

void Sweeper::run() {
    constexpr milliseconds kLookUp{100};
    std::mt19937 random{std::random_device{}()};
    std::uniform_int_distribution interval(4000, 6000);  // ms
    while (!stopping_) {
        if (const auto ok = sweep(); !ok && !ok.error().lost)
            log_event(LogLevel::error, "sweep_refused", {{"error", ok.error().text}});
        show_metrics();
        const auto next = Clock::now() + milliseconds(interval(random));
        while (!stopping_ && Clock::now() < next)
            std::this_thread::sleep_for(kLookUp);
    }
    show_metrics();  // the last word
}

void Sweeper::show_metrics() {
    if (shared_.options.metrics_file.empty()) return;
    Metrics& metrics = *shared_.metrics;
    if (const auto rows = postgres_.query(kQueueState)) {
        metrics.clear("mezz_ingest_jobs");
        metrics.set("mezz_ingest_oldest_job_seconds", 0);
        for (int row = 0; row < rows->size(); ++row) {
            metrics.set(series("mezz_ingest_jobs", "status", rows->text(row, 0)),
                        static_cast<double>(rows->number(row, 1)));
            if (rows->text(row, 0) == "queued")
                metrics.set("mezz_ingest_oldest_job_seconds", static_cast<double>(rows->number(row, 2)));
        }
    }
    if (!metrics.write(shared_.options.metrics_file))
        log_event(LogLevel::error, "metrics_not_written", {{"file", shared_.options.metrics_file}});
}

Answer<void> Sweeper::sweep() {
    const auto lock = postgres_.query(kLock);
    if (!lock) return error_of(lock);
    if (!lock->flag(0, 0)) return {};
    auto ok = sweep_jobs();
    if (ok) ok = sweep_files();
    if (!ok && !ok.error().lost) (void)postgres_.query("ROLLBACK");
    if (ok || !ok.error().lost) (void)postgres_.query(kUnlock);
    return ok;
}

// Asked before each step: the step before may have been slow because the server hung, and then what it freed
// may yet be renewed.
Answer<void> Sweeper::sweep_jobs() {
    const auto settled = [this] { return shared_.postgres.settled(); };
    auto ok = close_taken_down_jobs();
    if (ok && settled()) ok = bury_dead_jobs();
    if (ok && settled()) ok = free_dead_workers_jobs();
    if (ok && settled()) ok = fill_queue();
    if (ok && shared_.outbox.empty()) ok = announce_untold();
    return ok;
}

Answer<void> Sweeper::close_taken_down_jobs() {
    const auto rows = postgres_.query(kCloseTakenDown, {kTakenDown});
    if (!rows) return error_of(rows);
    return {};
}

Answer<void> Sweeper::bury_dead_jobs() {
    if (const auto skipped = postgres_.query(kSkipProvisional, {std::to_string(kMostAttempts)}); !skipped)
        return error_of(skipped);
    const auto rows = postgres_.query(kBuryDead, {std::to_string(kMostDeaths), kDeath});
    if (!rows) return error_of(rows);
    for (int row = 0; row < rows->size(); ++row) {
        const std::string job(rows->text(row, 0));
        const std::string video(rows->text(row, 1));
        const std::string reason(rows->text(row, 3));
        log_event(LogLevel::error, "job_failed",
                  {{"job", job},
                   {"video", video},
                   {"worker", std::string(rows->text(row, 2))},
                   {"reason", reason}});
        shared_.outbox.put(Announcement{video});
        shared_.outbox.put(DeadLetter{job, video, reason, {}});
        if (is_uuid(video)) remove_leftovers(shared_.options.processed + '/' + video);
    }
    return {};
}

Answer<void> Sweeper::free_dead_workers_jobs() {
    const auto rows = postgres_.query(kFreeDead);
    if (!rows) return error_of(rows);
    for (int row = 0; row < rows->size(); ++row)
        log_event(LogLevel::warning, "lease_ended",
                  {{"job", std::string(rows->text(row, 0))}, {"worker", std::string(rows->text(row, 1))}});
    return {};
}

Answer<void> Sweeper::fill_queue() {
    const auto depth = queue_.depth();
    if (!depth) return {};  // without Redis, workers ask PostgreSQL
    const auto rows = postgres_.query(
        kFill, {std::to_string(depth->messages - depth->delivered), std::to_string(depth->messages)});
    if (!rows) return error_of(rows);
    for (int row = 0; row < rows->size(); ++row) {
        const std::string job(rows->text(row, 0));
        log_event(LogLevel::debug, "job_queued", {{"job", job}});
        if (queue_.add(job, std::string(rows->text(row, 1)))) continue;
        // Not there after all; the next sweep tries again.
        const auto undone = postgres_.query(
            "UPDATE transcoding_jobs SET queued_at = NULL WHERE job_id = $1::uuid AND status = 'queued'",
            {job});
        if (!undone) return error_of(undone);
    }
    return {};
}

Answer<void> Sweeper::announce_untold() {
    const auto rows = postgres_.query(kUntold);
    if (!rows) return error_of(rows);
    for (int row = 0; row < rows->size(); ++row)
        shared_.outbox.put(Announcement{std::string(rows->text(row, 0))});
    return {};
}

// Those that could not be removed must not keep the others from it.
Answer<void> Sweeper::repeat(Answer<Removal> (Sweeper::*remove_one)(int)) {
    constexpr int kMost = 50;
    int failures = 0;
    for (int done = 0; done < kMost && !stopping_; ++done) {
        const auto removal = (this->*remove_one)(failures);
        if (!removal) return error_of(removal);
        if (*removal == Removal::none) return {};
        if (*removal == Removal::failed) ++failures;
    }
    return {};
}

Answer<void> Sweeper::sweep_files() {
    constexpr seconds kBetween{60};
    constexpr std::chrono::hours kDay{24};
    if (auto ok = repeat(&Sweeper::purge_video); !ok) return ok;
    if (auto ok = repeat(&Sweeper::tidy_video); !ok) return ok;
    if (auto ok = sweep_parts(); !ok) return ok;
    if (Clock::now() < next_files_) return {};
    next_files_ = Clock::now() + kBetween;
    (void)queue_.forget_consumers();
    if (const auto removed = remove_stale_files(shared_.options.raw + "/.incoming", kDay); removed > 0)
        log_event(LogLevel::info, "stale_files_removed", {{"files", std::to_string(removed)}});
    return repeat(&Sweeper::remove_upload);
}

// In a transaction, so that what is not wholly gone is tried again, and nobody begins to use it meanwhile.
Answer<Sweeper::Removal> Sweeper::purge_video(int skip) {
    if (auto begun = postgres_.query("BEGIN"); !begun) return error_of(begun);
    const auto rows = postgres_.query(
        kToPurge, {std::to_string(shared_.options.purge_after.count()), std::to_string(skip)});
    if (!rows) return error_of(rows);
    if (rows->size() == 0) return end_removal(Removal::none, nullptr);
    const std::string video(rows->text(0, 0));
    const bool gone =
        remove_folder(shared_.options.processed, video) &&
        remove_folder(shared_.options.processed + '/' + kPartsFolder, video) &&
        (rows->is_null(0, 1) || remove_folder(shared_.options.raw, std::string(rows->text(0, 1))));
    log_event(gone ? LogLevel::info : LogLevel::error, gone ? "video_purged" : "purge_failed",
              {{"video", video}});
    if (!gone) return end_removal(Removal::failed, nullptr);
    const auto noted =
        postgres_.query("UPDATE videos SET purged_at = now() WHERE video_id = $1::uuid", {video});
    return end_removal(Removal::done, &noted);
}

// Files of revisions before the current one, whose sessions have ended.
Answer<Sweeper::Removal> Sweeper::tidy_video(int skip) {
    if (auto begun = postgres_.query("BEGIN"); !begun) return error_of(begun);
    const auto rows = postgres_.query(
        kReplaced, {std::to_string(shared_.options.keep_replaced.count()), std::to_string(skip)});
    if (!rows) return error_of(rows);
    if (rows->size() == 0) return end_removal(Removal::none, nullptr);
    const std::string video(rows->text(0, 0));
    const auto removed = remove_replaced_files(shared_.options.processed, video, rows->text(0, 1));
    log_event(removed ? LogLevel::info : LogLevel::error, removed ? "video_tidied" : "tidying_failed",
              {{"video", video}, {"files", std::to_string(removed.value_or(0))}});
    if (!removed) return end_removal(Removal::failed, nullptr);
    const auto noted = postgres_.query(
        "UPDATE videos SET replaced_at = NULL, previous = NULL WHERE video_id = $1::uuid", {video});
    shared_.outbox.put(Announcement{video});
    return end_removal(Removal::done, &noted);
}

Answer<void> Sweeper::sweep_parts() {
    const std::string root = shared_.options.processed + '/' + kPartsFolder;
    for (const std::string& video : folders_in(root)) {
        if (stopping_) return {};
        const auto needed = postgres_.query(kPartsNeeded, {video});
        if (!needed) return error_of(needed);
        if (needed->flag(0, 0)) continue;
        const auto forgotten = postgres_.query(kForgetParts, {video});
        if (!forgotten) return error_of(forgotten);
        if (remove_folder(root, video)) log_event(LogLevel::info, "parts_removed", {{"video", video}});
    }
    return {};
}

Answer<Sweeper::Removal> Sweeper::remove_upload(int skip) {
    if (auto begun = postgres_.query("BEGIN"); !begun) return error_of(begun);
    const auto rows = postgres_.query(kUnusedUpload, {std::to_string(skip)});
    if (!rows) return error_of(rows);
    if (rows->size() == 0) return end_removal(Removal::none, nullptr);
    const std::string upload(rows->text(0, 0));
    const bool gone = remove_folder(shared_.options.raw, upload);
    log_event(gone ? LogLevel::info : LogLevel::error, gone ? "upload_removed" : "upload_removal_failed",
              {{"upload", upload}});
    if (!gone) return end_removal(Removal::failed, nullptr);
    const auto noted = postgres_.query("DELETE FROM uploads WHERE upload_id = $1::uuid", {upload});
    return end_removal(Removal::done, &noted);
}

Answer<Sweeper::Removal> Sweeper::end_removal(Removal removal, const Answer<PgRows>* noted) {
    if (noted != nullptr && !*noted) return error_of(*noted);
    if (auto ended = postgres_.query("COMMIT"); !ended) return error_of(ended);
    return removal;
}

}  // namespace mezz::worker
