// The watch page: one video, from whatever state it is in to the end of it.
import { forget_start_time, start_time, video_id as id } from './address.js';
import { get_video, list_videos } from './api.js';
import { thumbnail } from './card.js';
import { Details } from './details.js';
import { el } from './dom.js';
import { age } from './format.js';
import { message, problem_message, sign_in_message } from './message.js';
import { take_head_start } from './player/head_start.js';
import { Opening } from './player/opening.js';
import { Player } from './player/player.js';
import { ProcessingView } from './processing.js';
import { session } from './session.js';
import { prepare_shell } from './shell.js';
import { poll, sleep } from './wait.js';

const stage = document.getElementById('stage');
const details = new Details(document.getElementById('details'), { player_time: () => player?.time ?? 0, taken_down });
let player = null;
let running = new AbortController();  // what belongs to the present attempt to show the video

/** Says something in place of the video, or over a player that may go on later. */
function show_message(content) {
    for (const child of [...stage.children]) if (child !== player?.root) child.remove();
    stage.append(el('div', { class: 'stage-message' }, content));
    stage.classList.add('covered');
    player?.root.setAttribute('inert', '');
}

function clear_message() {
    stage.querySelector('.stage-message')?.remove();
    stage.classList.remove('covered');
    player?.root.removeAttribute('inert');
}

function drop_player() {
    player?.destroy();
    player = null;
}

function taken_down() {
    drop_player();
    running.abort();
    details.clear();
    show_message(message({ symbol: 'trash', title: 'You took this video down',
        text: 'Nobody can watch it any more.' },
    el('div', { class: 'actions' }, el('a', { class: 'button', href: '/' }, 'All videos'))));
    stage.querySelector('.message-title').focus();
}

function failed_message(reason) {
    return message({ symbol: 'alert', title: 'This video could not be processed',
        text: reason || 'The file could not be used.' });
}

function gone_message() {
    return message({ symbol: 'gone', title: 'This video is not here',
        text: 'It was taken down, or the link is not right.' },
    el('div', { class: 'actions' }, el('a', { class: 'button', href: '/' }, 'All videos')));
}

/** What a problem of the stream means to someone who wants to watch. */
function show_problem(problem) {
    if (problem.status === 401 || !session.token) return show_message(sign_in_message('to watch'));
    if (problem.status === 403) {
        return show_message(message({ symbol: 'lock', title: 'You may not watch this video', text: problem.detail }));
    }
    if (problem.status === 404 && problem.slug !== 'media') {
        drop_player();
        details.clear();
        return show_message(gone_message());
    }
    if (problem.status === 409 && problem.slug === 'failed') {
        return show_message(failed_message(problem.body.reason ?? problem.detail));
    }
    if (problem.status === 409) return follow_processing();
    return show_message(problem_message(problem, show_video));
}

/** Shows how far the processing is; the video starts by itself when it is done. */
async function follow_processing() {
    drop_player();
    const { signal } = running;
    const view = new ProcessingView();
    show_message(message({ symbol: 'clock', title: 'This video is being processed',
        text: 'It starts here by itself as soon as it is ready.' }, view.root));
    let ended;
    try {
        await poll(async () => {
            const video = await get_video(id, signal);
            const has_changed = video.progress !== ended?.progress || video.stage !== ended?.stage;
            ended = video;
            view.show(video);
            details.show(video);
            return video.status === 'processing' || video.status === 'uploading' ? (has_changed ? 'changed' : false) : true;
        }, { signal });
    } catch (problem) {
        if (!signal.aborted) show_problem(problem);
        return;
    }
    if (signal.aborted) return;
    if (ended.status === 'failed') show_message(failed_message(ended.reason));
    else show_video();
}

function begin_player(opening, grant) {
    const next = new Player(opening, grant);
    next.addEventListener('refused', ({ problem }) => next === player && show_problem(problem));
    player = next;
    clear_message();
    forget_start_time();  // a later attempt goes on where this one stopped
    player.start().catch((error) => next === player
        && show_problem({ status: 0, title: 'The player could not be loaded', detail: error.message }));
    details.follow(player.video);
}

/** Waits for the right to play, and makes a player of what was opened. */
async function open_player(opening, signal) {
    const wait = el('div', { class: 'stage-wait', role: 'status' }, el('span', { class: 'visually-hidden' }, 'Loading'));
    if (opening.root.parentNode !== stage) stage.replaceChildren(opening.root);
    stage.append(wait);
    try {
        const grant = await opening.grant;
        if (!signal.aborted) begin_player(opening, grant);
    } catch (problem) {
        opening.stop();
        if (!signal.aborted) show_problem(problem);
    } finally {
        wait.remove();
    }
}

/** Shows the video, whatever state it and the session are in. */
async function show_video() {
    running.abort();
    running = new AbortController();
    const { signal } = running;
    const begun = take_head_start();
    if (!id) return show_message(gone_message());
    if (!session.token) {
        begun?.stop();
        return show_message(sign_in_message('to watch'));
    }
    if (player) return go_on();
    const opening = begun ?? new Opening(id, start_time());
    signal.addEventListener('abort', () => player?.root !== opening.root && opening.stop());
    const video = get_video(id, signal).catch(() => null);
    await open_player(opening, signal);
    const known = await video;
    if (signal.aborted || !known) return;
    details.show(known);
    player?.describe(known.title);
    await first_picture(signal);
    show_others(signal);
    if (is_provisional(known)) follow_better(signal);
}

/** Is this a copy or a draft, while better qualities are being made? */
function is_provisional({ status, processed_at, reason }) {
    return status === 'ready' && !processed_at && !reason;
}

/** Waits for them, patiently: the video plays meanwhile. */
async function follow_better(signal) {
    let known = null;
    try {
        await poll(async () => {
            known = await get_video(id, signal);
            if (!signal.aborted) details.show(known);
            return !is_provisional(known);
        }, { signal, first: 2000 });
    } catch { /* what is the matter with the video, the player gets to know */ }
    if (!signal.aborted && known?.processed_at) player?.offer_better();
}

/** Resolves when a picture is there, or soon anyway: what is less important comes after it. */
function first_picture(signal) {
    return new Promise((done) => {
        if (player?.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) done();
        player?.video.addEventListener('loadeddata', done, { once: true });
        sleep(player ? 1500 : 0, signal).then(done, done);
    });
}

/** A player that was interrupted goes on where it was. */
async function go_on() {
    try {
        await player.resume();
        clear_message();
    } catch (problem) {
        show_problem(problem);
    }
}

async function show_others(signal) {
    try {
        const { videos } = await list_videos({ status: 'ready', limit: 13 }, signal);
        const others = videos.filter((video) => video.video_id !== id).slice(0, 12);
        document.getElementById('others').hidden = others.length === 0;
        document.getElementById('other-list').replaceChildren(...others.map((video) => el('li', {},
            el('a', { class: 'other', href: `/watch.html?v=${encodeURIComponent(video.video_id)}` }, thumbnail(video),
                el('div', { class: 'other-text' }, el('h3', {}, video.title),
                    el('p', { class: 'hint' }, [video.uploader_id, age(video.uploaded_at)].filter(Boolean).join(' · ')))))));
    } catch { /* the list is an extra */ }
}

session.addEventListener('change', () => {
    // Signed out by oneself, what plays stops; a sign-in that ended lets it play on while its URLs are valid.
    if (!session.token && session.ended && player) return;
    if (!session.token) {
        drop_player();
        details.clear();
    }
    show_video();
});
prepare_shell();
show_video();
