// The bar that shows and changes the position. While it is dragged it shows pictures; the video follows on release.
import { set_text } from '../dom.js';
import { clock, spoken_time } from '../format.js';

export class SeekBar {
    #view;
    #storyboard = null;
    #is_dragging = false;
    #wanted = null;  // time of the picture that was asked for last

    /** `seek_to(seconds)` is called when the person chose a position. */
    constructor(view, seek_to) {
        this.#view = view;
        const { seek, track, video } = view;
        seek.addEventListener('pointerdown', () => { this.#is_dragging = true; });
        for (const event of ['pointerup', 'pointercancel']) seek.addEventListener(event, () => { this.#is_dragging = false; });
        seek.addEventListener('input', () => {
            if (!this.#is_dragging) seek_to(seek.valueAsNumber);
            this.#paint(seek.valueAsNumber);
        });
        seek.addEventListener('change', () => seek_to(seek.valueAsNumber));
        track.addEventListener('pointermove', (event) => this.#look_at(event));
        track.addEventListener('pointerleave', () => this.#hide());
        seek.addEventListener('pointerup', (event) => event.pointerType !== 'mouse' && this.#hide());
        for (const event of ['timeupdate', 'seeking', 'durationchange', 'progress', 'emptied']) {
            video.addEventListener(event, () => this.show());
        }
        this.show();
    }

    set storyboard(storyboard) {
        this.#storyboard = storyboard;
    }

    /** Shows where the video is. */
    show() {
        const { seek, video, length } = this.#view;
        const duration = Number.isFinite(video.duration) ? video.duration : 0;
        seek.max = String(duration || 1);
        set_text(length, clock(duration));
        if (!this.#is_dragging) {
            seek.value = String(video.currentTime);
            this.#paint(video.currentTime);
        }
        this.#paint_buffered(duration);
    }

    #paint(time) {
        const { seek, track, now, video } = this.#view;
        track.style.setProperty('--played', String(video.duration ? time / video.duration : 0));
        set_text(now, clock(time));
        seek.setAttribute('aria-valuetext', `${spoken_time(time)} of ${spoken_time(video.duration)}`);
    }

    #paint_buffered(duration) {
        const { video, buffered } = this.#view;
        const parts = [];
        for (let i = 0; i < video.buffered.length && duration; ++i) {
            const [from, to] = [video.buffered.start(i), video.buffered.end(i)].map((t) => `${(100 * t / duration).toFixed(2)}%`);
            parts.push(`transparent ${from}, var(--buffered) ${from}, var(--buffered) ${to}, transparent ${to}`);
        }
        buffered.style.background = parts.length ? `linear-gradient(to right, ${parts.join(', ')})` : 'none';
    }

    async #look_at({ clientX }) {
        const { track, preview, preview_time, video } = this.#view;
        if (!Number.isFinite(video.duration)) return;
        const box = track.getBoundingClientRect();
        const share = Math.min(1, Math.max(0, (clientX - box.left) / box.width));
        const time = this.#wanted = share * video.duration;
        set_text(preview_time, clock(time));
        preview.hidden = false;
        this.#place(share * box.width, box.width);
        const found = await this.#storyboard?.at(time);
        if (this.#wanted !== time) return;
        this.#show_picture(found);
        this.#place(share * box.width, box.width);
    }

    #show_picture(found) {
        const { preview_picture: picture } = this.#view;
        picture.hidden = !found;
        if (!found) return;
        const { tile, url } = found;
        Object.assign(picture.style, { width: `${tile.width}px`, height: `${tile.height}px`,
            backgroundImage: `url("${url}")`, backgroundPosition: `-${tile.x}px -${tile.y}px` });
    }

    #place(x, width) {
        const { preview } = this.#view;
        const half = preview.offsetWidth / 2;
        preview.style.left = `${Math.min(width - half, Math.max(half, x))}px`;
    }

    #hide() {
        this.#wanted = null;
        this.#view.preview.hidden = true;
    }
}
