// The player's elements.
import { el, icon, icon_button } from '../dom.js';

function range(label, attributes) {
    return el('input', { type: 'range', 'aria-label': label, min: '0', ...attributes });
}

/** Builds the player without behaviour around a <video> in its element; the parts by name. */
export function build_view({ root, video }) {
    const seek = range('Position', { class: 'seek', max: '1', step: 'any', value: '0' });
    const preview_picture = el('div', { class: 'preview-picture' });
    const preview_time = el('span', { class: 'preview-time' });
    const preview = el('div', { class: 'preview', 'aria-hidden': 'true', hidden: true }, preview_picture, preview_time);
    const buffered = el('div', { class: 'buffered' });
    const track = el('div', { class: 'seek-track' }, buffered, el('div', { class: 'played' }), seek, preview);
    const play = icon_button('play', 'Play', { class: 'control' });
    const mute = icon_button('volume', 'Mute', { class: 'control' });
    const volume = range('Volume', { class: 'volume', max: '1', step: '0.05' });
    const now = el('span', {}, '0:00');
    const length = el('span', {}, '0:00');
    const captions = icon_button('captions', 'Subtitles', { class: 'control', 'aria-pressed': 'false', hidden: true });
    const settings = icon_button('gear', 'Settings', { class: 'control', 'aria-haspopup': 'menu', 'aria-expanded': 'false' });
    const keys = icon_button('keyboard', 'Keyboard shortcuts', { class: 'control keys' });
    const fullscreen = icon_button('fullscreen', 'Full screen', { class: 'control' });
    const controls = el('div', { class: 'controls', role: 'group', 'aria-label': 'Player controls' }, track,
        el('div', { class: 'control-row' }, play, el('div', { class: 'volume-group' }, mute, volume),
            el('span', { class: 'time', 'aria-hidden': 'true' }, now, ' / ', length),
            el('span', { class: 'spacer' }), captions, settings, keys, fullscreen));
    const big_play = el('button', { type: 'button', class: 'big-play', 'aria-label': 'Play', hidden: true }, icon('play'));
    const spinner = el('div', { class: 'spinner', hidden: true, role: 'status' },
        el('span', { class: 'visually-hidden' }, 'Loading'));
    const notice_text = el('span');
    const notice_button = el('button', { type: 'button', class: 'notice-button' });
    const notice = el('div', { class: 'notice', hidden: true }, icon('offline'), notice_text, notice_button);
    const bubble = el('div', { class: 'bubble', 'aria-hidden': 'true', hidden: true });
    const said = el('p', { class: 'visually-hidden', 'aria-live': 'polite' });
    root.append(el('div', { class: 'shade' }), spinner, big_play, bubble,
        el('div', { role: 'alert', class: 'notice-place' }, notice), controls, said);
    return { root, video, seek, track, buffered, preview, preview_picture, preview_time, play, mute, volume, now, length, captions,
        settings, keys, fullscreen, controls, big_play, spinner, notice, notice_text, notice_button, bubble, said };
}
