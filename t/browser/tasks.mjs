// What play.mjs does with a page that plays: each of `kinds` takes the page, the job and the report, and returns the last
// state.
const kStep = 60000;  // ms that a step may take, on however slow a machine
const kStall = 20000;  // ms without progress while playing

async function until(page, report, what, done, moving = true) {
    const end = Date.now() + kStep;
    let moved = Date.now();
    let last = -1;
    for (;;) {
        const state = await page.evaluate(() => window.state());
        const errors = state.errors.filter((error) => !report.permitted.some((text) => error.includes(text)));
        if (errors.length) throw new Error(`${what}: ${errors.join('; ')}`);
        if (done(state)) {
            report.steps.push({ what, ...state });
            return state;
        }
        if (state.time !== last) {
            moved = Date.now();
            last = state.time;
        }
        const stalled = moving && state.frames > 0 && Date.now() - moved > kStall;
        if (stalled || Date.now() > end) {
            throw new Error(`${what}: ${stalled ? 'stalled' : 'too slow'} ${JSON.stringify(state)}`);
        }
        await page.waitForTimeout(50);
    }
}

export async function begin(page, report) {
    const start = await until(page, report, 'start', (s) => s.time > 0.5 && s.frames > 5 && s.time < 10);
    if (start.buffered[0][0] > 0.1) report.failures.push(`buffered starts at ${start.buffered[0][0]}`);
    return start;
}

async function play_from(page, time) {
    await page.evaluate((t) => {
        const video = document.querySelector('video');
        video.currentTime = t;
        video.play();
    }, time);
}

async function seek(page, report, to) {
    const before = await page.evaluate((t) => {
        const state = window.state();
        document.querySelector('video').currentTime = t;
        return state;
    }, to);
    return until(page, report, `seek to ${to.toFixed(2)}`, (s) =>
        !s.seeking && s.time > to + 0.3 && s.time < to + 15 && s.frames > before.frames + 3);
}

// With data there, for half a second or to the end, only the machine is slow.
function is_stall(wait, end, jumps) {
    return !(wait.seeking || wait.ahead > 0.5 || wait.at + wait.ahead > end.duration - 0.2 ||
        jumps.some((j) => Math.abs(wait.at - j) < 0.5));
}

async function through(page, job, report) {
    const start = report.steps[0];
    const waits = await page.evaluate(() => {
        document.querySelector('video').play();
        return window.waits.length;
    });
    const jumps = [0.6 * start.duration, 0.2 * start.duration, start.duration - 1.2];
    await seek(page, report, jumps[0]);
    await seek(page, report, jumps[1]);
    await page.screenshot({ path: job.screenshot });
    await seek(page, report, jumps[2]);
    // Reaching the end pauses; a player that then touches its source takes `ended` back.
    const end = await until(page, report, 'end', (s) => s.ended || (s.paused && s.time > s.duration - 0.02));
    const last = end.buffered.at(-1)?.[1] ?? 0;
    // Chromium's own HLS player ends its range where the last frame begins, and drops what it decoded.
    if (Math.abs(last - end.duration) > (job.player === 'native' ? 0.5 : 0.15)) {
        report.failures.push(`buffered ends at ${last} of ${end.duration}`);
    }
    if (Math.abs(end.time - end.duration) > 0.15) report.failures.push(`ended at ${end.time} of ${end.duration}`);
    for (const wait of end.waits.slice(waits).filter((w) => is_stall(w, end, [0, ...jumps]))) {
        report.failures.push(`stalled at ${wait.at}`);
    }
    return end;
}

// Paused, so that a slow machine sees the same.
async function show(page, report, { at, cues }) {
    await page.evaluate((t) => {
        const video = document.querySelector('video');
        video.pause();
        video.currentTime = t;
    }, at);
    const shown = (s) => s.cues.map((c) => c.text).sort().join('|');
    const expected = [...cues].sort().join('|');
    return until(page, report, `cues at ${at}: ${expected}`, (s) =>
        !s.seeking && s.ready >= 2 && Math.abs(s.time - at) < 0.01 && shown(s) === expected, false);
}

async function cues(page, job, report) {
    let end;
    for (const time of job.cues) end = await show(page, report, time);
    return end;
}

async function text(page, job, report) {
    await play_from(page, 2);
    const { language } = job.text;
    await page.evaluate((wanted) => window.choose_text(wanted), language);
    await until(page, report, `cues in ${language}`, (s) => s.cues.length && s.cues.every((c) => c.language === language));
    return cues(page, job.text, report);
}

// Heard, not only chosen: a bin of the spectrum is 12 Hz wide.
async function audio(page, job, report) {
    let end;
    await play_from(page, 1);
    await page.evaluate(() => window.listen());
    await until(page, report, 'sounds', (s) => s.tone > 100);
    for (const { language, tone } of job.audio) {
        await page.evaluate((wanted) => window.choose_audio(wanted), language);
        end = await until(page, report, `${language} sounds at ${tone} Hz`, (s) => Math.abs(s.tone - tone) < 40);
    }
    return end;
}

// By pictures that stand alone: the player asks for nothing else while it moves.
async function trick(page, job, report) {
    await page.evaluate(() => window.trick_play(8));
    const moved = await until(page, report, 'moves fast', (s) => s.time > 0.7 * s.duration);
    if (!report.requests.some((path) => path.includes('_iframe_'))) report.failures.push('no I-frame was asked for');
    await page.evaluate(() => window.trick_play(1));
    // A seek while it changes to the pictures that it plays would do to Shaka what player.js says of choose_audio.
    return until(page, report, 'plays on', (s) => s.ended || (!s.seeking && s.time > moved.time + 0.5));
}

// A second picture shows the key frame of a time while the first one plays.
async function key_frames(page, job, report) {
    let end;
    for (const time of job.key_frames) {
        await page.evaluate((at) => window.scrub(at), time);
        end = await until(page, report, `key frame of ${time}`, (s) => s.key <= time && s.key > time - 2.1, false);
    }
    if (!report.requests.some((path) => path.includes('_iframe_'))) report.failures.push('no I-frame was asked for');
    return end;
}

/** In the order in which a job has them done. */
export const kinds = { key_frames, trick, audio, cues, text, through };
