-- Jobs that make a title watchable, as a copy, as a draft, or because it has neither, may run at places of their own in
-- each worker, as long as they are little work.

ALTER TABLE transcoding_jobs ADD express boolean NOT NULL DEFAULT false;
UPDATE transcoding_jobs SET express = true
    WHERE (kind = 'remux' OR resolution = 'draft') AND status IN ('waiting', 'queued', 'running');
UPDATE transcoding_jobs SET memory_mib = least(memory_mib, 512) WHERE kind = 'remux' AND status IN ('queued', 'running');
CREATE INDEX transcoding_jobs_express ON transcoding_jobs (rank, created_at)
    WHERE express AND status IN ('queued', 'running');

-- As before, and tells which jobs are express. A copy holds no more than some seconds of packets.
CREATE OR REPLACE FUNCTION mezz_set_rank() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    owner text := (SELECT uploader_id FROM videos WHERE video_id = NEW.video_id);
BEGIN
    IF NEW.kind = 'remux' OR NEW.resolution = 'draft' THEN
        NEW.express := true;
    END IF;
    IF NEW.kind = 'remux' THEN
        NEW.memory_mib := least(NEW.memory_mib, 512);
    END IF;
    IF NEW.rank = 0 AND owner IS NULL THEN
        owner := (SELECT uploader_id FROM uploads WHERE upload_id =
            CASE WHEN NEW.source ~ '^[0-9a-f-]{36}/' THEN left(NEW.source, 36)::uuid END);
        NEW.rank := mezz_rank(owner, NEW.cost, 1);
    ELSIF NEW.rank = 0 THEN
        NEW.rank := mezz_rank(owner, NEW.cost, 0);
    END IF;
    RETURN NEW;
END $$;
