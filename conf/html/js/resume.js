// Where one stopped watching, for each video, in this browser.
import { recall, remember } from './store.js';

const kMost = 200;  // videos remembered
const kStart = 8;  // seconds that do not count as having begun
const kEnd = 15;  // seconds before the end that count as having finished

/** Seconds at which to go on, or 0. */
export function position_of(id) {
    return recall('positions', {})[id]?.at ?? 0;
}

/** Keeps the position; the beginning and the end are forgotten. */
export function keep_position(id, at, duration) {
    const all = recall('positions', {});
    delete all[id];  // so that it becomes the newest
    if (at > kStart && at < duration - Math.min(kEnd, duration * 0.1)) all[id] = { at: Math.floor(at) };
    remember('positions', Object.fromEntries(Object.entries(all).slice(-kMost)));
}
