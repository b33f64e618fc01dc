// Loads the player that the query names, plays the URL that it gives, and keeps every error in window.errors. With
// `text`, the text track of that language is shown.
const query = new URLSearchParams(location.search);
const video = document.querySelector('video');
const language = query.get('text');
window.errors = [];
window.waits = [];

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

const players = {
    async hlsjs(url) {
        await script('hls.js/dist/hls.min.js');
        const player = new Hls(language === null ? {} : { subtitlePreference: { lang: language } });
        player.on(Hls.Events.ERROR, (_, data) => failed(`hls.js ${data.type} ${data.details} ${data.reason ?? ''} ${data.error ?? ''}`));
        player.loadSource(url);
        player.attachMedia(video);
    },
    async dashjs(url) {
        await script('dashjs/dist/modern/umd/dash.all.min.js');
        const player = dashjs.MediaPlayer().create();
        for (const event of ['error', 'playbackError', 'manifestError']) {
            player.on(event, (e) => failed(`dash.js ${event} ${JSON.stringify(e.error ?? e)}`));
        }
        player.on('allTextTracksAdded', (e) => {
            if (language !== null) player.setTextTrack(e.tracks.findIndex((t) => t.lang === language));
        });
        window.tile = (time) => new Promise((done) => { player.provideThumbnail(time, done); });
        player.initialize(video, url, true);
    },
    async shaka(url) {
        await script('shaka-player/dist/shaka-player.compiled.js');
        shaka.polyfill.installAll();
        const player = new shaka.Player();
        await player.attach(video);
        player.addEventListener('error', (e) => failed(`shaka ${e.detail.code} ${e.detail.data}`));
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

video.addEventListener('waiting', () =>
    window.waits.push({ at: video.currentTime, seeking: video.seeking, ahead: ahead() }));
players[query.get('player')](query.get('url'))
    .then(() => video.play())
    .catch((e) => e.name === 'AbortError' || failed(`${e.name ?? ''} ${e.code ?? ''} ${e.message ?? e}`));
// Cues that are to be seen now, once for each time they are drawn.
function active() {
    const tracks = Array.from(video.textTracks).filter((track) => track.mode !== 'disabled' && track.activeCues);
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
        errors: window.errors, waits: window.waits, cues: active(),
        tracks: Array.from(video.textTracks, (t) => `${t.language} ${t.mode} ${t.cues?.length}`),
    };
};
