// Better qualities that were made while the video played.

const kShownFor = 12000;  // ms

/**
 * Offers them in a notice, and takes them by itself where nobody minds: while the video is paused, or with the next pause or
 * seek. `take()` loads the video anew; where it fails, the offer stands. Ends with the signal.
 */
export function offer_upgrade(player, take, signal) {
    const { video } = player;
    const taken = new AbortController();
    const until = AbortSignal.any([signal, taken.signal]);
    let is_taking = false;

    async function begin() {
        if (is_taking || video.ended) return;
        is_taking = true;
        player.hide_notice();
        try {
            await take();
            taken.abort();
        } catch { /* the network, most likely */ }
        is_taking = false;
    }

    for (const event of ['pause', 'seeking']) video.addEventListener(event, begin, { signal: until });
    if (video.paused) return void begin();
    player.show_notice('Better qualities are ready', 'Switch now', begin, 'check');
    const timer = setTimeout(() => player.hide_notice(), kShownFor);
    until.addEventListener('abort', () => clearTimeout(timer));
}
