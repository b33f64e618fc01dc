// What the watch page's address asks for: /watch.html?v=ID&t=SECONDS.
import { position_of } from './resume.js';

const query = new URLSearchParams(location.search);
const asked = query.get('v') ?? '';

/** The id, or null if it cannot be one. */
export const video_id = /^[\w-]{1,64}$/.test(asked) ? asked : null;

/** Where to begin, in seconds: ?t= counts, then where one stopped before. */
export function start_time() {
    const time = Number.parseFloat(query.get('t') ?? '');
    return Number.isFinite(time) ? Math.max(0, time) : position_of(video_id);
}

/** The address has had its say: from now on it begins where one stopped. */
export function forget_start_time() {
    query.delete('t');
}
