// The keyboard: one table, for what keys do and for the list that "?" shows.
import { make_dialog } from '../dialog.js';
import { el } from '../dom.js';

const kTable = [
    { keys: [' ', 'k'], shown: ['Space', 'K'], does: 'Play or pause', run: (player) => player.toggle() },
    { keys: ['j'], shown: ['J'], does: 'Back 10 seconds', run: (player) => player.skip(-10) },
    { keys: ['l'], shown: ['L'], does: 'Forward 10 seconds', run: (player) => player.skip(10) },
    { keys: ['ArrowLeft'], shown: ['←'], does: 'Back 5 seconds', run: (player) => player.skip(-5) },
    { keys: ['ArrowRight'], shown: ['→'], does: 'Forward 5 seconds', run: (player) => player.skip(5) },
    { keys: ['ArrowUp'], shown: ['↑'], does: 'Louder', within: true, run: (player) => player.louder(0.05) },
    { keys: ['ArrowDown'], shown: ['↓'], does: 'Quieter', within: true, run: (player) => player.louder(-0.05) },
    { keys: ['m'], shown: ['M'], does: 'Mute', run: (player) => player.toggle_mute() },
    { keys: ['c'], shown: ['C'], does: 'Subtitles', run: (player) => player.toggle_subtitles() },
    { keys: ['f'], shown: ['F'], does: 'Full screen', run: (player) => player.toggle_fullscreen() },
    { keys: ['<'], shown: ['<'], does: 'Slower', run: (player) => player.change_speed(-1) },
    { keys: ['>'], shown: ['>'], does: 'Faster', run: (player) => player.change_speed(1) },
    { keys: [...'0123456789'], shown: ['0', '…', '9'], does: 'To that tenth of the video',
        run: (player, key) => player.seek_to_share(Number(key) / 10) },
    { keys: ['?'], shown: ['?'], does: 'This list', run: () => show_keys() },
];

/** Opens the list of shortcuts. */
export function show_keys() {
    make_dialog('Keyboard shortcuts', el('dl', { class: 'key-list' }, kTable.flatMap(({ shown, does }) => [
        el('dt', {}, does), el('dd', {}, shown.map((key) => (key === '…' ? '…' : el('kbd', {}, key))))])))
        .showModal();
}

/** Does the element need this key itself? */
function wants(element, key) {
    if (element.matches('input:not([type="range"]), textarea, select, [contenteditable]')) return true;
    // Space presses a button that one came to by keyboard; after a click it plays and pauses, as anywhere else.
    if (key === ' ' && element.matches('button:focus-visible, a, label, summary')) return true;
    return element.matches('.volume') && key.startsWith('Arrow');
}

/** Listens on the whole page; only loudness needs the focus within the player, since arrows also scroll. */
export function listen_to_keys(player, root, signal) {
    document.addEventListener('keydown', (event) => {
        if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
        if (document.querySelector('dialog[open]') || wants(event.target, event.key)) return;
        const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
        const entry = kTable.find(({ keys }) => keys.includes(key));
        if (!entry || (entry.within && !root.contains(event.target) && !document.fullscreenElement)) return;
        event.preventDefault();
        entry.run(player, key);
    }, { signal });
}
