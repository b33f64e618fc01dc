// Who is signed in: an API token, kept for as long as the tab lives.
import { recall, remember } from './store.js';

const kKey = 'token';
const kLongestTimer = 2 ** 31 - 1;

/** The claims of a JWT, not verified: the server does that. Throws a text for people if it is none. */
export function read_claims(token) {
    const parts = token.split('.');
    if (parts.length !== 3) throw new Error('This is not an API token: it should have three parts with dots between.');
    let claims;
    try {
        const bytes = Uint8Array.from(atob(parts[1].replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
        claims = JSON.parse(new TextDecoder().decode(bytes));
    } catch {
        throw new Error('This token cannot be read. Was all of it copied?');
    }
    if (!Number.isFinite(claims?.exp)) throw new Error('This token does not say until when it is valid.');
    if (claims.scope === undefined) throw new Error('This is a playback token. To sign in, an API token is needed.');
    return claims;
}

/** Fires "change" when somebody signs in or out, or the sign-in ends. */
class Session extends EventTarget {
    #token = null;
    #claims = null;
    #timer = null;
    /** True if the sign-in ended by itself: it expired, or the server refused it. */
    ended = false;

    constructor() {
        super();
        const kept = recall(kKey, null, 'sessionStorage');
        if (kept) this.#restore(kept);
    }

    #restore(kept) {
        try {
            this.#take(kept);
        } catch {
            this.ended = true;
            remember(kKey, null, 'sessionStorage');
        }
    }

    #take(token) {
        const claims = read_claims(token);
        if (claims.exp * 1000 <= Date.now()) throw new Error('This token has expired. Ask for a new one.');
        this.#token = token;
        this.#claims = claims;
        this.ended = false;
        this.#watch_end();
    }

    #watch_end() {
        clearTimeout(this.#timer);
        const left = this.#claims.exp * 1000 - Date.now();
        if (left <= 0) this.refuse();
        else this.#timer = setTimeout(() => this.#watch_end(), Math.min(left, kLongestTimer));
    }

    get token() {
        return this.#token;
    }

    /** Name of the user, or null. */
    get user() {
        return this.#claims?.sub ?? null;
    }

    /** When the sign-in ends, in ms since 1970. */
    get expires_at() {
        return this.#claims ? this.#claims.exp * 1000 : null;
    }

    /** What the token allows: of "upload", "view", "admin". */
    get scopes() {
        const scope = this.#claims?.scope ?? [];
        return Array.isArray(scope) ? scope : String(scope).split(' ').filter(Boolean);
    }

    /** Does the token allow it? The server has the last word. */
    can(scope) {
        return this.scopes.includes(scope) || this.scopes.includes('admin');
    }

    /** May this user change that video, as far as the page can tell? */
    owns(video) {
        return this.#token !== null && (this.scopes.includes('admin') || video.uploader_id === this.user);
    }

    /** Signs in; throws an Error with a text for people if the token is of no use. */
    sign_in(token) {
        this.#take(token.trim());
        remember(kKey, this.#token, 'sessionStorage');
        this.dispatchEvent(new Event('change'));
    }

    sign_out() {
        this.#end(false);
    }

    /** The sign-in has ended, by time or because the server refused it. */
    refuse() {
        if (this.#token !== null) this.#end(true);
    }

    #end(by_itself) {
        clearTimeout(this.#timer);
        this.#token = this.#claims = null;
        this.ended = by_itself;
        remember(kKey, null, 'sessionStorage');
        this.dispatchEvent(new Event('change'));
    }
}

export const session = new Session();

let demo = null;

/** The demo session that scripts/up offers on loopback: {token, expires_at}, or null. Asked for once. */
export function demo_session() {
    const is_loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(location.hostname);
    demo ??= !is_loopback ? Promise.resolve(null) : fetch('/demo-token.json', { cache: 'no-store' })
        .then((answer) => (answer.status === 200 ? answer.json() : null))  // 204, 404: there is none
        .catch(() => null);
    return demo;
}
