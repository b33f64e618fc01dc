// What a page says in place of its content: nothing here, not allowed, no connection.
import { el, icon } from './dom.js';
import { session } from './session.js';
import { sign_in_buttons } from './sign_in.js';

/** A message with an icon, a heading, a text and, below it, whatever helps. */
export function message({ symbol, title, text, level = 'h2' }, ...help) {
    return el('div', { class: 'message' },
        el('div', { class: 'message-icon' }, icon(symbol)),
        el(level, { class: 'message-title', tabindex: '-1' }, title),
        text && el('p', {}, text),
        ...help);
}

/** What to say to someone who is not signed in, or no longer. */
export function sign_in_message(purpose) {
    return message(session.ended
        ? { symbol: 'clock', title: 'Your sign-in has ended', text: `Sign in again ${purpose}.` }
        : { symbol: 'lock', title: 'Sign in', text: `Please sign in ${purpose}.` }, sign_in_buttons());
}

/** What to say of a problem; `again` is called by the button to try again. */
export function problem_message(problem, again) {
    const retry = again && el('button', { type: 'button', class: 'button', onclick: again }, 'Try again');
    return message({ symbol: problem.status === 0 ? 'offline' : 'alert', title: problem.title,
        text: problem.detail || null }, retry && el('div', { class: 'actions' }, retry));
}
