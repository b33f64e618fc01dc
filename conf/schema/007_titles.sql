-- Players are told what a title is called now, not what it was called when it was transcoded: edges keep that, too, and
-- are told when it changes.

CREATE OR REPLACE FUNCTION mezz_catalog_entry(id uuid) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_build_object('video_id', video_id, 'status', CASE WHEN deleted_at IS NULL THEN status ELSE 'gone' END,
                             'revision', CASE WHEN status = 'ready' AND deleted_at IS NULL
                                         THEN coalesce((asset->'revision')::bigint, revision) ELSE revision END,
                             'title', CASE WHEN deleted_at IS NULL AND status = 'ready' THEN title END,
                             'asset', CASE WHEN deleted_at IS NULL AND status = 'ready' THEN asset END,
                             'previous', CASE WHEN deleted_at IS NULL AND status = 'ready' THEN previous END)
    FROM videos WHERE video_id = id
$$;

DROP TRIGGER IF EXISTS videos_changed ON videos;
CREATE TRIGGER videos_changed BEFORE UPDATE OF status, revision, title, asset, previous, deleted_at ON videos FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status OR OLD.revision IS DISTINCT FROM NEW.revision
          OR OLD.title IS DISTINCT FROM NEW.title OR OLD.asset IS DISTINCT FROM NEW.asset
          OR OLD.previous IS DISTINCT FROM NEW.previous OR OLD.deleted_at IS DISTINCT FROM NEW.deleted_at)
    EXECUTE FUNCTION mezz_note_change();
