-- A video's jobs as a graph: the first looks at the file, makes a short title by itself and splits a long one into
-- chunks of pictures and the sound, which any worker takes; the last job joins what they made.

ALTER TABLE videos
    ADD previous    jsonb,       -- the asset before the current one, whose sessions go on
    ADD replaced_at timestamptz; -- since when its folder may hold files of an older revision
CREATE INDEX videos_to_tidy ON videos (replaced_at) WHERE replaced_at IS NOT NULL;

ALTER TABLE transcoding_jobs
    ADD kind       text NOT NULL DEFAULT 'title' CHECK (kind IN ('title', 'remux', 'chunk', 'sound', 'finish')),
    ADD pending    integer NOT NULL DEFAULT 0,      -- jobs that must be done before this one is queued
    ADD whole      boolean NOT NULL DEFAULT false,  -- a title that must not be split
    ADD result     jsonb,                           -- what it made; of a title that was split, the plan
    ADD cost       real NOT NULL DEFAULT 10,        -- seconds of the title, or as much work
    ADD memory_mib integer NOT NULL DEFAULT 1024,   -- what a worker sets aside for it
    ADD rank       double precision NOT NULL DEFAULT 0, -- the lowest is begun first
    DROP CONSTRAINT transcoding_jobs_video_id_resolution_chunk_key,
    DROP CONSTRAINT transcoding_jobs_status_check,
    ADD CHECK (status IN ('waiting', 'queued', 'running', 'done', 'failed')),
    ADD UNIQUE (video_id, kind, chunk);
CREATE INDEX transcoding_jobs_by_rank ON transcoding_jobs (rank, created_at) WHERE status IN ('queued', 'running');
CREATE INDEX videos_in_work ON videos (uploader_id) WHERE status = 'processing' AND deleted_at IS NULL;

-- Fair queueing: the rank of a job is the lowest one of all open jobs when it is added (all that is older has been
-- begun), plus the work that its video has up to its end, times the videos that its uploader has in work. So the chunks
-- of videos take turns, a short one passes a long one, and many videos of one uploader get together what one gets.
CREATE FUNCTION mezz_rank(uploader text, work real, more integer) RETURNS double precision LANGUAGE sql AS $$
    SELECT coalesce((SELECT min(rank) FROM transcoding_jobs WHERE status IN ('queued', 'running')), 0)
        + work * greatest(1, more + (SELECT count(*) FROM (SELECT FROM videos o WHERE o.uploader_id = uploader
                                         AND o.status = 'processing' AND o.deleted_at IS NULL LIMIT 1000) AS mine))
$$;

-- The video may be added by the same statement and is not there yet then: its upload is.
CREATE FUNCTION mezz_set_rank() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    owner text := (SELECT uploader_id FROM videos WHERE video_id = NEW.video_id);
BEGIN
    IF NEW.rank = 0 AND owner IS NULL THEN
        owner := (SELECT uploader_id FROM uploads WHERE upload_id =
            CASE WHEN NEW.source ~ '^[0-9a-f-]{36}/' THEN left(NEW.source, 36)::uuid END);
        NEW.rank := mezz_rank(owner, NEW.cost, 1);
    ELSIF NEW.rank = 0 THEN
        NEW.rank := mezz_rank(owner, NEW.cost, 0);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER transcoding_jobs_rank BEFORE INSERT ON transcoding_jobs FOR EACH ROW EXECUTE FUNCTION mezz_set_rank();

-- How far a video is, 0 to 99: of its jobs by their cost. The first looks (2 %), the last joins (96 to 99 %).
CREATE FUNCTION mezz_progress(video uuid) RETURNS real LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN bool_or(kind = 'finish' AND status = 'running') THEN 96 + 0.03 * max(progress) FILTER (WHERE kind = 'finish')
        WHEN bool_or(kind = 'chunk') THEN
            2 + 0.93 * sum(cost * CASE status WHEN 'done' THEN 100 ELSE progress END) FILTER (WHERE kind IN ('chunk', 'sound'))
                / sum(cost) FILTER (WHERE kind IN ('chunk', 'sound'))
        ELSE max(progress) FILTER (WHERE kind = 'title') END
    FROM transcoding_jobs WHERE video_id = video
$$;

-- What the API tells of it: {"stage": "video", "renditions": {"720p": 42.0}}.
CREATE FUNCTION mezz_progress_detail(video uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH jobs AS (SELECT * FROM transcoding_jobs WHERE video_id = video),
    total AS (SELECT sum(cost) AS cost FROM jobs WHERE kind = 'chunk'),
    parts AS (
        SELECT r.name, round((sum(cost * CASE status WHEN 'done' THEN 100 ELSE r.percent::float8 END)
                              / (SELECT cost FROM total))::numeric, 1) AS percent
        FROM jobs, jsonb_each_text(detail->'renditions') AS r (name, percent) WHERE kind = 'chunk' GROUP BY r.name)
    SELECT CASE WHEN EXISTS (SELECT FROM jobs WHERE kind = 'chunk') THEN
        jsonb_build_object(
            'stage', CASE (SELECT status FROM jobs WHERE kind = 'finish')
                     WHEN 'waiting' THEN 'video' WHEN 'done' THEN 'ready' ELSE 'publish' END,
            'renditions', coalesce((SELECT jsonb_object_agg(name, percent) FROM parts), '{}'))
        ELSE (SELECT detail FROM jobs WHERE kind = 'title') END
$$;

-- A title that can be watched keeps the revision of what is there while a better one is made, and then for a while what
-- its sessions have begun with.
CREATE OR REPLACE FUNCTION mezz_catalog_entry(id uuid) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_build_object('video_id', video_id, 'status', CASE WHEN deleted_at IS NULL THEN status ELSE 'gone' END,
                             'revision', CASE WHEN status = 'ready' AND deleted_at IS NULL
                                         THEN coalesce((asset->'revision')::bigint, revision) ELSE revision END,
                             'asset', CASE WHEN deleted_at IS NULL AND status = 'ready' THEN asset END,
                             'previous', CASE WHEN deleted_at IS NULL AND status = 'ready' THEN previous END)
    FROM videos WHERE video_id = id
$$;
