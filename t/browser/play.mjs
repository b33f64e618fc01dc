// node play.mjs PAGE PLAYER URL SCREENSHOT [LANGUAGE TIMES]: plays a title in Chromium, seeks, plays to the end; prints
// what it saw as one JSON object. With a language, it seeks to each of the times (a JSON list of {at, cues}) and waits
// until just the cues with those texts are shown, and does not play to the end. Exit code 1 if a step did not succeed;
// "failures" then says which.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [page_url, player, url, screenshot, language, times] = process.argv.slice(2);
const kStep = 60000;  // ms that a step may take, on however slow a machine
const kStall = 20000;  // ms without progress while playing
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--autoplay-policy=no-user-gesture-required'];
const report = { failures: [], steps: [], network: [] };
const profile = await mkdtemp(join(tmpdir(), 'mezz-chromium-'));
let context;

function watch(page) {
    page.on('pageerror', (e) => report.failures.push(`page: ${e.message}`));
    page.on('console', (m) => m.type() === 'error' && report.failures.push(`console: ${m.text()}`));
    page.on('response', (r) => r.status() >= 400 && !r.url().endsWith('/favicon.ico') &&
        report.failures.push(`${r.status()} ${r.url()}`));
    page.on('requestfailed', (r) => r.failure()?.errorText !== 'net::ERR_ABORTED' &&
        report.failures.push(`${r.failure()?.errorText} ${r.url()}`));
}

async function until(page, what, done, moving = true) {
    const end = Date.now() + kStep;
    let moved = Date.now();
    let last = -1;
    for (;;) {
        const state = await page.evaluate(() => window.state());
        if (state.errors.length) throw new Error(`${what}: ${state.errors.join('; ')}`);
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

async function seek(page, to) {
    const before = await page.evaluate((t) => {
        const state = window.state();
        document.querySelector('video').currentTime = t;
        return state;
    }, to);
    return until(page, `seek to ${to.toFixed(2)}`, (s) =>
        !s.seeking && s.time > to + 0.3 && s.time < to + 15 && s.frames > before.frames + 3);
}

// Paused, so that a slow machine sees the same.
async function show(page, { at, cues }) {
    await page.evaluate((t) => {
        const video = document.querySelector('video');
        video.pause();
        video.currentTime = t;
    }, at);
    const shown = (s) => s.cues.map((c) => c.text).sort().join('|');
    const expected = [...cues].sort().join('|');
    return until(page, `cues at ${at}: ${expected}`, (s) =>
        !s.seeking && s.ready >= 2 && Math.abs(s.time - at) < 0.01 && shown(s) === expected, false);
}

async function play_through(page, start) {
    await seek(page, start.duration * 0.6);
    await seek(page, start.duration * 0.2);
    await page.screenshot({ path: screenshot });
    await seek(page, start.duration - 1.2);
    // Reaching the end pauses; a player that then touches its source takes `ended` back.
    const end = await until(page, 'end', (s) => s.ended || (s.paused && s.time > s.duration - 0.02));
    const last = end.buffered.at(-1)?.[1] ?? 0;
    // Chromium's own HLS player ends its range where the last frame begins, and drops what it decoded.
    if (Math.abs(last - end.duration) > (player === 'native' ? 0.5 : 0.15)) report.failures.push(`buffered ends at ${last} of ${end.duration}`);
    if (Math.abs(end.time - end.duration) > 0.15) report.failures.push(`ended at ${end.time} of ${end.duration}`);
    const jumps = [0, 0.6 * start.duration, 0.2 * start.duration, start.duration - 1.2];
    for (const wait of end.waits) {
        // With data there, only the machine is slow.
        const excused = wait.seeking || wait.ahead > 0.5 || wait.at > end.duration - 0.2 ||
            jumps.some((j) => Math.abs(wait.at - j) < 0.5);
        if (!excused) report.failures.push(`stalled at ${wait.at}`);
    }
    return end;
}

try {
    context = await chromium.launchPersistentContext(profile,
        { executablePath: process.env.MEZZ_CHROMIUM ?? '/usr/bin/chromium', args, viewport: { width: 640, height: 360 } });
    const page = context.pages()[0] ?? await context.newPage();
    watch(page);
    const text = language ? { text: language } : {};
    await page.goto(`${page_url}?${new URLSearchParams({ player, url, ...text })}`);
    const start = await until(page, 'start', (s) => s.time > 0.5 && s.frames > 5 && s.time < 10);
    if (start.buffered[0][0] > 0.1) report.failures.push(`buffered starts at ${start.buffered[0][0]}`);
    let end = start;
    if (language) {
        for (const time of JSON.parse(times)) end = await show(page, time);
        await page.screenshot({ path: screenshot });
    } else {
        end = await play_through(page, start);
    }
    report.duration = end.duration;
    report.frames = end.frames;
    report.size = [end.width, end.height];
} catch (e) {
    report.failures.push(e.message);
} finally {
    await context?.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
}
console.log(JSON.stringify(report));
process.exitCode = report.failures.length ? 1 : 0;
