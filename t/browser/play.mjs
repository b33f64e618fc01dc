// Plays titles in Chromium. Reads jobs, a JSON object a line, and answers each with what it saw, as one too:
//   page        URL of player.html
//   player, url the program and the manifest that it plays
//   screenshot  where to put a picture
//   language    of the text track that is shown, or none
//   config      of Shaka, or none
//   permitted   texts of errors that are no failures
// and what is done, in this order:
//   key_frames  a list of times: has the player show the key frame of each beside what plays
//   trick       true: moves at eight times the speed by the key frames that the player downloads for it
//   audio       a list of {language, tone}: chooses that sound and waits until its loudest tone is that (Hz)
//   cues        a list of {at, cues}: seeks there and waits until just the cues with those texts are shown
//   text        {language, cues}: the same, after it has chosen another text track
//   through     true, or none of these: seeks forward and back, and plays to the end
// "failures" says what did not succeed.
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { begin, kinds } from './tasks.mjs';

const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'];

function watch(page, report) {
    page.on('pageerror', (e) => report.failures.push(`page: ${e.message}`));
    page.on('console', (m) => m.type() === 'error' && report.failures.push(`console: ${m.text()}`));
    page.on('request', (r) => report.requests.push(new URL(r.url()).pathname));
    page.on('response', (r) => r.status() >= 400 && !r.url().endsWith('/favicon.ico') &&
        report.failures.push(`${r.status()} ${r.url()}`));
    page.on('requestfailed', (r) => r.failure()?.errorText !== 'net::ERR_ABORTED' &&
        report.failures.push(`${r.failure()?.errorText} ${r.url()}`));
}

async function play(browser, job) {
    const report = { failures: [], steps: [], requests: [], permitted: job.permitted ?? [] };
    const context = await browser.newContext({ viewport: { width: 640, height: 360 } });
    try {
        const page = await context.newPage();
        watch(page, report);
        const query = { player: job.player, url: job.url, ...(job.language ? { text: job.language } : {}),
            ...(job.config ? { config: JSON.stringify(job.config) } : {}) };
        await page.goto(`${job.page}?${new URLSearchParams(query)}`);
        let end = await begin(page, report);
        const wanted = Object.keys(kinds).filter((name) => job[name]);
        for (const name of wanted.length ? wanted : ['through']) end = await kinds[name](page, job, report);
        Object.assign(report, { duration: end.duration, frames: end.frames, size: [end.width, end.height],
            times: await page.evaluate(() => window.times) });
    } catch (e) {
        report.failures.push(e.message);
    } finally {
        await context.close();
    }
    return report;
}

const browser = await chromium.launch({ executablePath: process.env.MEZZ_CHROMIUM ?? '/usr/bin/chromium', args });
try {
    for await (const line of createInterface({ input: process.stdin })) {
        console.log(JSON.stringify(await play(browser, JSON.parse(line))));
    }
} finally {
    await browser.close();
}
