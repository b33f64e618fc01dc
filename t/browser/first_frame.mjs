// node first_frame.mjs OPTIONS: how long a person waits for the first picture, from the click on a link to the first frame
// that is shown, with an empty cache each time. OPTIONS is a JSON object: runs, token (an API token, for the web page), and
// pages: {NAME: {url, engine}}, each a page with one <video> that plays by itself; engine is the web page's player. Prints
// {NAME: {p50, p95, max, runs}} in milliseconds.
import { chromium } from 'playwright-core';

const options = JSON.parse(process.argv[2]);
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--autoplay-policy=no-user-gesture-required'];
const kWait = 60000;  // ms

/** Runs in the page before anything of it: notes when the first frame is presented, since the navigation began. */
function prepare({ token, engine }) {
    if (token) sessionStorage.setItem('mezz:token', JSON.stringify(token));
    if (engine) localStorage.setItem('mezz:player', JSON.stringify({ engine, muted: true }));
    new MutationObserver((_, observer) => {
        const video = document.querySelector('video');
        if (!video) return;
        observer.disconnect();
        video.requestVideoFrameCallback((now) => { window.first_frame = now; });
    }).observe(document, { childList: true, subtree: true });
}

async function measure(browser, { url, engine }) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    try {
        const page = await context.newPage();
        await page.addInitScript(prepare, { token: options.token, engine });
        await page.goto(url, { waitUntil: 'commit' });
        await page.waitForFunction(() => window.first_frame, null, { timeout: kWait, polling: 20 });
        return await page.evaluate(() => window.first_frame);
    } finally {
        await context.close();
    }
}

function summary(times) {
    const sorted = [...times].sort((a, b) => a - b);
    const at = (share) => Math.round(sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]);
    return { p50: at(0.5), p95: at(0.95), max: at(1), runs: sorted.length };
}

const browser = await chromium.launch({ executablePath: process.env.MEZZ_CHROMIUM ?? '/usr/bin/chromium', args });
try {
    const found = {};
    for (const [name, page] of Object.entries(options.pages)) {
        await measure(browser, page);  // the first one also wakes the browser up
        const times = [];
        for (let i = 0; i < options.runs; ++i) times.push(await measure(browser, page));
        found[name] = summary(times);
    }
    console.log(JSON.stringify(found, null, 2));
} finally {
    await browser.close();
}
