-- What edges keep of a video and Redis has not been told yet, whoever died or was away in between.

ALTER TABLE videos ADD untold_since timestamptz;
CREATE INDEX videos_untold ON videos (untold_since) WHERE untold_since IS NOT NULL;

CREATE FUNCTION mezz_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.untold_since := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER videos_changed BEFORE UPDATE OF status, revision, asset, previous, deleted_at ON videos FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status OR OLD.revision IS DISTINCT FROM NEW.revision
          OR OLD.asset IS DISTINCT FROM NEW.asset OR OLD.previous IS DISTINCT FROM NEW.previous
          OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at)
    EXECUTE FUNCTION mezz_note_change();
