// Waiting: for a time, for the next try, for the network.

/** Resolves after so many milliseconds; rejects with the signal's reason when that is aborted. */
export function sleep(ms, signal) {
    return new Promise((done, fail) => {
        signal?.throwIfAborted();
        const timer = setTimeout(() => {
            signal?.removeEventListener('abort', stop);
            done();
        }, ms);
        function stop() {
            clearTimeout(timer);
            fail(signal.reason);
        }
        signal?.addEventListener('abort', stop, { once: true });
    });
}

/** Milliseconds before try number `attempt` (from 0): 1, 2, 4 … up to `most` seconds, spread by a fifth. */
export function backoff(attempt, most = 15) {
    const seconds = Math.min(most, 2 ** attempt);
    return seconds * 1000 * (0.9 + 0.2 * Math.random());
}

/** As sleep(), but ends early when the browser says that the network is back or `signal_now` is aborted. */
export async function sleep_until_online(ms, signal, signal_now) {
    const early = new AbortController();
    const end = () => early.abort();
    window.addEventListener('online', end, { once: true });
    signal_now?.addEventListener('abort', end, { once: true });
    try {
        await sleep(ms, AbortSignal.any([early.signal, ...(signal ? [signal] : [])]));
    } catch {
        signal?.throwIfAborted();
    } finally {
        window.removeEventListener('online', end);
    }
}

/**
 * Calls `look` again and again until it returns true: soon at first, then slower while nothing changes (`look` returns
 * "changed" to be asked soon again). Failures of the network only slow it down. Ends quietly on abort.
 */
export async function poll(look, { signal, first = 800, most = 8000 }) {
    let pause = first;
    while (!signal.aborted) {
        let result;
        try {
            result = await look(signal);
        } catch (error) {
            if (signal.aborted) return;
            if (!error.may_pass) throw error;
        }
        if (result === true) return;
        pause = result === 'changed' ? first : Math.min(most, pause * 1.4);
        try {
            await sleep(document.hidden ? Math.max(pause, 4000) : pause, signal);
        } catch {
            return;
        }
    }
}
