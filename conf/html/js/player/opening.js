// The way from a video's id to its first frame. Nothing that is not needed for that belongs here: controls, texts and lists
// come later and find the video playing.
import { load_engine } from './engine.js';
import { Grant } from './grant.js';
import { read_preferences } from './settings.js';

/** A video that is being opened. What fails is told by `grant` and `engine`, which reject. */
export class Opening {
    #stop = new AbortController();
    #preferences = read_preferences();
    /** The engine's troubles that nobody has heard of yet. */
    troubles = [];
    /** Promise of what video.play() promised; null until the engine has been loaded. */
    playing = null;

    /** Begins: the right to play and the code are asked for at the same time. `start`: seconds. */
    constructor(id, start) {
        this.id = id;
        this.video = Object.assign(document.createElement('video'), { playsInline: true, preload: 'auto', tabIndex: -1 });
        this.root = Object.assign(document.createElement('div'), { className: 'player' });
        this.root.append(this.video);
        this.grant = Grant.open(id, this.#stop.signal);
        this.engine = this.#load(start);
        this.grant.catch(() => {});
        this.engine.catch(() => {});
    }

    async #load(start) {
        const { video } = this;
        const { engine, muted, speed, volume } = this.#preferences;
        const [grant, { default: Kind }] = await Promise.all([this.grant, load_engine(engine)]);
        this.#stop.signal.throwIfAborted();
        const loading = new Kind(video, grant);
        loading.addEventListener('trouble', (event) => this.troubles.push(event));
        Object.assign(video, { muted, volume, playbackRate: speed, defaultPlaybackRate: speed });
        await loading.load(start);
        this.playing = video.play();
        this.playing.catch(() => {});
        return loading;
    }

    /** Ends it, however far it has come. */
    stop() {
        this.#stop.abort(new DOMException('closed', 'AbortError'));
        this.engine.then((engine) => engine.destroy(), () => {});
        this.grant.then((grant) => grant.close(), () => {});
        this.root.remove();
    }
}
