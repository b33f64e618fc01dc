#include "job_admin.hpp"

#include <cstdio>

#include "job_queue.hpp"
#include "job_store.hpp"
#include "source_path.hpp"

namespace mezz::worker {
namespace {

// Jobs that ended only because another one of the video did are not at fault. $1 reason of a takedown.
constexpr const char* kDeadLetters = R"(
SELECT json_build_object('job_id', j.job_id, 'video_id', j.video_id, 'kind', j.kind, 'chunk', j.chunk,
    'attempts', j.attempts, 'finished_at', j.finished_at, 'source', j.source, 'reason', j.reason, 'error', j.error)
FROM transcoding_jobs j JOIN videos v USING (video_id)
WHERE j.status = 'failed' AND v.deleted_at IS NULL
    AND j.reason IS DISTINCT FROM $1 AND j.reason IS DISTINCT FROM $2
ORDER BY j.finished_at)";

// $1 job or video. What is done stays done: only the jobs that failed begin anew.
constexpr const char* kRequeue = R"(
WITH video AS (
    UPDATE videos v SET status = CASE WHEN v.asset IS NULL THEN 'processing' ELSE v.status END, reason = NULL,
        updated_at = now()
    WHERE v.deleted_at IS NULL AND v.video_id IN (
        SELECT video_id FROM transcoding_jobs WHERE (job_id = $1::uuid OR video_id = $1::uuid) AND status = 'failed')
    RETURNING v.video_id
), job AS (
    UPDATE transcoding_jobs j
    SET status = CASE WHEN j.pending > 0 THEN 'waiting' ELSE 'queued' END, attempts = 0, deaths = 0, queued_at = NULL,
        run_after = now(), worker_id = NULL, reason = NULL, error = NULL, finished_at = NULL, progress = 0
    FROM video WHERE j.video_id = video.video_id AND j.status = 'failed'
    RETURNING j.job_id
)
SELECT video_id, (SELECT count(*) FROM job) FROM video)";

int complain(const std::string& what) {
    std::fprintf(stderr, "ingest_worker: %s\n", what.c_str());
    return 1;
}

int list_dead_letters(PostgresLink& postgres) {
    const auto rows = postgres.query(kDeadLetters, {kTakenDown, kOtherPartFailed});
    if (!rows) return complain("PostgreSQL: " + rows.error().text);
    for (int row = 0; row < rows->size(); ++row)
        std::printf("%s\n", std::string(rows->text(row, 0)).c_str());
    return 0;
}

int requeue(PostgresLink& postgres, JobStore& store, JobQueue& queue, const std::string& id) {
    if (!is_uuid(id)) return complain("--requeue: " + id + " is no id of a job or a video");
    const auto rows = postgres.query(kRequeue, {id});
    if (!rows) return complain("PostgreSQL: " + rows.error().text);
    if (rows->size() == 0) return complain("no failed job has the id " + id + ", nor a video with one");
    const std::string video(rows->text(0, 0));
    std::printf("{\"video_id\":\"%s\",\"jobs\":%lld}\n", video.c_str(),
                static_cast<long long>(rows->number(0, 1)));
    const auto entry = store.catalog_entry(video);
    if (!entry) return complain("PostgreSQL: " + entry.error().text);
    if (const auto told = queue.announce(video, entry->text); !told)
        return complain("Redis was not told: " + told.error().text);
    return 0;
}

}  // namespace

int administer_jobs(const AdminOptions& options) {
    const std::atomic<bool> never = false;
    const Abandon abandon(never);
    BackendHealth postgres_health("postgresql");
    BackendHealth redis_health("redis");
    PostgresLink postgres(options.postgres, postgres_health, abandon);
    RedisLink redis(options.redis, redis_health, abandon);
    JobStore store(postgres, "admin", seconds(1));
    JobQueue queue(redis, "admin");
    if (!options.requeue.empty())
        if (const int code = requeue(postgres, store, queue, options.requeue); code != 0) return code;
    return options.dead_letters ? list_dead_letters(postgres) : 0;
}

}  // namespace mezz::worker
