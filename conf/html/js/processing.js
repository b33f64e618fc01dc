// What happens between an upload and the first picture, in words and bars.
import { el, icon, set_text } from './dom.js';

const kSteps = [
    { label: 'Waiting', stages: [''] },
    { label: 'Reading', stages: ['probe'] },
    { label: 'Converting', stages: ['video', 'audio'] },
    { label: 'Checking', stages: ['assemble', 'check'] },
    { label: 'Publishing', stages: ['publish'] },
];

function step_of(video) {
    if (video.status === 'ready') return kSteps.length;
    const found = kSteps.findIndex((step) => step.stages.includes(video.stage ?? ''));
    return found < 0 ? 2 : found;  // a stage that a newer worker has: somewhere in between
}

/** The step a video is at, as a short text. */
export function stage_text(video) {
    if (video.status === 'ready') return 'Ready';
    if (video.status === 'failed') return 'Failed';
    return kSteps[step_of(video)].label;
}

/** A progress bar: {root, set(percent, text)}. */
export function progress_bar(label) {
    const fill = el('div', { class: 'progress-fill' });
    const root = el('div', { class: 'progress', role: 'progressbar', 'aria-label': label, 'aria-valuemin': '0',
        'aria-valuemax': '100' }, fill);
    return {
        root,
        set(percent, text) {
            const value = Math.max(0, Math.min(100, percent || 0));
            fill.style.transform = `scaleX(${value / 100})`;
            root.setAttribute('aria-valuenow', String(Math.round(value)));
            if (text) root.setAttribute('aria-valuetext', text);
        },
    };
}

/** Shows a video's processing, in the element `root`. Steps are told to screen readers, percentages are not. */
export class ProcessingView {
    #total = progress_bar('Processing');
    #said = el('p', { class: 'visually-hidden', role: 'status' });
    #percent = el('span', { class: 'percent' });
    #steps = kSteps.map((step) => el('li', {}, icon('check'), el('span', {}, step.label)));
    #renditions = el('ul', { class: 'rendition-bars' });
    #bars = new Map();

    constructor() {
        this.root = el('div', { class: 'process' },
            el('div', { class: 'process-total' }, this.#total.root, this.#percent),
            el('ol', { class: 'steps' }, this.#steps), this.#renditions, this.#said);
    }

    show(video) {
        const at = step_of(video);
        this.#total.set(video.progress, `${Math.round(video.progress || 0)} %, ${stage_text(video)}`);
        set_text(this.#percent, `${Math.round(video.progress || 0)} %`);
        this.#steps.forEach((item, i) => {
            item.className = i < at ? 'done' : i === at ? 'now' : '';
            if (i === at) item.setAttribute('aria-current', 'step');
            else item.removeAttribute('aria-current');
        });
        set_text(this.#said, stage_text(video));
        for (const rendition of video.renditions ?? []) this.#show_rendition(rendition);
    }

    #show_rendition({ name, language, progress }) {
        if (progress === null || progress === undefined) return;
        let bar = this.#bars.get(name);
        if (!bar) {
            const label = name.startsWith('audio') ? `Audio ${language ?? ''}`.trim() : name;
            bar = progress_bar(label);
            this.#bars.set(name, bar);
            this.#renditions.append(el('li', {}, el('span', {}, label), bar.root));
        }
        bar.set(progress);
    }
}
