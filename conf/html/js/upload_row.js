// How one upload looks.
import { confirm, toast } from './dialog.js';
import { el, icon, icon_button, set_text } from './dom.js';
import { bytes, clock, rough_time } from './format.js';
import { ProcessingView, progress_bar, stage_text } from './processing.js';

/** What the line below the title says. */
function state_text(item) {
    const { state, sent, size, rate, problem, video } = item;
    if (state === 'waiting') return `${bytes(size)} · waiting`;
    if (state === 'sending' && sent < size) {
        const left = rate > 0 ? ` · ${bytes(rate)}/s · ${rough_time((size - sent) / rate)} left` : '';
        return `${bytes(sent)} of ${bytes(size)}${left}`;
    }
    if (state === 'sending') return 'Sent. Handing it over…';
    if (state === 'error') return problem.message;
    if (state === 'failed') return video.reason ?? 'The file could not be processed.';
    if (state === 'stopped') return 'Cancelled';
    if (state === 'ready') {
        const length = video.duration_ms > 0 && clock(video.duration_ms / 1000);
        return [length, size > 0 && bytes(size)].filter(Boolean).join(' · ');
    }
    return stage_text(video);
}

const kBadges = { ready: ['ready', 'Ready'], failed: ['failed', 'Failed'], error: ['failed', 'Not sent'],
    processing: ['processing', 'Processing'], sending: ['processing', 'Uploading'] };

/** The element for an item; `again(item)` is called to try again, `remove(item)` to take it off the list. */
export class UploadRow {
    #item;
    #title = el('input', { class: 'row-title', maxlength: '500', 'aria-label': 'Title', autocomplete: 'off' });
    #link = el('a', { class: 'row-title', hidden: true });
    #picture = el('div', { class: 'row-icon' }, icon('film'));
    #text = el('p', { class: 'row-text' });
    #said = el('span', { class: 'visually-hidden', role: 'status' });
    #badge = el('span', { class: 'badge' });
    #bar;
    #processing = new ProcessingView();
    #cancel;
    #retry = el('button', { type: 'button', class: 'button' }, 'Try again');
    #watch = el('a', { class: 'button primary' }, icon('play'), 'Watch');

    constructor(item, { again, remove }) {
        this.#item = item;
        this.#bar = progress_bar(`Upload of ${item.title}`);
        this.#title.value = item.title;
        this.#title.addEventListener('input', () => { item.title = this.#title.value.trim() || item.title; });
        this.#cancel = icon_button('close', `Cancel ${item.title}`, { onclick: () => this.#cancel_or_remove(remove) });
        this.#retry.addEventListener('click', () => again(item));
        this.root = el('li', { class: 'row' },
            el('div', { class: 'row-head' },
                this.#picture,
                el('div', { class: 'row-main' }, this.#title, this.#link, this.#text, this.#said),
                this.#badge, this.#retry, this.#watch, this.#cancel),
            this.#bar.root, this.#processing.root);
        item.addEventListener('change', () => this.show());
        this.show();
    }

    async #cancel_or_remove(remove) {
        const item = this.#item;
        if (item.state === 'processing') {
            const agreed = await confirm('Take it down?', `“${item.title}” is being processed. It will be removed.`,
                'Take down');
            if (!agreed) return;
        }
        try {
            if (item.is_fragile || item.state === 'processing') await item.cancel();
            else remove(item);
        } catch (problem) {
            toast(problem.message);
        }
    }

    #show_poster(url) {
        if (!url || this.#picture.querySelector('img')) return;
        const image = el('img', { src: url, alt: '', onload: () => this.#picture.replaceChildren(image) });
    }

    show() {
        const { state, sent, size, video, title } = this.#item;
        const has_failed = state === 'error' || state === 'failed';
        this.root.dataset.state = state;
        this.#title.hidden = video !== null;
        this.#link.hidden = video === null;
        if (video) {
            this.#link.href = this.#watch.href = `/watch.html?v=${encodeURIComponent(video.video_id)}`;
            set_text(this.#link, title);
        }
        set_text(this.#text, state_text(this.#item));
        this.#text.classList.toggle('field-error', has_failed);
        const [kind, label] = kBadges[state] ?? [];
        this.#badge.hidden = !kind;
        this.#badge.className = `badge ${kind}`;
        set_text(this.#badge, label ?? '');
        set_text(this.#said, state === 'sending' ? 'Uploading' : state === 'processing' ? '' : this.#text.textContent);
        this.#bar.root.hidden = state !== 'sending';
        this.#bar.set(size ? 100 * sent / size : 0, bytes(sent));
        this.#processing.root.hidden = state !== 'processing';
        if (state === 'processing') this.#processing.show(video);
        this.#retry.hidden = !(has_failed || state === 'stopped') || (this.#item.file === null && state !== 'error');
        this.#watch.hidden = state !== 'ready';
        if (state === 'ready') this.#show_poster(video.thumbnails?.poster_url);
        const can_cancel = this.#item.is_fragile || state === 'processing';
        const name = `${can_cancel ? 'Cancel' : 'Remove from the list:'} ${title}`;
        this.#cancel.setAttribute('aria-label', name);
        this.#cancel.title = name;
    }
}
