// The REST API. Every failure is a Problem, so callers have one thing to catch.
import { session } from './session.js';

const kBase = '/api/v1/';
const kTimeout = 30000;  // ms for an answer

/** What went wrong, as the server's problem+json said it or as the network did. */
export class Problem extends Error {
    constructor({ status, slug, title, detail, field, body, retry_after }) {
        super(detail || title);
        this.name = 'Problem';
        /** HTTP status; 0 without an answer. */
        this.status = status;
        /** The last part of the problem's type: "network", "failed", … */
        this.slug = slug;
        this.title = title;
        this.detail = detail;
        /** The input field at fault, if one is. */
        this.field = field;
        /** The whole problem, for members of its own. */
        this.body = body;
        /** Seconds after which to ask again, or null. */
        this.retry_after = retry_after;
    }

    /** Trying the same again may help. */
    get may_pass() {
        return this.status === 0 || this.status === 429 || this.status >= 500;
    }
}

/** The problem that there was no answer. */
export function network_problem(detail = 'The server cannot be reached. Check your connection.') {
    return new Problem({ status: 0, slug: 'network', title: 'No connection', detail });
}

const kTitles = { 400: 'The request was not understood', 401: 'Please sign in', 403: 'Not allowed', 404: 'Not found',
    409: 'Not possible now', 413: 'Too large', 415: 'This kind of file is not taken', 429: 'Too many requests' };

/** The problem in an answer's text, whatever sent it: the API, nginx itself, or a proxy in between. */
export function problem_of(status, text, retry_after = null) {
    let body = {};
    try {
        body = JSON.parse(text) ?? {};
    } catch { /* not from the API */ }
    return new Problem({
        status, body,
        slug: String(body.type ?? '').split(':').pop(),
        title: body.title ?? kTitles[status] ?? (status >= 500 ? 'The server has a problem' : `Error ${status}`),
        detail: body.detail ?? '',
        field: body.field ?? null,
        retry_after: Number.parseFloat(retry_after) || null,
    });
}

/**
 * Asks the API, or takes the promise `begun` of a response that was asked for already. Resolves to {body, date}: the parsed
 * answer (null if empty) and the server's time in ms.
 * Throws a Problem, or the signal's reason if it was aborted.
 */
async function ask(method, path, { body, signal, begun } = {}) {
    const headers = { Accept: 'application/json' };
    if (session.token) headers.Authorization = `Bearer ${session.token}`;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    const timeout = AbortSignal.timeout(kTimeout);
    let answer, text;
    try {
        answer = await (begun ?? fetch(kBase + path, {
            method, headers, cache: 'no-store',
            body: body === undefined ? undefined : JSON.stringify(body),
            signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        }));
        text = await answer.text();
    } catch {
        signal?.throwIfAborted();
        throw network_problem();
    }
    if (!answer.ok) {
        const problem = problem_of(answer.status, text, answer.headers.get('Retry-After'));
        if (problem.status === 401) session.refuse();
        throw problem;
    }
    return { body: text ? JSON.parse(text) : null, date: Date.parse(answer.headers.get('Date')) || Date.now() };
}

const video_path = (id) => `videos/${encodeURIComponent(id)}`;

/** One page of the catalogue: {videos, next_cursor}. Empty parameters are left out. */
export async function list_videos(parameters, signal) {
    const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value));
    return (await ask('GET', `videos?${query}`, { signal })).body;
}

export async function get_video(id, signal) {
    return (await ask('GET', video_path(id), { signal })).body;
}

export async function patch_video(id, changes) {
    return (await ask('PATCH', video_path(id), { body: changes })).body;
}

export async function delete_video(id) {
    await ask('DELETE', video_path(id));
}

/** The request for this stream that ahead.js began for the same user, once. */
function take_ahead(id) {
    const ahead = window.mezz_ahead;
    delete window.mezz_ahead;
    return ahead?.id === id && ahead.token === session.token ? ahead.answer : undefined;
}

/** Signed URLs: the API's answer and `life`, the milliseconds they are valid by the server's own clock. */
export async function open_stream(id, signal) {
    const { body, date } = await ask('GET', `${video_path(id)}/stream`, { signal, begun: take_ahead(id) });
    return { ...body, life: Date.parse(body.expires_at) - date };
}

export async function begin_upload(file, signal) {
    return (await ask('POST', 'videos/upload', { body: file, signal })).body;
}

export async function create_video(video, signal) {
    return (await ask('POST', 'videos', { body: video, signal })).body;
}
