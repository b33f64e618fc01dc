// What is known of a video, below the player; its owner may edit it and take it down.
import { delete_video, patch_video } from './api.js';
import { confirm, toast } from './dialog.js';
import { el, icon, set_text } from './dom.js';
import { age, clock, date_time } from './format.js';
import { session } from './session.js';

/** The page's address for a video, from a time on if it is not 0. */
function link_to(id, seconds) {
    const url = new URL('/watch.html', location.origin);
    url.searchParams.set('v', id);
    if (seconds >= 1) url.searchParams.set('t', String(Math.floor(seconds)));
    return url.href;
}

async function copy(text) {
    try {
        await navigator.clipboard.writeText(text);
        toast('Link copied');
    } catch {
        window.prompt('Copy this link:', text);  // no clipboard without HTTPS
    }
}

function text_field(id, label, input) {
    const error = el('p', { class: 'field-error', id: `${id}-error`, role: 'alert' });
    input.id = id;
    input.setAttribute('aria-describedby', error.id);
    return { input, error, root: el('div', { class: 'form' }, el('label', { for: id }, label), input, error) };
}

export class Details {
    #root;
    #hooks;
    #video = null;
    #is_editing = false;
    #at = el('span', {});
    #shown = '';

    /** `hooks`: player_time() → seconds, taken_down() after the video was. */
    constructor(root, hooks) {
        this.#root = root;
        this.#hooks = hooks;
        session.addEventListener('change', () => this.#video && this.#build());
    }

    /** Shows a video; an edit that is under way is left alone. */
    show(video) {
        const now = JSON.stringify([video.title, video.description, video.status, video.duration_ms, video.notes,
            video.processed_at, video.reason]);
        this.#video = video;
        document.title = `${video.title} · Mezz`;
        if (now === this.#shown || this.#is_editing) return;
        this.#shown = now;
        this.#build();
    }

    /** Keeps the label of "copy link at" at the player's time. */
    follow(video_element) {
        const show = () => set_text(this.#at, clock(video_element.currentTime));
        video_element.addEventListener('timeupdate', show);
        show();
    }

    clear() {
        this.#video = null;
        this.#shown = '';
        this.#is_editing = false;
        this.#root.replaceChildren();
        document.title = 'Mezz';
    }

    #build() {
        const video = this.#video;
        this.#is_editing = false;
        const facts = [video.uploader_id, video.duration_ms > 0 && clock(video.duration_ms / 1000)].filter(Boolean);
        this.#root.replaceChildren(
            el('div', { class: 'details-head' },
                el('div', { class: 'details-title' },
                    el('h1', {}, video.title),
                    el('p', { class: 'details-facts' }, `${facts.join(' · ')}${facts.length ? ' · ' : ''}`,
                        el('time', { datetime: video.uploaded_at, title: date_time(video.uploaded_at) }, age(video.uploaded_at)))),
                this.#actions()),
            ...this.#texts());
    }

    #texts() {
        const { description, notes, processed_at, reason, status } = this.#video;
        return [
            description && el('p', { class: 'description' }, description),
            status === 'ready' && !processed_at && el('p', { class: 'outlook' },
                reason ? `Better qualities could not be made: ${reason}` : 'Better qualities are being made.'),
            session.owns(this.#video) && notes?.length > 0 && el('details', { class: 'notes' },
                el('summary', {}, 'About the file'), el('ul', {}, notes.map((note) => el('li', {}, String(note))))),
        ].filter(Boolean);
    }

    #actions() {
        const video = this.#video;
        const is_ready = video.status === 'ready';
        const owner = session.owns(video) ? [
            el('button', { type: 'button', class: 'button', id: 'edit', onclick: () => this.#edit() }, icon('pencil'), 'Edit'),
            el('button', { type: 'button', class: 'button', onclick: () => this.#take_down() }, icon('trash'), 'Take down'),
        ] : [];
        return el('div', { class: 'actions' },
            el('button', { type: 'button', class: 'button', onclick: () => copy(link_to(video.video_id, 0)) },
                icon('link'), 'Copy link'),
            is_ready && el('button', { type: 'button', class: 'button',
                onclick: () => copy(link_to(video.video_id, this.#hooks.player_time())) }, icon('clock'),
            el('span', {}, 'Copy link at ', this.#at)),
            ...owner);
    }

    #edit() {
        const video = this.#video;
        this.#is_editing = true;
        const title = text_field('edit-title', 'Title', el('input', { class: 'field', maxlength: '500', required: true }));
        const description = text_field('edit-description', 'Description',
            el('textarea', { class: 'field', rows: '6', maxlength: '10000' }));
        title.input.value = video.title;
        description.input.value = video.description ?? '';
        const general = el('p', { class: 'field-error', role: 'alert' });
        const save = el('button', { class: 'button primary' }, 'Save');
        const close = () => {
            this.#build();
            this.#root.querySelector('#edit')?.focus();
        };
        const form = el('form', { class: 'form edit', onsubmit: async (event) => {
            event.preventDefault();
            save.disabled = true;
            if (await this.#save({ title, description }, general)) close();
            save.disabled = false;
        }, onkeydown: (event) => event.key === 'Escape' && close() },
        title.root, description.root, general,
        el('div', { class: 'actions' }, save, el('button', { type: 'button', class: 'button', onclick: close }, 'Cancel')));
        this.#root.replaceChildren(form);
        title.input.focus();
    }

    /** Sends what was changed; false, with the reason at the field, if it was not taken. */
    async #save(fields, general) {
        const errors = { title: fields.title.error, description: fields.description.error };
        for (const error of [...Object.values(errors), general]) error.textContent = '';
        try {
            this.#video = await patch_video(this.#video.video_id,
                { title: fields.title.input.value.trim(), description: fields.description.input.value.trim() });
            document.title = `${this.#video.title} · Mezz`;
            toast('Saved');
            return true;
        } catch (problem) {
            (errors[problem.field] ?? general).textContent = problem.message;
            fields[problem.field]?.input.focus();
            return false;
        }
    }

    async #take_down() {
        const { title, video_id } = this.#video;
        const agreed = await confirm('Take this video down?',
            `“${title}” can then no longer be watched, by anybody. This cannot be undone.`, 'Take down');
        if (!agreed) return;
        try {
            await delete_video(video_id);
            this.#hooks.taken_down();
        } catch (problem) {
            toast(problem.message);
        }
    }
}
