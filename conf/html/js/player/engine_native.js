// The browser's own HLS player, where libraries cannot feed <video>. It chooses qualities alone and keeps the URL that it
// was given: when that has expired, its error is answered by loading a fresh one.
import { Engine, TroubleEvent, track_label } from './engine.js';

export default class NativeEngine extends Engine {
    #stop = new AbortController();

    async load(start) {
        const { signal } = this.#stop;
        const { video } = this;
        video.addEventListener('error', () => {
            const is_network = video.error?.code !== MediaError.MEDIA_ERR_DECODE;
            this.dispatchEvent(new TroubleEvent(is_network ? 'network' : 'media', 0, video.error?.message));
        }, { signal });
        video.addEventListener('loadedmetadata', () => {
            if (start > 0) video.currentTime = start;
            this.changed();
        }, { signal, once: true });
        for (const list of [video.textTracks, video.audioTracks].filter(Boolean)) {
            for (const event of ['addtrack', 'removetrack', 'change']) list.addEventListener(event, () => this.changed(), { signal });
        }
        video.src = this.grant.urls.cmaf_url;
    }

    get audio_tracks() {
        return Array.from(this.video.audioTracks ?? [], ({ label, language }, id) =>
            ({ id, label: track_label(label, language, id), language }));
    }

    get audio() {
        const at = Array.from(this.video.audioTracks ?? []).findIndex((track) => track.enabled);
        return at >= 0 ? at : null;
    }

    set audio(id) {
        Array.from(this.video.audioTracks ?? []).forEach((track, i) => { track.enabled = i === id; });
    }

    get subtitles() {
        return Array.from(this.video.textTracks, ({ kind, label, language }, id) =>
            ({ kind, id, label: track_label(label, language, id), language })).filter(({ kind }) => kind !== 'metadata');
    }

    get subtitle() {
        const at = Array.from(this.video.textTracks).findIndex((track) => track.mode === 'showing');
        return at >= 0 ? at : null;
    }

    set subtitle(id) {
        Array.from(this.video.textTracks).forEach((track, i) => { track.mode = i === id ? 'showing' : 'disabled'; });
    }

    destroy() {
        this.#stop.abort();
        this.video.removeAttribute('src');
        this.video.load();
    }
}
