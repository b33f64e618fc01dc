// What this browser remembers. Storage may be full or forbidden; then nothing is remembered and nothing breaks.

function area(kind) {
    try {
        return window[kind];
    } catch {
        return null;
    }
}

/** Reads JSON; `fallback` where there is none or it cannot be read. */
export function recall(key, fallback = null, kind = 'localStorage') {
    try {
        return JSON.parse(area(kind).getItem(`mezz:${key}`)) ?? fallback;
    } catch {
        return fallback;
    }
}

/** Keeps a value as JSON; null forgets it. */
export function remember(key, value, kind = 'localStorage') {
    try {
        if (value === null) area(kind).removeItem(`mezz:${key}`);
        else area(kind).setItem(`mezz:${key}`, JSON.stringify(value));
    } catch { /* not remembered */ }
}
