-- Jobs that make a title watchable, as a copy, as a draft, or because it has neither, may run at places of their own in
-- each worker, as long as they are little work.

ALTER TABLE transcoding_jobs ADD express boolean NOT NULL DEFAULT false;
UPDATE transcoding_jobs SET express = true
    WHERE (kind = 'remux' OR resolution = 'draft') AND status IN ('waiting', 'queued', 'running');
UPDATE transcoding_jobs SET memory_mib = least(memory_mib, 512) WHERE kind = 'remux' AND status IN ('queued', 'running');
CREATE INDEX transcoding_jobs_express ON transcoding_jobs (rank, created_at)
    WHERE express AND status IN ('queued', 'running');

-- A copy holds no more than some seconds of packets.
CREATE FUNCTION mezz_set_express() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.express := true;
    IF NEW.kind = 'remux' THEN
        NEW.memory_mib := least(NEW.memory_mib, 512);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER transcoding_jobs_express BEFORE INSERT ON transcoding_jobs FOR EACH ROW
    WHEN (NEW.kind = 'remux' OR NEW.resolution = 'draft') EXECUTE FUNCTION mezz_set_express();
