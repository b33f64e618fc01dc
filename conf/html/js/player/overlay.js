// What lies over the picture: the spinner, the large button, short answers to keys, and notices.

const kSpinnerAfter = 250;  // ms of waiting that nobody needs to see
const kBubbleFor = 900;  // ms

export class Overlay {
    #view;
    #spinner_timer = null;
    #bubble_timer = null;

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
    show_notice(text, action, on_action) {
        const { notice, notice_text, notice_button } = this.#view;
        if (notice_text.textContent !== text) notice_text.textContent = text;
        notice_button.textContent = action;
        notice_button.onclick = on_action;
        notice.hidden = false;
    }

    hide_notice() {
        this.#view.notice.hidden = true;
    }

    destroy() {
        clearTimeout(this.#spinner_timer);
        clearTimeout(this.#bubble_timer);
    }
}
