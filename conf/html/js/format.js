// Numbers, times and dates in words.

/** Seconds as 4:05 or 1:02:03. */
export function clock(seconds) {
    const whole = Number.isFinite(seconds) ? Math.max(0, Math.floor(seconds)) : 0;
    const parts = [Math.floor(whole / 60) % 60, whole % 60];
    const hours = Math.floor(whole / 3600);
    if (hours) parts.unshift(hours);
    return parts.map((part, i) => (i ? String(part).padStart(2, '0') : part)).join(':');
}

/** Seconds as "4 minutes 5 seconds", for screen readers. */
export function spoken_time(seconds) {
    const whole = Number.isFinite(seconds) ? Math.max(0, Math.floor(seconds)) : 0;
    const parts = [[Math.floor(whole / 3600), 'hour'], [Math.floor(whole / 60) % 60, 'minute'], [whole % 60, 'second']];
    const said = parts.filter(([count]) => count).map(([count, unit]) => plural(count, unit));
    return said.join(' ') || '0 seconds';
}

/** 1 video, 2 videos. */
export function plural(count, unit) {
    return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** Bytes as 1.4 GB. */
export function bytes(count) {
    const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
    let value = count;
    let unit = 0;
    while (value >= 1000 && unit + 1 < units.length) {
        value /= 1000;
        ++unit;
    }
    return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** How long something will take, roughly: "12 s", "3 min", "2 h 10 min". */
export function rough_time(seconds) {
    if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
    const minutes = Math.round(seconds / 60);
    return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const kAges = [[60, 'second', 1], [3600, 'minute', 60], [86400, 'hour', 3600], [7 * 86400, 'day', 86400],
    [30 * 86400, 'week', 7 * 86400], [365 * 86400, 'month', 30 * 86400], [Infinity, 'year', 365 * 86400]];
// Made when they are first needed: that takes some milliseconds, which a page's start has better uses for.
let relative = null;
let date = null;

/** An RFC 3339 time as "3 hours ago" or "in 5 minutes". */
export function age(text, now = Date.now()) {
    const seconds = (Date.parse(text) - now) / 1000;
    if (!Number.isFinite(seconds)) return '';
    if (Math.abs(seconds) < 45) return seconds > 0 ? 'in a moment' : 'just now';
    const [, unit, length] = kAges.find(([limit]) => Math.abs(seconds) < limit);
    relative ??= new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
    return relative.format(Math.round(seconds / length), unit);
}

/** A date and a time of day, as the reader's region writes them. */
export function date_time(when) {
    date ??= new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
    return date.format(new Date(when));
}
