// One file on its way: sent, made a video, processed.
import { begin_upload, create_video, delete_video, get_video } from './api.js';
import { session } from './session.js';
import { transfer } from './transfer.js';
import { poll } from './wait.js';

const kTypes = { mp4: 'video/mp4', m4v: 'video/mp4', mov: 'video/quicktime', mkv: 'video/x-matroska', webm: 'video/webm',
    avi: 'video/x-msvideo', ts: 'video/mp2t', mts: 'video/mp2t', m2ts: 'video/mp2t', mpg: 'video/mpeg',
    mpeg: 'video/mpeg', wmv: 'video/x-ms-wmv', flv: 'video/x-flv', mxf: 'application/mxf', ogv: 'video/ogg',
    mp3: 'audio/mpeg', m4a: 'audio/mp4', wav: 'audio/wav', flac: 'audio/flac' };

/** What browsers do not know by name, the extension tells. */
function type_of(file) {
    return file.type || kTypes[file.name.split('.').pop().toLowerCase()] || 'application/octet-stream';
}

/** A title from a file's name: without extension, with spaces. */
export function title_of(name) {
    return name.replace(/\.[^.]{1,5}$/, '').replaceAll(/[_\s]+/g, ' ').trim() || name;
}

/**
 * States: waiting → sending → processing → ready; stopped (cancelled), error (with `problem`; may be tried again),
 * failed (the worker could not use the file; `video.reason` says why). Fires "change" whenever something did.
 */
export class UploadItem extends EventTarget {
    state = 'waiting';
    sent = 0;
    /** Bytes a second, smoothed. */
    rate = 0;
    problem = null;
    video = null;
    #upload_id = null;
    #mark = null;
    #stop = new AbortController();

    /** A file to upload, or the video of an earlier one (file null) to follow. */
    constructor(file, video = null) {
        super();
        this.file = file;
        this.video = video;
        this.title = video?.title ?? title_of(file.name);
        if (video) this.state = 'processing';
    }

    get size() {
        return this.file?.size ?? 0;
    }

    /** True while leaving the page would lose work. */
    get is_fragile() {
        return this.state === 'waiting' || this.state === 'sending';
    }

    #set(state, problem = null) {
        this.state = state;
        this.problem = problem;
        this.dispatchEvent(new Event('change'));
    }

    /** Sends the file and makes it a video. Resolves when that is done or has failed; see `state`. */
    async send() {
        const { signal } = this.#stop;
        if (signal.aborted) return;
        this.#set('sending');
        try {
            this.#upload_id ??= await this.#send_bytes(signal);
            await this.#create(signal);
        } catch (problem) {
            if (!signal.aborted) this.#set('error', problem);
        }
    }

    async #send_bytes(signal) {
        this.sent = this.rate = 0;
        this.#mark = { at: performance.now(), sent: 0 };
        const ticket = await begin_upload(
            { filename: this.file.name, size: this.file.size, content_type: type_of(this.file) }, signal);
        await transfer(this.file, ticket, (sent) => this.#progressed(sent), signal);
        this.sent = this.file.size;
        return ticket.upload_id;
    }

    #progressed(sent) {
        const now = performance.now();
        const seconds = (now - this.#mark.at) / 1000;
        if (seconds >= 0.5) {
            const rate = (sent - this.#mark.sent) / seconds;
            this.rate = this.rate ? this.rate * 0.7 + rate * 0.3 : rate;
            this.#mark = { at: now, sent };
        }
        this.sent = sent;
        this.dispatchEvent(new Event('change'));
    }

    async #create(signal) {
        let id;
        try {
            id = (await create_video({ upload_id: this.#upload_id, title: this.title }, signal)).video_id;
        } catch (problem) {
            id = problem.status === 409 && problem.body?.video_id;  // an answer that was lost: it is done already
            if (!id) throw problem;
        }
        this.video = { video_id: id, title: this.title, status: 'processing', progress: 0, renditions: [],
            uploader_id: session.user };
        this.#set('processing');
    }

    /** Follows the processing to its end. */
    async follow() {
        const { signal } = this.#stop;
        try {
            await poll((ends) => this.#look(ends), { signal });
        } catch (problem) {
            if (!signal.aborted) this.#set('error', problem);
        }
    }

    async #look(signal) {
        const before = JSON.stringify([this.video.stage, this.video.progress, this.video.status]);
        this.video = await get_video(this.video.video_id, signal);
        this.title = this.video.title;
        const ended = this.video.status === 'ready' || this.video.status === 'failed';
        this.#set(ended ? this.video.status : 'processing');
        const now = JSON.stringify([this.video.stage, this.video.progress, this.video.status]);
        return ended || (before !== now ? 'changed' : false);
    }

    /** Stops; a video that exists already is taken down. */
    async cancel() {
        this.#stop.abort();
        if (this.video) await delete_video(this.video.video_id);
        this.#set('stopped');
    }

    /** Makes it ready to be sent again: what went well is not repeated, unless the worker refused the file. */
    reset() {
        this.#stop.abort();
        this.#stop = new AbortController();
        if (this.state === 'failed' || this.state === 'stopped') {
            this.#upload_id = this.video = null;
        } else if (this.problem?.status === 404 || this.problem?.status === 409) {
            this.#upload_id = null;  // the server does not have it, whatever we thought
        }
        this.#set(this.video ? 'processing' : 'waiting');
    }
}
