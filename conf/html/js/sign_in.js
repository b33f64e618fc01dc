// The dialog to sign in and out.
import { make_dialog } from './dialog.js';
import { el } from './dom.js';
import { age, date_time } from './format.js';
import { demo_session, session } from './session.js';

/** Signs in with the demo session; a text for people if that fails. */
async function sign_in_demo(dialog, error) {
    try {
        session.sign_in((await demo_session()).token);
        dialog?.close();
    } catch (problem) {
        error.textContent = problem.message;
    }
}

function sign_in_form() {
    const error = el('p', { class: 'field-error', id: 'token-error', role: 'alert' });
    const input = el('textarea', { id: 'token', name: 'token', rows: '4', required: true, autofocus: true,
        autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', 'aria-describedby': 'token-help token-error',
        placeholder: 'eyJ…' });
    const demo = el('div', { class: 'demo', hidden: true });
    const form = el('form', { class: 'form', method: 'dialog', onsubmit: (event) => {
        event.preventDefault();
        try {
            session.sign_in(input.value);
            form.closest('dialog').close();
        } catch (problem) {
            error.textContent = problem.message;
            input.setAttribute('aria-invalid', 'true');
            input.focus();
        }
    } },
    demo,
    el('label', { for: 'token' }, 'API token'),
    input,
    el('p', { class: 'hint', id: 'token-help' },
        'Your operator gives you one. It stays in this tab and is forgotten when you close it.'),
    error,
    el('div', { class: 'actions end' }, el('button', { class: 'button primary' }, 'Sign in')));
    demo_session().then((offered) => {
        if (!offered) return;
        demo.append(
            el('button', { type: 'button', class: 'button primary wide',
                onclick: () => sign_in_demo(form.closest('dialog'), error) }, 'Continue with the demo session'),
            el('p', { class: 'or' }, 'or'));
        demo.hidden = false;
    });
    return form;
}

function account_view() {
    return el('div', { class: 'form' },
        el('dl', { class: 'facts' },
            el('dt', {}, 'Signed in as'), el('dd', {}, session.user ?? 'unnamed'),
            el('dt', {}, 'May'), el('dd', {}, session.scopes.join(', ') || 'nothing'),
            el('dt', {}, 'Valid until'), el('dd', {}, `${date_time(session.expires_at)}, ${
                age(new Date(session.expires_at).toISOString())}`)),
        el('div', { class: 'actions end' },
            el('button', { type: 'button', class: 'button', onclick: (event) => {
                event.target.closest('dialog').close();
                session.sign_out();
            } }, 'Sign out')));
}

/** Opens the dialog: to sign in, or to see for how long one is signed in and sign out. */
export function open_sign_in() {
    const dialog = session.token ? make_dialog('Account', account_view()) : make_dialog('Sign in', sign_in_form());
    dialog.showModal();
}

/** Buttons to sign in, for places that are empty without it. */
export function sign_in_buttons() {
    const error = el('p', { class: 'field-error', role: 'alert' });
    const token = el('button', { type: 'button', class: 'button primary', onclick: open_sign_in }, 'Sign in');
    const buttons = el('div', { class: 'actions' }, token);
    demo_session().then((offered) => {
        if (!offered) return;
        token.classList.remove('primary');
        buttons.prepend(el('button', { type: 'button', class: 'button primary',
            onclick: () => sign_in_demo(null, error) }, 'Continue with the demo session'));
    });
    return el('div', {}, buttons, error);
}
