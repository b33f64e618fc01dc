-- A worker that dies says little about the job that it had: such attempts are counted apart from those that failed.

ALTER TABLE transcoding_jobs ADD deaths integer NOT NULL DEFAULT 0; -- of attempts, those that ended with their worker
