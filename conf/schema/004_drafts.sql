-- A source that cannot be copied has a draft made first: one low quality of the whole title, by jobs of its own, whose
-- resolution is 'draft'. They come between the copy's job and the title's, which stay 'all'.

ALTER TABLE transcoding_jobs
    DROP CONSTRAINT transcoding_jobs_video_id_kind_chunk_key,
    ADD CHECK (resolution IN ('all', 'draft')),
    ADD UNIQUE (video_id, resolution, kind, chunk);

-- As before, but a draft is no part of the title's progress.
CREATE OR REPLACE FUNCTION mezz_progress(video uuid) RETURNS real LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN bool_or(kind = 'finish' AND status = 'running') THEN 96 + 0.03 * max(progress) FILTER (WHERE kind = 'finish')
        WHEN bool_or(kind = 'chunk') THEN
            2 + 0.93 * sum(cost * CASE status WHEN 'done' THEN 100 ELSE progress END) FILTER (WHERE kind IN ('chunk', 'sound'))
                / sum(cost) FILTER (WHERE kind IN ('chunk', 'sound'))
        ELSE max(progress) FILTER (WHERE kind = 'title') END
    FROM transcoding_jobs WHERE video_id = video AND resolution = 'all'
$$;

CREATE OR REPLACE FUNCTION mezz_progress_detail(video uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
    WITH jobs AS (SELECT * FROM transcoding_jobs WHERE video_id = video AND resolution = 'all'),
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
