// What every player library is made to look like, and the choice of one.

/** Something went wrong: `kind` is "network", "media" or "gone"; `status` the HTTP status, 0 if there was no answer. */
export class TroubleEvent extends Event {
    constructor(kind, status = 0, detail = '') {
        super('trouble');
        this.kind = kind;
        this.status = status;
        this.detail = detail;
    }
}

/**
 * A player library on a <video>. Fires "tracks" when lists or choices changed and TroubleEvents when it cannot go on by
 * itself. Subclasses know the libraries; ids are theirs.
 */
export class Engine extends EventTarget {
    constructor(video, grant) {
        super();
        this.video = video;
        this.grant = grant;
    }

    /** Loads the video; playing begins at `start` seconds. */
    async load(_start) {}

    /** Goes on after a loss of the network, as far as that works without loading anew: false if it does not. */
    resume_loading() {
        return false;
    }

    /** Qualities, best first: [{id, label}]. Empty where the library decides alone. */
    get qualities() {
        return [];
    }

    /** The id that the person chose; null: automatic. */
    get quality() {
        return null;
    }

    set quality(_id) {}

    /** The label of what plays now, for "Auto (720p)". */
    get playing_quality() {
        return this.video.videoHeight ? `${Math.min(this.video.videoHeight, this.video.videoWidth)}p` : '';
    }

    /** [{id, label, language}] */
    get audio_tracks() {
        return [];
    }

    get audio() {
        return null;
    }

    set audio(_id) {}

    /** [{id, label, language}] */
    get subtitles() {
        return [];
    }

    /** The id of the subtitles that are shown; null: none. */
    get subtitle() {
        return null;
    }

    set subtitle(_id) {}

    changed() {
        this.dispatchEvent(new Event('tracks'));
    }

    destroy() {}
}

let languages = null;  // made when it is first needed, which takes a while

/** A track's name for people: its own label, or its language, or its number. */
export function track_label(label, language, number) {
    if (label && label !== language) return label;
    try {
        languages ??= new Intl.DisplayNames(undefined, { type: 'language', fallback: 'none' });
        const name = language && language !== 'und' && languages.of(language);
        if (name) return name;
    } catch { /* not a language tag */ }
    return `Track ${number + 1}`;
}

/**
 * What a quality is called: "720p". By its rendition's name where that is such a number, since a wide picture of 720p has
 * fewer lines; else by the shorter side.
 */
export function quality_label(name, width, height) {
    return /^\d+p/.exec(name ?? '')?.[0] ?? `${width && height ? Math.min(width, height) : height}p`;
}

/** Can libraries feed <video> here? Not on iPhones before iOS 17.1. */
export function has_media_source() {
    return (window.ManagedMediaSource ?? window.MediaSource)?.isTypeSupported('video/mp4; codecs="avc1.640028,mp4a.40.2"') ?? false;
}

/** Players that a person may choose from: [{id, label}]. */
export function engine_choices() {
    return has_media_source() ? [{ id: 'hls', label: 'hls.js' }, { id: 'dash', label: 'dash.js' }]
        : [{ id: 'native', label: 'Built in' }];
}

const kModules = { hls: './engine_hls.js', dash: './engine_dash.js', native: './engine_native.js' };

/** Loads the code of the engine that was asked for, or of the one that works here. Calling it early saves time later. */
export function load_engine(name) {
    const known = engine_choices().map(({ id }) => id);
    return import(kModules[known.includes(name) ? name : known[0]]);
}
