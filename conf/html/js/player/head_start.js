// The watch page's first script: it opens the video of the page's address, and leaves the browser alone with that until there
// is a picture. Then comes the rest of the page, which takes over what was opened.
import { start_time, video_id } from '../address.js';
import { session } from '../session.js';
import { sleep } from '../wait.js';
import { Opening } from './opening.js';

const kPatience = 1000;  // ms; who waits longer gets the controls without the picture

let opening = video_id && session.token ? new Opening(video_id, start_time()) : null;

/** Resolves when the first picture is there, or there will be none so soon. */
function first_picture({ video, engine }) {
    const picture = new Promise((done) => { video.addEventListener('loadeddata', done, { once: true }); });
    const failure = engine.then(() => new Promise(() => {}), () => {});
    return Promise.race([picture, failure, sleep(kPatience)]);
}

/** The page names the files that may wait, so that they come all at once and not one after the other. */
function load_the_rest() {
    for (const link of document.querySelectorAll('link[rel="later"]')) {
        link.rel = link.getAttribute('as') === 'style' ? 'stylesheet' : 'modulepreload';
    }
    return import('../watch.js');
}

async function begin() {
    if (opening) {
        document.getElementById('stage').replaceChildren(opening.root);
        await first_picture(opening);
    }
    await load_the_rest();
}

/** The opening that was begun, once: whoever takes it has to end it. Null if there is none. */
export function take_head_start() {
    const taken = opening;
    opening = null;
    return taken;
}

begin();
