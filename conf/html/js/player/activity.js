// Controls go away while a video plays and nobody does anything.

const kQuiet = 2600;  // ms

/** Sets the class "idle" on the player; `may_hide()` says whether it may go idle now. */
export class Activity {
    #root;
    #may_hide;
    #timer = null;

    constructor(root, video, may_hide) {
        this.#root = root;
        this.#may_hide = may_hide;
        for (const event of ['pointermove', 'pointerdown', 'keydown', 'focusin']) root.addEventListener(event, () => this.wake());
        root.addEventListener('pointerleave', (event) => event.pointerType === 'mouse' && this.#rest());
        for (const event of ['play', 'pause', 'ended', 'seeking']) video.addEventListener(event, () => this.wake());
    }

    get is_idle() {
        return this.#root.classList.contains('idle');
    }

    /** Something happened. */
    wake() {
        this.#root.classList.remove('idle');
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#rest(), kQuiet);
    }

    #rest() {
        const holds_focus = this.#root.querySelector('.controls :focus-visible') !== null;
        if (this.#may_hide() && !holds_focus) this.#root.classList.add('idle');
    }
}
