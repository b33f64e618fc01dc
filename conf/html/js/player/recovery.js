// Coming back after the network was lost.
import { Problem } from '../api.js';
import { backoff, sleep_until_online } from '../wait.js';

const kPatience = 12000;  // ms that a resumed engine has until it is loaded anew
const kTries = 6;  // while the server answers and yet nothing plays

/**
 * Tries until the server answers, then lets the player go on where it was. `player` gives: grant, engine, video,
 * reload(), show_notice(text, action, on_action), hide_notice(), refused(problem).
 */
export class Recovery {
    #player;
    #is_running = false;
    #is_needed = false;  // there was trouble again
    #fruitless = 0;  // tries since the video last moved
    #stopped_at = -1;
    #stop = new AbortController();
    #news = new AbortController();  // aborted by data or by trouble

    constructor(player) {
        this.#player = player;
    }

    /** The engine could not go on (`status` as in TroubleEvent). While a recovery runs it is made to try once more. */
    async begin(status) {
        this.#is_needed = true;
        this.#news.abort();
        if (this.#is_running) return;
        this.#is_running = true;
        try {
            while (this.#is_needed) await this.#once(status);
            this.#player.hide_notice();
        } catch (problem) {
            if (!this.#stop.signal.aborted) this.#player.refused(problem);
        } finally {
            this.#is_running = false;
        }
    }

    async #once(status) {
        const { signal } = this.#stop;
        const { video } = this.#player;
        this.#is_needed = false;
        this.#fruitless = video.currentTime === this.#stopped_at ? this.#fruitless + 1 : 0;
        this.#stopped_at = video.currentTime;
        if (this.#fruitless > 0) await this.#wait(this.#fruitless - 1, signal);
        await this.#until_answered(signal);
        if (this.#fruitless >= kTries) {
            throw new Problem({ status, slug: 'media', title: 'This video cannot be played now',
                detail: 'Its pictures do not arrive, although the server answers.' });
        }
        await this.#go_on(signal);
    }

    async #until_answered(signal) {
        for (let attempt = 0; ; ++attempt) {
            try {
                return await this.#player.grant.renew();
            } catch (problem) {
                signal.throwIfAborted();
                if (!problem.may_pass) throw problem;
            }
            await this.#wait(attempt, signal);
        }
    }

    async #wait(attempt, signal) {
        const now = new AbortController();
        this.#player.show_notice('Connection lost. Trying again…', 'Try now', () => now.abort());
        await sleep_until_online(backoff(attempt), signal, now.signal);
    }

    /** The server answers: loading goes on; if no data come, the video is loaded anew at its position. */
    async #go_on(signal) {
        const { engine, video } = this.#player;
        this.#news = new AbortController();
        if (!engine.resume_loading()) await this.#player.reload();
        if (video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) return;
        let has_data = false;
        for (const event of ['progress', 'canplay', 'playing']) {
            video.addEventListener(event, () => {
                has_data = true;
                this.#news.abort();
            }, { once: true, signal: this.#news.signal });
        }
        await sleep_until_online(kPatience, signal, this.#news.signal);
        if (has_data || this.#is_needed || video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) return;
        await this.#player.reload();
    }

    stop() {
        this.#stop.abort(new DOMException('closed', 'AbortError'));
    }
}
