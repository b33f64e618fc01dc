-- Videos, uploads and jobs. Applied once, in one transaction, by scripts/schema; see conf/README.md.

CREATE TABLE uploads (
    upload_id    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    uploader_id  text NOT NULL,
    filename     text NOT NULL,
    size         bigint NOT NULL CHECK (size > 0),
    content_type text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL
);
CREATE INDEX uploads_by_expiry ON uploads (expires_at);

-- Words as they stand and English stems, so that names are found as well as inflected words.
CREATE FUNCTION mezz_document(title text, description text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('english', title), 'A')
        || setweight(to_tsvector('simple', description), 'B') || setweight(to_tsvector('english', description), 'B')
$$;

-- What a person types into a search box: websearch syntax, the last word also as the beginning of one.
CREATE FUNCTION mezz_query(q text) RETURNS tsquery
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN last.word IS NULL THEN whole.query
                ELSE whole.query || (websearch_to_tsquery('simple', last.head) && to_tsquery('simple', last.word || ':*'))
           END
    FROM (SELECT websearch_to_tsquery('english', q) || websearch_to_tsquery('simple', q) AS query) AS whole
    LEFT JOIN (SELECT m[1] AS head, m[2] AS word
               FROM regexp_match(q, '^([^"]*?)(?<![-\w])(\w+)$') AS m WHERE m IS NOT NULL) AS last ON true
$$;

CREATE TABLE videos (
    video_id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    upload_id       uuid UNIQUE REFERENCES uploads,
    uploader_id     text NOT NULL,
    title           text NOT NULL,
    description     text NOT NULL DEFAULT '',
    status          text NOT NULL CHECK (status IN ('uploading', 'processing', 'ready', 'failed')),
    progress        real NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
    reason          text,                       -- why it failed, for the person who uploaded
    revision        integer NOT NULL DEFAULT 0, -- raised whenever a job begins to make renditions
    asset           jsonb,                      -- what {video_id}/asset.json holds; null until it is ready
    s3_manifest_key text,                       -- {video_id}/asset.json
    duration        bigint,                     -- milliseconds
    access          jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(access) = 'object'), -- for the operator's rules
    available_from  timestamptz,
    available_until timestamptz,
    uploaded_at     timestamptz NOT NULL DEFAULT now(),
    processed_at    timestamptz,
    updated_at      timestamptz NOT NULL DEFAULT now(),
    deleted_at      timestamptz,                -- taken down
    purged_at       timestamptz,                -- its files are gone
    search          tsvector GENERATED ALWAYS AS (mezz_document(title, description)) STORED
);
CREATE INDEX videos_search ON videos USING gin (search) WHERE deleted_at IS NULL;
CREATE INDEX videos_newest ON videos (uploaded_at DESC, video_id DESC) WHERE deleted_at IS NULL;
CREATE INDEX videos_by_uploader ON videos (uploader_id, uploaded_at DESC, video_id DESC) WHERE deleted_at IS NULL;
CREATE INDEX videos_by_status ON videos (status, uploaded_at DESC, video_id DESC) WHERE deleted_at IS NULL;
CREATE INDEX videos_to_purge ON videos (deleted_at) WHERE deleted_at IS NOT NULL AND purged_at IS NULL;

CREATE TABLE transcoding_jobs (
    job_id      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    video_id    uuid NOT NULL REFERENCES videos ON DELETE CASCADE,
    resolution  text NOT NULL DEFAULT 'all',    -- which renditions; all of them come from one decode
    chunk       integer NOT NULL DEFAULT 0,
    source      text NOT NULL,                  -- below the raw storage: {upload_id}/{filename}
    ladder      jsonb,                          -- what the operator's rule chose; null: the worker's own
    status      text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'done', 'failed')),
    worker_id   text,
    attempts    integer NOT NULL DEFAULT 0,
    progress    real NOT NULL DEFAULT 0,
    detail      jsonb NOT NULL DEFAULT '{}',    -- {"stage": "video", "renditions": {"720p": 42.0}}
    reason      text,
    error       text,                           -- what a library said, for the operator
    created_at  timestamptz NOT NULL DEFAULT now(),
    queued_at   timestamptz,                    -- when it was last put into Redis; null: it is not there
    run_after   timestamptz NOT NULL DEFAULT now(),
    lease_until timestamptz,
    started_at  timestamptz,
    finished_at timestamptz,
    UNIQUE (video_id, resolution, chunk)
);
CREATE INDEX transcoding_jobs_open ON transcoding_jobs (run_after) WHERE status IN ('queued', 'running');

-- What edges keep of a video, in Redis under mezz:asset:{video_id} and in shared memory.
CREATE FUNCTION mezz_catalog_entry(id uuid) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_build_object('video_id', video_id, 'status', CASE WHEN deleted_at IS NULL THEN status ELSE 'gone' END,
                             'revision', revision,
                             'asset', CASE WHEN deleted_at IS NULL AND status = 'ready' THEN asset END)
    FROM videos WHERE video_id = id
$$;
