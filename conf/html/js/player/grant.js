// The right to play one video: signed URLs that are renewed before they expire.
import { open_stream } from '../api.js';
import { backoff, sleep_until_online } from '../wait.js';

const kLead = 60000;  // ms before the end at which a fresh answer is asked for; at most half of its life
const kMargin = 1500;  // ms before the end from which on a URL is not used any more
const kLongestTimer = 2 ** 31 - 1;

/**
 * Fires "refused" (event.problem) when the server will not renew: signed out, not allowed, taken down. What was signed
 * before is good until it expires; event.is_final says that it has.
 */
export class Grant extends EventTarget {
    #id;
    #answer;
    #token;
    #base;
    #dies_at;
    #renewal = null;
    #timer = null;
    #stop = new AbortController();

    constructor(id, answer) {
        super();
        this.#id = id;
        this.#take(answer);
    }

    /** Asks for a stream; throws a Problem. */
    static async open(id, signal) {
        return new Grant(id, await open_stream(id, signal));
    }

    #take(answer) {
        const top = new URL(answer.cmaf_url);
        this.#answer = answer;
        this.#token = top.searchParams.get('token');
        this.#base = new URL('../', top);
        this.#dies_at = performance.now() + answer.life;
        clearTimeout(this.#timer);
        const wait = answer.life - Math.min(kLead, answer.life / 2);
        this.#timer = setTimeout(() => this.#renew_in_time(), Math.min(Math.max(wait, 1000), kLongestTimer));
    }

    /** The API's answer: cmaf_url, dash_url, hls_url, poster_url, storyboard_url. */
    get urls() {
        return this.#answer;
    }

    /** A URL of this video with the newest token; other URLs as they are. */
    sign(url) {
        const signed = new URL(url, this.#base);
        const is_ours = signed.origin === this.#base.origin && signed.pathname.startsWith(this.#base.pathname);
        if (is_ours && this.#token) signed.searchParams.set('token', this.#token);
        return signed.href;
    }

    /** Resolves when sign() gives URLs that are valid, if they can be had: at once as a rule; after a machine slept it renews. */
    async ready() {
        if (performance.now() < this.#dies_at - kMargin) return;
        try {
            await this.renew();
        } catch (problem) {
            // The request that follows fails too, and its player tries again later; unless that is of no use.
            if (!this.#stop.signal.aborted && !problem.may_pass) this.#refused(problem, true);
        }
    }

    /** Asks for fresh URLs now. Throws a Problem. Calls at the same time share one request. */
    renew() {
        this.#renewal ??= open_stream(this.#id, this.#stop.signal)
            .then((answer) => this.#take(answer))
            .finally(() => { this.#renewal = null; });
        return this.#renewal;
    }

    async #renew_in_time() {
        const { signal } = this.#stop;
        for (let attempt = 0; !signal.aborted; ++attempt) {
            try {
                return await this.renew();
            } catch (problem) {
                if (signal.aborted) return;
                if (!problem.may_pass) return this.#refused(problem, false);
            }
            try {
                await sleep_until_online(backoff(attempt), signal);
            } catch {
                return;
            }
        }
    }

    #refused(problem, is_final) {
        this.dispatchEvent(Object.assign(new Event('refused'), { problem, is_final }));
    }

    /** Renews no more. */
    close() {
        clearTimeout(this.#timer);
        this.#stop.abort(new DOMException('closed', 'AbortError'));
    }
}
