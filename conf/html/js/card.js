// One video of the catalogue.
import { get_video } from './api.js';
import { el, icon } from './dom.js';
import { age, clock, date_time } from './format.js';
import { stage_text } from './processing.js';
import { position_of } from './resume.js';

/** What a video's status is called; empty for those that can be watched. */
function badge(video) {
    if (video.status === 'ready') return null;
    const text = video.status === 'processing' ? `Processing ${Math.round(video.progress || 0)} %`
        : video.status === 'failed' ? 'Failed' : stage_text(video);
    return el('span', { class: `badge ${video.status}` }, text);
}

/** An <img> of a poster. Its URL is signed and may have expired when it is loaded late: then one fresh URL is tried. */
function poster_image(video) {
    let tried = false;
    const image = el('img', { src: video.poster_url, alt: '', loading: 'lazy', decoding: 'async',
        onload: () => image.classList.add('loaded'),
        onerror: async () => {
            if (tried) return image.remove();
            tried = true;
            try {
                image.src = (await get_video(video.video_id)).thumbnails.poster_url;
            } catch {
                image.remove();
            }
        } });
    return image;
}

/** The picture of a video with what lies over it: duration, status, how far one has watched. */
export function thumbnail(video) {
    const seen = position_of(video.video_id);
    let bar = null;
    if (seen && video.duration_ms) {
        bar = el('div', { class: 'seen' }, el('div', { class: 'seen-fill' }));
        bar.firstChild.style.transform = `scaleX(${Math.min(1, seen / (video.duration_ms / 1000))})`;
    }
    return el('div', { class: 'thumb' },
        el('div', { class: 'thumb-empty' }, icon(video.status === 'failed' ? 'alert' : 'film')),
        video.poster_url && poster_image(video),
        badge(video),
        video.status === 'ready' && video.duration_ms > 0 &&
            el('span', { class: 'duration' }, clock(video.duration_ms / 1000)),
        bar);
}

/** A whole card, as an item of the list. */
export function make_card(video) {
    const facts = [video.uploader_id, age(video.uploaded_at)].filter(Boolean).join(' · ');
    return el('li', { class: 'card', 'data-id': video.video_id, 'data-status': video.status },
        el('a', { href: `/watch.html?v=${encodeURIComponent(video.video_id)}` },
            thumbnail(video),
            el('h2', { class: 'card-title' }, video.title)),
        el('p', { class: 'card-facts', title: date_time(video.uploaded_at) }, facts),
        video.status === 'failed' && video.reason && el('p', { class: 'card-reason' }, video.reason));
}
