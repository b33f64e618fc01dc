// Dialogs and short messages. <dialog> keeps the focus inside and gives it back when it closes.
import { el, icon_button } from './dom.js';

/** A dialog with a heading and a close button; show it with showModal(), it leaves the page when it closes. */
export function make_dialog(title, ...content) {
    const id = `dialog-${title.toLowerCase().replaceAll(/\W+/g, '-')}`;
    const dialog = el('dialog', { class: 'dialog', 'aria-labelledby': id, onclose: () => dialog.remove(),
        onclick: (event) => event.target === dialog && dialog.close() },
    el('div', { class: 'dialog-body' },
        el('div', { class: 'dialog-head' },
            el('h2', { id }, title),
            icon_button('close', 'Close', { onclick: () => dialog.close() })),
        ...content));
    document.body.append(dialog);
    return dialog;
}

/** Asks before something that cannot be undone. Resolves to true if the person agrees. */
export function confirm(title, text, action) {
    return new Promise((done) => {
        const dialog = make_dialog(title,
            el('p', {}, text),
            el('div', { class: 'actions end' },
                el('button', { type: 'button', class: 'button', autofocus: true, onclick: () => dialog.close() }, 'Cancel'),
                el('button', { type: 'button', class: 'button danger', onclick: () => dialog.close('yes') }, action)));
        dialog.addEventListener('close', () => done(dialog.returnValue === 'yes'));
        dialog.showModal();
    });
}

let toasts = null;

/** Says something for a few seconds, at the bottom of the page and to screen readers. */
export function toast(text) {
    if (!toasts) {
        toasts = el('div', { class: 'toasts', role: 'status' });
        document.body.append(toasts);
    }
    const item = el('div', { class: 'toast' }, text);
    toasts.replaceChildren(item);
    setTimeout(() => item.remove(), 5000);
}
