// Loads the player that the query names, plays the URL that it gives, and keeps every error in window.errors. With
// `text`, the text track of that language is shown.
const query = new URLSearchParams(location.search);
const video = document.querySelector('video');
const language = query.get('text');
const storyboard = query.get('storyboard');
window.errors = [];
window.waits = [];
window.times = [];  // of the pictures that were shown, as Chromium says
let text_tracks = () => video.textTracks;
let show_key_frame;
let scrubbing;  // a timer
let key_time;  // of the key frame that is shown beside the video
let ear;  // what listens to the sound, once it is asked for

function failed(what) {
    window.errors.push(String(what));
}

function script(path) {
    return new Promise((done, fail) => {
        const element = document.createElement('script');
        element.src = `node_modules/${path}`;
        element.onload = done;
        element.onerror = () => fail(new Error(`cannot load ${path}`));
        document.head.append(element);
    });
}

// The tile of a time, from the cues of a track of metadata: a sheet and a place in it (media fragments, xywh).
async function tile_of(track, time) {
    while (!track.cues?.length) await new Promise((done) => { setTimeout(done, 50); });
    const { text } = Array.from(track.cues).find((cue) => cue.startTime <= time && time < cue.endTime);
    const [sheet, place] = text.split('#xywh=');
    const url = new URL(sheet, storyboard);
    url.search = new URL(storyboard).search;
    const [x, y, width, height] = place.split(',').map(Number);
    return { url: url.href, x, y, width, height };
}

const players = {
    async hlsjs(url) {
        await script('hls.js/dist/hls.min.js');
        const player = new Hls(language === null ? {} : { subtitlePreference: { lang: language } });
        window.choose_text = (lang) => {
            player.subtitleTrack = player.subtitleTracks.findIndex((track) => track.lang === lang);
        };
        let trick;
        show_key_frame = (time) => {
            if (!trick) {
                trick = player.createIFramePlayer();
                trick.attachMedia(key_picture());
            }
            trick.loadMediaAt(time);
        };
        player.on(Hls.Events.ERROR, (_, data) => failed(`hls.js ${data.type} ${data.details} ${data.reason ?? ''} ${data.error ?? ''}`));
        if (storyboard) {
            const element = document.createElement('track');
            Object.assign(element, { kind: 'metadata', src: storyboard });
            video.append(element);
            element.track.mode = 'hidden';
            window.tile = (time) => tile_of(element.track, time);
        }
        player.loadSource(url);
        player.attachMedia(video);
        window.choose_audio = (lang) => {
            player.audioTrack = player.audioTracks.findIndex((track) => track.lang.startsWith(lang));
        };
    },
    async dashjs(url) {
        await script('dashjs/dist/modern/umd/dash.all.min.js');
        const player = dashjs.MediaPlayer().create();
        for (const event of ['error', 'playbackError', 'manifestError']) {
            player.on(event, (e) => failed(`dash.js ${event} ${JSON.stringify(e.error ?? e)}`));
        }
        player.on('allTextTracksAdded', ({ tracks }) => {
            window.choose_text = (lang) => player.setTextTrack(tracks.findIndex((track) => track.lang === lang));
            if (language !== null) window.choose_text(language);
        });
        window.tile = (time) => new Promise((done) => { player.provideThumbnail(time, done); });
        player.initialize(video, url, true);
        window.choose_audio = (lang) => {
            player.setCurrentTrack(player.getTracksFor('audio').find((track) => track.lang.startsWith(lang)));
        };
    },
    async shaka(url) {
        await script('shaka-player/dist/shaka-player.compiled.js');
        shaka.polyfill.installAll();
        const player = new shaka.Player();
        await player.attach(video);
        player.addEventListener('error', (e) => failed(`shaka ${e.detail.code} ${e.detail.data}`));
        player.configure(JSON.parse(query.get('config') ?? '{}'));
        // Chosen before it loads: another track that is chosen at once may lose its first cues.
        if (language !== null) player.configure('preferredText', [{ language }]);
        await player.load(url);
        window.tile = async (time) => {
            const tile = await player.getThumbnails(player.getImageTracks()[0].id, time);
            return { url: tile.uris[0], x: tile.positionX, y: tile.positionY, width: tile.width, height: tile.height };
        };
        if (language !== null && !player.getTextTracks().some((t) => t.active)) {
            player.selectTextTrack(player.getTextTracks().find((t) => t.language === language));
        }
        window.choose_text = (lang) => {
            player.selectTextTrack(player.getTextTracks().find((track) => track.language === lang));
        };
        // Of what plays a second stays: without any it seeks, which may end its own request for the init segment, and it
        // does not ask for that again (its issue 10569). Transport streams have none, and would get a hole.
        window.choose_audio = (lang) => {
            const track = player.getAudioTracks().find((each) => each.language.startsWith(lang));
            player.selectAudioTrack(track, url.includes('/hls/') ? 0 : 1);
        };
        window.trick_play = (speed) => player.trickPlay(speed);
    },
    async videojs(url) {
        await script('video.js/dist/video.min.js');
        const html5 = { vhs: { overrideNative: true }, nativeAudioTracks: false, nativeVideoTracks: false,
            nativeTextTracks: false };
        const player = videojs(video, { html5, controls: false });
        player.on('error', () => failed(`video.js ${player.error().code} ${player.error().message}`));
        text_tracks = () => player.textTracks();
        window.choose_text = (lang) => {
            for (const track of Array.from(text_tracks())) {
                if (track.kind === 'subtitles') track.mode = track.language === lang ? 'showing' : 'disabled';
            }
        };
        player.on('loadedmetadata', () => {
            // Its reader of MPDs takes the pictures for trick play for one more rendition.
            for (const each of player.tech(true).vhs.representations()) {
                if (each.playlist.attributes.NAME?.endsWith('-iframes')) each.enabled(false);
            }
            window.choose_text(language);
        });
        if (storyboard) {
            const { track } = player.addRemoteTextTrack({ kind: 'metadata', src: storyboard }, false);
            track.mode = 'hidden';
            window.tile = (time) => tile_of(track, time);
        }
        player.src({ src: url, type: url.includes('.mpd') ? 'application/dash+xml' : 'application/x-mpegURL' });
        window.choose_audio = (lang) => {
            for (const track of Array.from(player.audioTracks())) track.enabled = track.language.startsWith(lang);
        };
    },
    async native(url) {
        video.textTracks.addEventListener('addtrack', ({ track }) => {
            if (language !== null) track.mode = track.language === language ? 'showing' : 'disabled';
        });
        video.src = url;
    },
};

video.addEventListener('error', () => failed(`video ${video.error.code} ${video.error.message}`));
// Seconds of data from the present position on.
function ahead() {
    for (let i = 0; i < video.buffered.length; ++i) {
        if (video.buffered.start(i) <= video.currentTime && video.currentTime < video.buffered.end(i)) {
            return video.buffered.end(i) - video.currentTime;
        }
    }
    return 0;
}

function note_picture(_, { mediaTime }) {
    window.times.push(mediaTime);
    video.requestVideoFrameCallback(note_picture);
}

// The loudest frequency of what is played, in Hz, is `tone` of the state from now on.
window.listen = async () => {
    video.muted = false;
    const context = new AudioContext({ sampleRate: 48000 });
    await context.resume();
    ear = context.createAnalyser();
    ear.fftSize = 4096;
    context.createMediaElementSource(video).connect(ear).connect(context.destination);
};

function tone() {
    if (!ear) return 0;
    const loud = new Float32Array(ear.frequencyBinCount);
    ear.getFloatFrequencyData(loud);
    const best = loud.indexOf(Math.max(...loud));
    return best < 0 ? 0 : best * ear.context.sampleRate / ear.fftSize;
}

// Where a player shows key frames beside what it plays.
function key_picture() {
    const picture = document.createElement('video');
    picture.style = 'position: fixed; left: 0; top: 0; width: 160px; height: 90px';
    const note = (_, { mediaTime }) => {
        key_time = mediaTime;
        picture.requestVideoFrameCallback(note);
    };
    picture.requestVideoFrameCallback(note);
    document.body.append(picture);
    return picture;
}

// As a hand that moves along the time line, it asks more than once: hls.js 1.7 forgets what it is asked while it begins.
window.scrub = (time) => {
    clearInterval(scrubbing);
    key_time = undefined;
    show_key_frame(time);
    scrubbing = setInterval(show_key_frame, 500, time);
};

video.requestVideoFrameCallback(note_picture);
video.addEventListener('waiting', () =>
    window.waits.push({ at: video.currentTime, seeking: video.seeking, ahead: ahead() }));
players[query.get('player')](query.get('url'))
    .then(() => video.play())
    .catch((e) => e.name === 'AbortError' || failed(`${e.name ?? ''} ${e.code ?? ''} ${e.message ?? e}`));
// Cues that are to be seen now, once for each time they are drawn.
function active() {
    const tracks = Array.from(text_tracks()).filter((track) => (
        track.kind !== 'metadata' && track.mode === 'showing' && track.activeCues));
    return tracks.flatMap((track) => Array.from(track.activeCues, (cue) => (
        { text: cue.text, line: cue.line, start: cue.startTime, end: cue.endTime, language: track.language })));
}

window.state = () => {
    const ranges = Array.from({ length: video.buffered.length }, (_, i) => [video.buffered.start(i), video.buffered.end(i)]);
    const quality = video.getVideoPlaybackQuality();
    return {
        time: video.currentTime, duration: video.duration, ended: video.ended, paused: video.paused,
        seeking: video.seeking, ready: video.readyState, buffered: ranges, frames: quality.totalVideoFrames,
        dropped: quality.droppedVideoFrames, width: video.videoWidth, height: video.videoHeight,
        errors: window.errors, waits: window.waits, cues: active(), tone: tone(), key: key_time,
        tracks: Array.from(text_tracks(), (t) => `${t.language} ${t.mode} ${t.cues?.length}`),
    };
};
