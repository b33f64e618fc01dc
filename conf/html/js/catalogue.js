// The catalogue: a grid of videos that grows as one scrolls, narrowed by a search and a status.
import { get_video, list_videos } from './api.js';
import { make_card } from './card.js';
import { el } from './dom.js';
import { plural } from './format.js';
import { message, problem_message, sign_in_message } from './message.js';
import { session } from './session.js';
import { prepare_shell } from './shell.js';
import { poll } from './wait.js';

const kPage = 24;
const kDebounce = 200;  // ms after the last key
const kFilters = [['', 'All'], ['ready', 'Ready'], ['processing', 'Processing'], ['failed', 'Failed']];

const content = document.getElementById('content');
const said = document.getElementById('said');
const more = document.getElementById('more');
const more_button = document.getElementById('more-button');
const heading = document.getElementById('heading');
const filters = document.getElementById('filters');
const search = document.getElementById('q');

const asked = { q: '', status: '' };
let grid = null;
let cursor = null;
let running = new AbortController();  // everything that belongs to the list that is shown
let is_loading = false;
let has_failed = false;  // the button, not scrolling, tries again
let timer = null;

function read_address() {
    const query = new URLSearchParams(location.search);
    asked.q = query.get('q') ?? '';
    asked.status = kFilters.some(([status]) => status === query.get('status')) ? query.get('status') : '';
    search.value = asked.q;
    show_filters();
}

function write_address() {
    const query = new URLSearchParams(Object.entries(asked).filter(([, value]) => value));
    history.replaceState(null, '', query.size ? `/?${query}` : '/');
}

function show_filters() {
    for (const chip of filters.children) chip.setAttribute('aria-pressed', String(chip.value === asked.status));
}

function show_skeletons() {
    const one = () => el('li', { class: 'card' }, el('div', { class: 'thumb skeleton' }),
        el('div', { class: 'skeleton line' }), el('div', { class: 'skeleton line short' }));
    content.replaceChildren(el('ul', { class: 'grid', 'aria-hidden': 'true' }, Array.from({ length: 12 }, one)));
}

function show_empty() {
    if (asked.q || asked.status) {
        const what = asked.q ? `No video matches “${asked.q}”.` : 'No video has this status.';
        content.replaceChildren(message({ symbol: 'search', title: 'Nothing found', text: what },
            el('div', { class: 'actions' }, el('button', { type: 'button', class: 'button', onclick: clear }, 'Show all videos'))));
        return;
    }
    const can = session.can('upload');
    content.replaceChildren(message({ symbol: 'film', title: 'No videos yet',
        text: can ? 'What you upload appears here as soon as it can be watched.' : 'What is published appears here.' },
    can && el('div', { class: 'actions' }, el('a', { class: 'button primary', href: '/upload.html' }, 'Upload a video'))));
}

function clear() {
    asked.q = asked.status = search.value = '';
    search.focus();
    reload();
}

/** Follows a video that is being processed until its card can show it. */
async function follow(card, signal) {
    const id = card.dataset.id;
    let shown = '';
    const look = async () => {
        const video = await get_video(id, signal);
        const state = `${video.status} ${Math.round(video.progress || 0)}`;
        if (state !== shown) {
            const had_focus = card.contains(document.activeElement);
            const fresh = make_card({ ...video, poster_url: video.thumbnails?.poster_url });
            card.replaceWith(fresh);
            card = fresh;
            if (had_focus) card.querySelector('a').focus();
            if (video.status === 'ready') said.textContent = `${video.title} is ready.`;
        }
        const changed = shown !== '' && shown !== state;
        shown = state;
        return video.status === 'ready' || video.status === 'failed' || (changed ? 'changed' : false);
    };
    try {
        await poll(look, { signal, first: 2000, most: 15000 });
    } catch (problem) {
        if (problem.status === 404) card.remove();
    }
}

function append(videos, signal) {
    if (!grid) {
        grid = el('ul', { class: 'grid' });
        content.replaceChildren(grid);
    }
    const cards = videos.map(make_card);
    grid.append(...cards);
    for (const card of cards) if (card.dataset.status === 'processing') follow(card, signal);
}

async function load_page() {
    if (is_loading) return;
    is_loading = true;
    has_failed = false;
    more_button.disabled = true;
    const { signal } = running;
    try {
        const page = await list_videos({ ...asked, limit: kPage, cursor }, signal);
        const first = cursor === null;
        cursor = page.next_cursor;
        if (first && page.videos.length === 0) show_empty();
        else append(page.videos, signal);
        more.hidden = cursor === null;
        said.textContent = first ? `${plural(page.videos.length, 'video')}${cursor ? ' and more' : ''}.`
            : `${plural(page.videos.length, 'more video')}.`;
    } catch (problem) {
        if (signal.aborted) return;
        if (!session.token) return show_signed_out();
        has_failed = true;  // what is there stays
        if (!grid) content.replaceChildren(problem_message(problem, reload));
        more.hidden = grid === null;
        said.textContent = problem.message;
    } finally {
        if (!signal.aborted) is_loading = more_button.disabled = false;
    }
    if (is_near_end()) load_page();
}

function is_near_end() {
    return !more.hidden && !has_failed && more.getBoundingClientRect().top < innerHeight + 600;
}

function show_signed_out() {
    more.hidden = true;
    filters.hidden = true;
    heading.textContent = 'Videos';
    content.replaceChildren(sign_in_message('to see the videos'));
}

/** Shows the list for what is asked, from its beginning. */
function reload() {
    running.abort();
    running = new AbortController();
    clearTimeout(timer);
    is_loading = false;
    cursor = null;
    grid = null;
    more.hidden = true;
    if (!session.token) return show_signed_out();
    filters.hidden = false;
    heading.textContent = asked.q ? `Results for “${asked.q}”` : 'Videos';
    document.title = asked.q ? `${asked.q} · Mezz` : 'Mezz';
    show_filters();
    write_address();
    show_skeletons();
    load_page();
}

function search_now() {
    clearTimeout(timer);
    if (search.value.trim() === asked.q) return;
    asked.q = search.value.trim();
    reload();
}

for (const [status, label] of kFilters) {
    filters.append(el('button', { type: 'button', class: 'chip', value: status, onclick: () => {
        asked.status = status;
        reload();
    } }, label));
}
search.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(search_now, kDebounce);
});
search.form.addEventListener('submit', (event) => {
    event.preventDefault();
    search_now();
});
document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.target.matches('input, textarea')) return;
    event.preventDefault();
    search.focus();
});
more_button.addEventListener('click', load_page);
new IntersectionObserver(([entry]) => entry.isIntersecting && !has_failed && load_page(), { rootMargin: '600px' }).observe(more);
session.addEventListener('change', reload);
prepare_shell();
read_address();
reload();
