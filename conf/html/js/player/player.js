// The player: a video, the library that feeds it, and what people do with both.
import { Problem } from '../api.js';
import { clock } from '../format.js';
import { keep_position } from '../resume.js';
import { Activity } from './activity.js';
import { follow_video } from './buttons.js';
import { Engine, load_engine } from './engine.js';
import { listen_to_keys, show_keys } from './keys.js';
import { Menu } from './menu.js';
import { Overlay } from './overlay.js';
import { Recovery } from './recovery.js';
import { SeekBar } from './seek_bar.js';
import { keep_preferences, kSpeeds, read_preferences, settings_topics, speed_label } from './settings.js';
import { Storyboard } from './storyboard.js';
import { offer_upgrade } from './upgrade.js';
import { build_view } from './view.js';

const kKeepEvery = 5;  // seconds between two positions that are remembered

/**
 * Plays one video. Fires "refused" (event.problem) when it cannot go on: the page says why. The element is `root`.
 */
export class Player extends EventTarget {
    #opening;
    #view;
    #id;
    #preferences = read_preferences();
    #menu;
    #seek_bar;
    #storyboard;
    #recovery = new Recovery(this);
    #stop = new AbortController();
    #overlay;
    #kept_at = 0;
    #last_subtitle = null;
    #is_preferred = {};
    #parked = null;  // where it was when it was refused: {at, was_playing}

    /** What was opened belongs to the player from now on; `grant` is what its promise gave. */
    constructor(opening, grant) {
        super();
        this.#opening = opening;
        this.#view = build_view(opening);
        this.#overlay = new Overlay(this.#view);
        this.#id = opening.id;
        this.grant = grant;
        this.root = opening.root;
        this.video = opening.video;
        this.engine = new Engine(this.video, grant);  // knows nothing, until there is a real one
        this.engine_name = this.#preferences.engine;
        this.#menu = new Menu(this.#view.settings, () => settings_topics(this), this.root);
        this.#seek_bar = new SeekBar(this.#view, (time) => this.seek(time));
        this.#storyboard = new Storyboard(grant);
        this.#seek_bar.storyboard = this.#storyboard;
        const activity = new Activity(this.root, this.video, () => !this.video.paused && !this.#menu.is_open);
        this.#listen_to_video();
        this.#listen_to_controls(activity);
        listen_to_keys(this, this.root, this.#stop.signal);
        grant.addEventListener('refused', (event) => this.#renewal_refused(event), { signal: this.#stop.signal });
    }

    /** Takes over the video wherever its opening has come to; it may play already. */
    async start() {
        const { video } = this;
        if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) {
            video.poster = this.grant.urls.poster_url ?? '';
            this.#overlay.wait(true);
            video.addEventListener('loadeddata', () => this.#storyboard.load(), { once: true, signal: this.#stop.signal });
        } else {
            this.#storyboard.load();
        }
        const engine = await this.#opening.engine;
        if (this.#parked) return engine.destroy();
        this.#follow(engine);
        for (const trouble of this.#opening.troubles) this.#troubled(trouble);
        this.#tell_if_refused(this.#opening.playing);
    }

    #follow(engine) {
        this.engine = engine;
        this.#is_preferred = {};
        engine.addEventListener('trouble', (event) => engine === this.engine && this.#troubled(event));
        engine.addEventListener('tracks', () => engine === this.engine && this.#tracks_changed());
        this.#tracks_changed();
    }

    async #load(start) {
        const { default: Kind } = await load_engine(this.engine_name);
        const engine = new Kind(this.video, this.grant);
        this.#follow(engine);
        await engine.load(start);
        this.video.playbackRate = this.video.defaultPlaybackRate = this.#preferences.speed;
        this.#tracks_changed();
    }

    /** Loads the video anew where it is, with another engine perhaps. */
    async reload() {
        const { video } = this;
        const at = video.currentTime;
        const was_paused = video.paused && !video.ended;
        this.#overlay.hold_picture();
        this.engine.destroy();
        await this.#load(at);
        if (!was_paused) this.#play();
    }

    #play() {
        this.#tell_if_refused(this.video.play());
    }

    /** Browsers may want a click before anything plays. */
    #tell_if_refused(playing) {
        playing.catch((error) => {
            if (error.name === 'NotAllowedError') this.#overlay.offer_play(true);
        });
    }

    /** Tells the system what plays, for its own controls. */
    describe(title) {
        if (!('mediaSession' in navigator)) return;
        const artwork = this.grant.urls.poster_url ? [{ src: this.grant.urls.poster_url }] : [];
        navigator.mediaSession.metadata = new MediaMetadata({ title, artwork });
        navigator.mediaSession.setActionHandler('seekbackward', () => this.skip(-10));
        navigator.mediaSession.setActionHandler('seekforward', () => this.skip(10));
    }

    // What goes wrong

    #troubled({ kind, status, detail }) {
        if (kind === 'network') {
            this.#recovery.begin(status);
            return;
        }
        this.refused(new Problem({ status, slug: 'media', title: 'This browser could not play the video',
            detail: `Try the other player, or another browser. (${detail})` }));
    }

    #renewal_refused({ problem, is_final }) {
        // What was signed before goes on for a while; only a sign-in can be mended in that time.
        if (is_final || problem.status !== 401) this.refused(problem);
        else this.show_notice('Your sign-in has ended. Sign in again to go on watching.', 'Close', () => this.hide_notice());
    }

    /** Stops, and loads nothing more; the page is told why. resume() goes on from here. */
    refused(problem) {
        if (!this.#parked) {
            this.#keep(0);
            this.#parked = { at: this.time, was_playing: !this.video.paused };
            this.engine.destroy();
        }
        this.#overlay.wait(false);
        this.hide_notice();
        this.dispatchEvent(Object.assign(new Event('refused'), { problem }));
    }

    /** Goes on after it was refused, if the server lets it now; throws a Problem if not. */
    async resume() {
        await this.grant.renew();
        this.hide_notice();
        if (!this.#parked) return;
        const { at, was_playing } = this.#parked;
        this.#parked = null;
        await this.#load(at);
        if (was_playing) this.#play();
    }

    /** There are better qualities than when it was opened. */
    offer_better() {
        offer_upgrade(this, async () => {
            await this.grant.renew();  // fresh URLs, which no cache answers with what was there before
            if (this.#parked) return;
            await this.reload();
            this.#storyboard.load();
        }, this.#stop.signal);
    }

    show_notice(text, action, on_action, symbol) {
        this.#overlay.show_notice(text, action, on_action, symbol);
    }

    hide_notice() {
        this.#overlay.hide_notice();
    }

    // What the video tells

    #listen_to_video() {
        const { video } = this;
        const { signal } = this.#stop;
        const on = (names, run) => names.split(' ').forEach((name) => video.addEventListener(name, run, { signal }));
        follow_video(this.#view, signal);
        on('volumechange', () => this.#prefer({ muted: video.muted, volume: video.volume }));
        on('waiting seeking', () => this.#overlay.wait(true));
        on('playing canplay seeked error', () => this.#overlay.wait(false));
        on('play', () => this.#overlay.offer_play(false));
        on('timeupdate', () => this.#keep(kKeepEvery));
        on('pause', () => this.#keep(0));
        on('ended', () => keep_position(this.#id, 0, video.duration));
        addEventListener('pagehide', () => this.#keep(0), { signal });
    }

    #keep(every) {
        const { currentTime, duration, seeking } = this.video;
        if (seeking || !(duration > 0) || Math.abs(currentTime - this.#kept_at) < every) return;
        this.#kept_at = currentTime;
        keep_position(this.#id, currentTime, duration);
    }

    #tracks_changed() {
        const { subtitles, subtitle, audio_tracks, audio } = this.engine;
        this.#view.captions.hidden = subtitles.length === 0;
        this.#view.captions.setAttribute('aria-pressed', String(subtitle !== null));
        this.#menu.refresh();
        this.#prefer_language('audio', audio_tracks, audio);
        this.#prefer_language('subtitle', subtitles, subtitle);
    }

    /** Chooses the language that was chosen before, once for each engine: afterwards the person chooses. */
    #prefer_language(kind, tracks, now) {
        if (tracks.length === 0 || this.#is_preferred[kind]) return;
        this.#is_preferred[kind] = true;
        const track = tracks.find(({ language }) => language && language === this.#preferences[kind]);
        if (track && track.id !== now) this.engine[kind] = track.id;
    }

    // What people do

    #listen_to_controls(activity) {
        const { play, big_play, mute, volume, captions, keys, fullscreen } = this.#view;
        const { video } = this;
        for (const button of [play, big_play]) button.addEventListener('click', () => this.toggle());
        big_play.addEventListener('click', () => play.focus());
        mute.addEventListener('click', () => this.toggle_mute());
        volume.addEventListener('input', () => {
            video.muted = false;
            video.volume = volume.valueAsNumber;
        });
        captions.addEventListener('click', () => this.toggle_subtitles());
        keys.addEventListener('click', show_keys);
        fullscreen.addEventListener('click', () => this.toggle_fullscreen());
        let was_idle = false;
        // The root's capture comes before Activity, which ends the idleness.
        this.root.addEventListener('pointerdown', () => { was_idle = activity.is_idle; }, { capture: true });
        video.addEventListener('click', (event) => {
            // A finger first brings the controls back; a mouse has done so by moving.
            if (event.pointerType !== 'touch' || !was_idle) this.toggle();
        });
        video.addEventListener('dblclick', () => this.toggle_fullscreen());
    }

    #prefer(changes) {
        Object.assign(this.#preferences, changes);
        keep_preferences(this.#preferences);
    }

    get time() {
        return this.video.currentTime;
    }

    toggle() {
        if (this.video.paused) this.#play();
        else this.video.pause();
    }

    seek(time) {
        const end = Number.isFinite(this.video.duration) ? this.video.duration : 0;
        this.video.currentTime = Math.min(end, Math.max(0, time));
    }

    skip(seconds) {
        this.seek(this.time + seconds);
        this.#overlay.tell(`${seconds > 0 ? '+' : '−'}${Math.abs(seconds)} s`);
    }

    seek_to_share(share) {
        this.seek(share * this.video.duration);
        this.#overlay.tell(clock(share * this.video.duration));
    }

    louder(step) {
        this.video.muted = false;
        this.video.volume = Math.min(1, Math.max(0, Math.round((this.video.volume + step) * 100) / 100));
        this.#overlay.tell(`Volume ${Math.round(this.video.volume * 100)} %`);
    }

    toggle_mute() {
        this.video.muted = !this.video.muted;
        this.#overlay.tell(this.video.muted ? 'Muted' : 'Sound on');
    }

    toggle_fullscreen() {
        if (document.fullscreenElement) document.exitFullscreen();
        else if (this.root.requestFullscreen) this.root.requestFullscreen().catch(() => {});
        else this.video.webkitEnterFullscreen?.();
    }

    get speed() {
        return this.#preferences.speed;
    }

    choose_speed(speed) {
        this.#prefer({ speed });
        this.video.playbackRate = this.video.defaultPlaybackRate = speed;
        this.#overlay.tell(`Speed ${speed_label(speed)}`);
        this.#menu.refresh();
    }

    change_speed(steps) {
        const at = kSpeeds.indexOf(this.speed);
        this.choose_speed(kSpeeds[Math.min(kSpeeds.length - 1, Math.max(0, at + steps))]);
    }

    choose_quality(id) {
        this.engine.quality = id;
        this.#overlay.tell(`Quality ${this.engine.qualities.find((one) => one.id === id)?.label ?? 'automatic'}`);
    }

    choose_audio(id) {
        const track = this.engine.audio_tracks.find((one) => one.id === id);
        this.engine.audio = id;
        this.#prefer({ audio: track.language || null });
        this.#overlay.tell(track.label);
    }

    choose_subtitle(id) {
        const track = this.engine.subtitles.find((one) => one.id === id);
        if (track) this.#last_subtitle = id;
        this.engine.subtitle = id;
        this.#prefer({ subtitle: track?.language || null });
        this.#view.captions.setAttribute('aria-pressed', String(id !== null));
        this.#overlay.tell(track ? `Subtitles: ${track.label}` : 'Subtitles off');
    }

    toggle_subtitles() {
        const { subtitles, subtitle } = this.engine;
        if (subtitles.length === 0) return this.#overlay.tell('No subtitles');
        this.choose_subtitle(subtitle === null ? this.#last_subtitle ?? subtitles[0].id : null);
    }

    async choose_engine(name) {
        this.engine_name = name;
        this.#prefer({ engine: name });
        await this.reload();
        this.#overlay.tell(name === 'dash' ? 'Player: dash.js' : 'Player: hls.js');
    }

    /** Ends everything; the element may be removed. */
    destroy() {
        this.#keep(0);
        this.#stop.abort();
        this.#recovery.stop();
        this.#storyboard.destroy();
        this.engine.destroy();
        this.#overlay.destroy();
        this.#opening.stop();
    }
}
