// Small pictures of a video by time, from a WebVTT list of tiles in sheets.
import { sleep } from '../wait.js';

/** "1:02.500" or "00:01:02.500" in seconds. */
function seconds(text) {
    return text.split(':').reduce((sum, part) => sum * 60 + Number.parseFloat(part), 0);
}

/** The tiles of a storyboard.vtt: [{start, end, sheet, x, y, width, height}]. What is malformed is left out. */
export function parse_storyboard(text) {
    const tiles = [];
    for (const block of text.replaceAll('\r\n', '\n').split(/\n{2,}/)) {
        const lines = block.split('\n');
        const at = lines.findIndex((line) => line.includes('-->'));
        const place = lines[at + 1]?.match(/^(.+)#xywh=(?:pixel:)?(\d+),(\d+),(\d+),(\d+)$/);
        if (at < 0 || !place) continue;
        const [start, end] = lines[at].split('-->').map((part) => seconds(part.trim().split(' ')[0]));
        const [x, y, width, height] = place.slice(2).map(Number);
        if (end > start && width > 0 && height > 0) tiles.push({ start, end, sheet: place[1], x, y, width, height });
    }
    return tiles;
}

/** Fetches the list at once and the sheets when they are looked at; each once, whatever its token. */
export class Storyboard {
    #grant;
    #tiles = [];
    #sheets = new Map();  // name → promise of an object URL
    #stop = new AbortController();

    constructor(grant) {
        this.#grant = grant;
    }

    /** Loads the list; a video without one simply has no previews. */
    async load() {
        const url = this.#grant.urls.storyboard_url;
        if (!url) return;
        try {
            const answer = await fetch(url, { signal: this.#stop.signal });
            if (answer.ok) this.#tiles = parse_storyboard(await answer.text());
        } catch { /* no previews */ }
    }

    /** The tile for a time, or null: {tile, url} once its sheet is there. */
    async at(time) {
        const tile = this.#tiles.findLast(({ start }) => start <= time) ?? this.#tiles[0];
        if (!tile) return null;
        const name = tile.sheet.split('?')[0];
        if (!this.#sheets.has(name)) this.#sheets.set(name, this.#fetch(tile.sheet));
        const url = await this.#sheets.get(name);
        return url ? { tile, url } : null;
    }

    async #fetch(sheet) {
        const { signal } = this.#stop;
        try {
            await this.#grant.ready();
            const answer = await fetch(this.#grant.sign(new URL(sheet, this.#grant.urls.storyboard_url)), { signal });
            if (!answer.ok) throw new Error(answer.statusText);
            return URL.createObjectURL(await answer.blob());
        } catch {
            // Asked for again, but not on every movement of the pointer.
            sleep(3000, signal).then(() => this.#sheets.delete(sheet.split('?')[0]), () => {});
            return null;
        }
    }

    /** Frees the pictures. */
    destroy() {
        this.#stop.abort(new DOMException('closed', 'AbortError'));
        for (const sheet of this.#sheets.values()) sheet.then((url) => url && URL.revokeObjectURL(url));
        this.#sheets.clear();
    }
}
