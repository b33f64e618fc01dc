// The upload page: files dropped or chosen, several at once.
import { get_video } from './api.js';
import { el, icon } from './dom.js';
import { message, sign_in_message } from './message.js';
import { session } from './session.js';
import { prepare_shell } from './shell.js';
import { recall, remember } from './store.js';
import { UploadItem } from './upload_item.js';
import { UploadQueue } from './upload_queue.js';
import { UploadRow } from './upload_row.js';

const kKept = 'uploads';  // videos that are being processed, so that a reload finds them again
const content = document.getElementById('content');
const queue = new UploadQueue();
const items = new Map();  // UploadItem → UploadRow
let list = null;
let heading = null;

function keep() {
    const ids = [...items.keys()].filter((item) => item.state === 'processing').map((item) => item.video.video_id);
    remember(kKept, ids.length ? ids : null, 'sessionStorage');
}

/** With uploads below it, the place to drop files is smaller. */
function show_list() {
    heading.hidden = items.size === 0;
    content.classList.toggle('has-uploads', items.size > 0);
}

function add(item) {
    const row = new UploadRow(item, { again, remove });
    items.set(item, row);
    list.append(row.root);
    show_list();
    item.addEventListener('change', keep);
    queue.add(item);
}

function again(item) {
    item.reset();
    queue.add(item);
}

function remove(item) {
    const { root } = items.get(item);
    const next = root.nextElementSibling ?? root.previousElementSibling;
    items.delete(item);
    root.remove();
    show_list();
    (next?.querySelector('a, button, input') ?? document.getElementById('files')).focus();
}

function add_files(files) {
    for (const file of files) add(new UploadItem(file));
}

async function restore() {
    for (const id of recall(kKept, [], 'sessionStorage')) {
        if ([...items.keys()].some((item) => item.video?.video_id === id)) continue;
        try {
            add(new UploadItem(null, await get_video(id)));
        } catch { /* gone, or not ours to see: nothing to follow */ }
    }
}

function drop_zone() {
    const input = el('input', { id: 'files', type: 'file', multiple: true, accept: 'video/*,audio/*,.mkv,.mts,.m2ts,.mxf,.ts',
        class: 'visually-hidden', onchange: () => {
            add_files(input.files);
            input.value = '';
        } });
    return el('label', { class: 'drop', for: 'files' }, input,
        el('span', { class: 'message-icon' }, icon('upload')),
        el('span', { class: 'drop-title' }, 'Drop videos here'),
        el('span', { class: 'hint' }, 'Several at once is fine. Any common format, any length.'),
        el('span', { class: 'button primary', 'aria-hidden': 'true' }, 'Choose files'));
}

/** Files may be dropped anywhere on the page. */
function accept_drops() {
    let depth = 0;  // of elements that the pointer has entered
    const mark = () => document.body.classList.toggle('dropping', depth > 0);
    const has_files = (event) => list !== null && event.dataTransfer?.types.includes('Files');
    addEventListener('dragenter', (event) => {
        if (has_files(event)) ++depth;
        mark();
    });
    addEventListener('dragleave', (event) => {
        if (has_files(event)) depth = Math.max(0, depth - 1);
        mark();
    });
    addEventListener('dragover', (event) => has_files(event) && event.preventDefault());
    addEventListener('drop', (event) => {
        if (!has_files(event)) return;
        event.preventDefault();
        depth = 0;
        mark();
        // A folder has no type and no size that means anything; it cannot be sent.
        add_files([...event.dataTransfer.items].filter((item) => item.webkitGetAsEntry?.()?.isDirectory !== true)
            .map((item) => item.getAsFile()).filter(Boolean));
    });
}

function show() {
    if (items.size > 0) return;  // a sign-in that ends does not take away what is going on
    list = heading = null;
    if (!session.token) {
        content.replaceChildren(sign_in_message('to upload videos'));
    } else if (!session.can('upload')) {
        content.replaceChildren(message({ symbol: 'lock', title: 'You may watch, but not upload',
            text: 'Your token does not allow uploads. Ask your operator for one that does.' }));
    } else {
        list = el('ul', { class: 'rows' });
        heading = el('h2', { hidden: true }, 'Your uploads');
        content.replaceChildren(drop_zone(), heading, list);
        restore();
    }
}

addEventListener('beforeunload', (event) => {
    if ([...items.keys()].some((item) => item.is_fragile)) event.preventDefault();
});
session.addEventListener('change', show);
accept_drops();
prepare_shell();
show();
