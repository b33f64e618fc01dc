// What lies over the picture: the spinner, the large button, short answers to keys, and notices.
import { el, set_icon } from '../dom.js';

const kSpinnerAfter = 250;  // ms of waiting that nobody needs to see
const kBubbleFor = 900;  // ms

export class Overlay {
    #view;
    #spinner_timer = null;
    #bubble_timer = null;
    #still = null;

    constructor(view) {
        this.#view = view;
    }

    /** Shows the spinner, if the wait is not over soon; or takes it away. */
    wait(is_waiting) {
        clearTimeout(this.#spinner_timer);
        if (is_waiting) this.#spinner_timer = setTimeout(() => { this.#view.spinner.hidden = false; }, kSpinnerAfter);
        else this.#view.spinner.hidden = true;
    }

    /** The large button, for browsers that do not let a video begin by itself. */
    offer_play(is_offered) {
        this.#view.big_play.hidden = !is_offered;
    }

    /** Says for a moment, to everybody, what a key or a choice did. */
    tell(text) {
        const { bubble, said } = this.#view;
        bubble.textContent = said.textContent = text;
        bubble.hidden = false;
        clearTimeout(this.#bubble_timer);
        this.#bubble_timer = setTimeout(() => { bubble.hidden = true; }, kBubbleFor);
    }

    /** Says something that stays, with one thing to do about it. */
    show_notice(text, action, on_action, symbol = 'offline') {
        const { notice, notice_text, notice_button } = this.#view;
        set_icon(notice, symbol);
        if (notice_text.textContent !== text) notice_text.textContent = text;
        notice_button.textContent = action;
        notice_button.onclick = on_action;
        notice.hidden = false;
    }

    hide_notice() {
        this.#view.notice.hidden = true;
    }

    /** Keeps the last picture in sight while the video is loaded anew. */
    hold_picture() {
        const { video } = this.#view;
        this.#release_picture();
        if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || !video.videoWidth) return;
        this.#still = el('canvas', { class: 'still', width: video.videoWidth, height: video.videoHeight });
        this.#still.getContext('2d').drawImage(video, 0, 0);
        video.after(this.#still);
        const release = () => this.#release_picture();
        video.addEventListener('emptied', () => {
            for (const event of ['loadeddata', 'error']) video.addEventListener(event, release, { once: true });
        }, { once: true });
    }

    #release_picture() {
        this.#still?.remove();
        this.#still = null;
    }

    destroy() {
        clearTimeout(this.#spinner_timer);
        clearTimeout(this.#bubble_timer);
    }
}
