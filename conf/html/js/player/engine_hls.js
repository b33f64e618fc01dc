// hls.js on the CMAF playlists.
import Hls from '/lib/hls.js';
import { Engine, TroubleEvent, quality_label, track_label } from './engine.js';

const kRetry = { maxNumRetry: 3, retryDelayMs: 500, maxRetryDelayMs: 4000, backoff: 'exponential' };

function policy(first_byte_ms, whole_ms) {
    return { default: { maxTimeToFirstByteMs: first_byte_ms, maxLoadTimeMs: whole_ms,
        timeoutRetry: { ...kRetry, retryDelayMs: 0 }, errorRetry: kRetry } };
}

/** The rendition's name, which is that of its playlist. */
function name_of(level) {
    return new URL(level.uri, location.href).pathname.split('/').pop();
}

export default class HlsEngine extends Engine {
    #hls = null;
    #chosen = null;
    #mended = -Infinity;

    async load(start) {
        const hls = this.#hls = new Hls({
            startPosition: start > 0 ? start : -1,
            startFragPrefetch: true,
            capLevelToPlayerSize: true,
            maxDevicePixelRatio: 2,
            abrEwmaDefaultEstimate: 4e6,
            maxBufferLength: 30,
            maxMaxBufferLength: 60,
            backBufferLength: 60,
            enableWorker: false,  // CMAF is appended as it comes: there is nothing to transmux
            manifestLoadPolicy: policy(8000, 20000),
            playlistLoadPolicy: policy(8000, 20000),
            fragLoadPolicy: policy(8000, 60000),
            xhrSetup: async (xhr, url) => {
                await this.grant.ready();
                xhr.open('GET', this.grant.sign(url), true);
            },
        });
        const { Events } = Hls;
        hls.on(Events.ERROR, (_, data) => this.#failed(data));
        for (const event of [Events.MANIFEST_PARSED, Events.LEVEL_SWITCHED, Events.AUDIO_TRACKS_UPDATED,
            Events.AUDIO_TRACK_SWITCHED, Events.SUBTITLE_TRACKS_UPDATED, Events.SUBTITLE_TRACK_SWITCH]) {
            hls.on(event, () => this.changed());
        }
        hls.attachMedia(this.video);
        hls.loadSource(this.grant.urls.cmaf_url);
    }

    #failed({ fatal, type, details, response, error }) {
        // Offline, hls.js waits without an end or a word.
        const is_offline = type === Hls.ErrorTypes.NETWORK_ERROR && navigator.onLine === false;
        if (!fatal && !is_offline) return;
        const status = response?.code ?? 0;
        if (type === Hls.ErrorTypes.NETWORK_ERROR) {
            this.dispatchEvent(new TroubleEvent('network', status, details));
        } else if (type === Hls.ErrorTypes.MEDIA_ERROR && performance.now() - this.#mended > 10000) {
            this.#mended = performance.now();
            this.#hls.recoverMediaError();
        } else {
            this.dispatchEvent(new TroubleEvent('media', status, error?.message ?? details));
        }
    }

    resume_loading() {
        if (!this.#hls?.levels.length) return false;
        this.#hls.startLoad(this.video.currentTime);
        return true;
    }

    get qualities() {
        // A width and height may be there more than once, with other codecs or bit rates: the best one stands for them.
        const best = new Map();
        (this.#hls?.levels ?? []).forEach((level, id) => {
            const { width, height, bitrate } = level;
            const label = quality_label(name_of(level), width, height);
            if (height && !(best.get(label)?.bitrate > bitrate)) best.set(label, { id, label, bitrate });
        });
        return [...best.values()].sort((a, b) => b.bitrate - a.bitrate);
    }

    get quality() {
        return this.#chosen;
    }

    set quality(id) {
        this.#chosen = id;
        this.#hls.nextLevel = id ?? -1;
        this.changed();
    }

    get playing_quality() {
        const level = this.#hls?.levels[this.#hls.currentLevel];
        return level?.height ? quality_label(name_of(level), level.width, level.height) : super.playing_quality;
    }

    get audio_tracks() {
        return (this.#hls?.audioTracks ?? []).map(({ name, lang }, id) =>
            ({ id, label: track_label(name, lang, id), language: lang ?? '' }));
    }

    get audio() {
        return this.#hls?.audioTrack ?? null;
    }

    set audio(id) {
        this.#hls.audioTrack = id;
    }

    get subtitles() {
        return (this.#hls?.subtitleTracks ?? []).map(({ name, lang }, id) =>
            ({ id, label: track_label(name, lang, id), language: lang ?? '' }));
    }

    get subtitle() {
        return this.#hls && this.#hls.subtitleTrack >= 0 ? this.#hls.subtitleTrack : null;
    }

    set subtitle(id) {
        this.#hls.subtitleDisplay = id !== null;
        this.#hls.subtitleTrack = id ?? -1;
    }

    destroy() {
        this.#hls?.destroy();
        this.#hls = null;
    }
}
