// What the settings menu offers, and what of it this browser remembers.
import { recall, remember } from '../store.js';
import { engine_choices } from './engine.js';

/** Speeds to choose from. */
export const kSpeeds = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];

/** A speed as people read it. */
export function speed_label(speed) {
    return speed === 1 ? 'Normal' : `${speed}×`;
}

/** Reads what was chosen before: volume, muted, speed, engine, audio and subtitle languages. */
export function read_preferences() {
    return { volume: 1, muted: false, speed: 1, engine: 'hls', audio: null, subtitle: null, ...recall('player', {}) };
}

export function keep_preferences(preferences) {
    remember('player', preferences);
}

/** The topics of the menu, as Menu asks for them. */
export function settings_topics(player) {
    const { engine } = player;
    const topics = [];
    const { qualities, audio_tracks, subtitles } = engine;
    if (qualities.length > 1) {
        const automatic = `Auto${engine.playing_quality ? ` (${engine.playing_quality})` : ''}`;
        topics.push({ title: 'Quality', chosen: engine.quality, choices: [...qualities, { id: null, label: automatic }],
            choose: (id) => player.choose_quality(id) });
    }
    if (audio_tracks.length > 1) {
        topics.push({ title: 'Audio', chosen: engine.audio, choices: audio_tracks, choose: (id) => player.choose_audio(id) });
    }
    if (subtitles.length > 0) {
        topics.push({ title: 'Subtitles', chosen: engine.subtitle, choices: [{ id: null, label: 'Off' }, ...subtitles],
            choose: (id) => player.choose_subtitle(id) });
    }
    topics.push({ title: 'Speed', chosen: player.speed, choices: kSpeeds.map((speed) => ({ id: speed, label: speed_label(speed) })),
        choose: (speed) => player.choose_speed(speed) });
    const engines = engine_choices();
    if (engines.length > 1) {
        topics.push({ title: 'Player', chosen: player.engine_name, choices: engines, choose: (name) => player.choose_engine(name) });
    }
    return topics;
}
