// dash.js on the manifest.
import { MediaPlayer } from '/lib/dash.js';
import { Engine, TroubleEvent, quality_label, track_label } from './engine.js';

// Manifest (11, 25), index (15, 26), segment (17, 27), initialization (28): see dash.js's Errors.
const kNetworkErrors = new Set([11, 15, 17, 25, 26, 27, 28]);

export default class DashEngine extends Engine {
    #player = null;
    #chosen = null;

    async load(start) {
        const player = this.#player = MediaPlayer().create();
        player.updateSettings({
            streaming: {
                buffer: { fastSwitchEnabled: true, bufferTimeDefault: 20, bufferTimeAtTopQuality: 30 },
                abr: { limitBitrateByPortal: true, initialBitrate: { video: 4000 } },
                text: { defaultEnabled: false },
                capabilities: { useMediaCapabilitiesApi: false },
                retryAttempts: { MPD: 3, MediaSegment: 4, InitializationSegment: 4 },
            },
        });
        player.addRequestInterceptor(async (request) => {
            await this.grant.ready();
            request.url = this.grant.sign(request.url);
            return request;
        });
        const { events } = MediaPlayer;
        player.on(events.ERROR, ({ error }) => this.#failed(error));
        for (const event of ['STREAM_INITIALIZED', 'QUALITY_CHANGE_RENDERED', 'TRACK_CHANGE_RENDERED',
            'TEXT_TRACKS_ADDED', 'PLAYBACK_METADATA_LOADED']) {
            player.on(events[event], () => this.changed());
        }
        player.initialize(this.video, this.grant.urls.dash_url, false, start > 0 ? start : undefined);
    }

    #failed(error) {
        const status = error?.data?.response?.status ?? 0;
        const kind = kNetworkErrors.has(error?.code) ? 'network' : 'media';
        this.dispatchEvent(new TroubleEvent(kind, status, error?.message));
    }

    #tracks(type) {
        return this.#player?.isReady() ? this.#player.getTracksFor(type) : [];
    }

    get qualities() {
        const list = this.#player?.isReady() ? this.#player.getRepresentationsByType('video') ?? [] : [];
        return list.map(({ id, width, height, bandwidth }) => ({ id, label: quality_label(id, width, height), bandwidth }))
            .sort((a, b) => b.bandwidth - a.bandwidth);
    }

    get quality() {
        return this.#chosen;
    }

    set quality(id) {
        this.#chosen = id;
        this.#player.updateSettings({ streaming: { abr: { autoSwitchBitrate: { video: id === null } } } });
        if (id !== null) this.#player.setRepresentationForTypeById('video', id, true);
        this.changed();
    }

    get playing_quality() {
        const now = this.#player?.isReady() ? this.#player.getCurrentRepresentationForType('video') : null;
        return now?.height ? quality_label(now.id, now.width, now.height) : super.playing_quality;
    }

    #listed(type) {
        return this.#tracks(type).map(({ lang, labels }, id) =>
            ({ id, label: track_label(labels?.[0]?.text, lang, id), language: lang ?? '' }));
    }

    get audio_tracks() {
        return this.#listed('audio');
    }

    get audio() {
        const now = this.#player?.isReady() ? this.#player.getCurrentTrackFor('audio') : null;
        return now ? this.#tracks('audio').findIndex(({ index }) => index === now.index) : null;
    }

    set audio(id) {
        this.#player.setCurrentTrack(this.#tracks('audio')[id]);
        this.changed();
    }

    get subtitles() {
        return this.#listed('text');
    }

    get subtitle() {
        const at = this.#player?.isReady() ? this.#player.getCurrentTextTrackIndex() : -1;
        return at >= 0 ? at : null;
    }

    set subtitle(id) {
        this.#player.enableText(id !== null);
        this.#player.setTextTrack(id ?? -1);
        this.changed();
    }

    destroy() {
        this.#player?.destroy();
        this.#player = null;
    }
}
