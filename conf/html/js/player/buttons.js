// Buttons look like what the video does.
import { set_icon } from '../dom.js';

function label(button, symbol, text) {
    set_icon(button, symbol);
    button.setAttribute('aria-label', text);
    button.title = text;
}

/** Keeps the buttons of a view in step with its video until the signal is aborted. */
export function follow_video(view, signal) {
    const { video, root, play, mute, volume, fullscreen } = view;
    const on = (names, run) => {
        for (const name of names.split(' ')) video.addEventListener(name, run, { signal });
        run();  // the video may have begun already
    };

    on('play pause ended emptied', () => {
        const { paused, ended } = video;
        label(play, ended ? 'replay' : paused ? 'play' : 'pause', ended ? 'Play again' : paused ? 'Play' : 'Pause');
    });
    on('volumechange', () => {
        const level = video.muted ? 0 : video.volume;
        label(mute, level === 0 ? 'volume-off' : level < 0.5 ? 'volume-low' : 'volume', level === 0 ? 'Unmute' : 'Mute');
        volume.value = String(level);
        volume.style.setProperty('--level', String(level));
    });
    document.addEventListener('fullscreenchange', () => {
        const is_full = document.fullscreenElement === root;
        label(fullscreen, is_full ? 'fullscreen-exit' : 'fullscreen', is_full ? 'Leave full screen' : 'Full screen');
    }, { signal });
}
