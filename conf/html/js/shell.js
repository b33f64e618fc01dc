// The bar on top of every page: theme, account, and what follows from who is signed in.
import { set_icon } from './dom.js';
import { session } from './session.js';
import { open_sign_in } from './sign_in.js';
import { recall, remember } from './store.js';

const kThemes = ['system', 'light', 'dark'];
const kThemeIcons = { system: 'system', light: 'sun', dark: 'moon' };

function show_theme(button, theme) {
    set_icon(button, kThemeIcons[theme]);
    button.setAttribute('aria-label', `Colours: ${theme}`);
    button.title = `Colours: ${theme}`;
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
}

function prepare_theme(button) {
    let theme = recall('theme', 'system');
    if (!kThemes.includes(theme)) theme = 'system';
    show_theme(button, theme);
    button.addEventListener('click', () => {
        theme = kThemes[(kThemes.indexOf(theme) + 1) % kThemes.length];
        remember('theme', theme === 'system' ? null : theme);
        show_theme(button, theme);
    });
}

function show_account(button, upload) {
    const label = session.user ?? (session.token ? 'Account' : 'Sign in');
    button.querySelector('.label').textContent = label;
    button.setAttribute('aria-label', session.token ? `Account: ${label}` : 'Sign in');
    button.classList.toggle('signed-in', session.token !== null);
    upload.hidden = session.token !== null && !session.can('upload');
}

/** Tells the bar when something is below it. */
function follow_scrolling() {
    const bar = document.querySelector('.bar');
    const show = () => bar.classList.toggle('over', scrollY > 0);
    addEventListener('scroll', show, { passive: true });
    show();
}

/** Brings the bar to life. */
export function prepare_shell() {
    follow_scrolling();
    prepare_theme(document.getElementById('theme'));
    const account = document.getElementById('account');
    const upload = document.getElementById('to-upload');
    show_account(account, upload);
    account.addEventListener('click', open_sign_in);
    session.addEventListener('change', () => show_account(account, upload));
}
