// node first_frame.mjs OPTIONS: how long a person waits for the first picture, from the click on a link to the first frame
// that is shown, with an empty cache each time. OPTIONS is a JSON object: runs, token (an API token, for the web page), and
// pages, by name, each with one <video> that plays by itself:
//   {url, engine}   the web page with that player; "native" is what it uses where libraries cannot feed <video>
//   {url, player}   a manifest (HLS or DASH) in a page with nothing but hlsjs, dashjs, shaka, videojs or native with their own
//                   settings; as on the web page, the library is sent compressed and fetched ahead with the manifest
// The pages take turns, so that all see the same load of the machine. Prints {NAME: {p50, p95, max, runs}} in milliseconds.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';

const options = JSON.parse(process.argv[2]);
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--autoplay-policy=no-user-gesture-required'];
const kWait = 60000;  // ms
const kTypes = { '.html': 'text/html', '.js': 'text/javascript' };

const kLibraries = { hlsjs: 'hls.js/dist/hls.min.js', dashjs: 'dashjs/dist/modern/umd/dash.all.min.js',
    shaka: 'shaka-player/dist/shaka-player.compiled.js', videojs: 'video.js/dist/video.min.js' };

/** player.html for what its query names. */
async function player_page(query) {
    const page = await readFile(new URL('player.html', import.meta.url), 'utf8');
    const library = kLibraries[query.get('player')];
    const url = query.get('url').replaceAll('&', '&amp;').replaceAll('"', '&quot;');
    return library ? page.replace('<video', `<link rel="preload" as="script" href="node_modules/${library}">
        <link rel="preload" as="fetch" crossorigin href="${url}"><video`) : page;
}

/** This folder, for the pages with nothing but a player. */
async function serve() {
    const compressed = new Map();  // of files
    const server = createServer(async (request, response) => {
        const { pathname, searchParams } = new URL(request.url, 'http://localhost');
        const headers = { 'Content-Type': kTypes[extname(pathname)] ?? 'application/octet-stream', 'Content-Encoding': 'gzip' };
        try {
            if (pathname === '/player.html') return response.writeHead(200, headers).end(gzipSync(await player_page(searchParams)));
            if (!compressed.has(pathname)) {
                compressed.set(pathname, gzipSync(await readFile(new URL(`.${pathname}`, import.meta.url))));
            }
            response.writeHead(200, headers).end(compressed.get(pathname));
        } catch {
            response.writeHead(404).end();
        }
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    return server;
}

/** Runs in the page before anything of it: notes when the first frame is presented, since the navigation began. */
function prepare({ token, engine }) {
    if (token) sessionStorage.setItem('mezz:token', JSON.stringify(token));
    if (engine) localStorage.setItem('mezz:player', JSON.stringify({ engine, muted: true }));
    if (engine === 'native') {
        delete window.MediaSource;
        delete window.ManagedMediaSource;
    }
    new MutationObserver((_, observer) => {
        const video = document.querySelector('video');
        if (!video) return;
        observer.disconnect();
        video.requestVideoFrameCallback((now) => { window.first_frame = now; });
    }).observe(document, { childList: true, subtree: true });
}

async function measure(browser, own, { url, engine, player }) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    try {
        const page = await context.newPage();
        await page.addInitScript(prepare, { token: options.token, engine });
        const address = player ? `${own}/player.html?${new URLSearchParams({ player, url })}` : url;
        await page.goto(address, { waitUntil: 'commit' });
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

const server = await serve();
const browser = await chromium.launch({ executablePath: process.env.MEZZ_CHROMIUM ?? '/usr/bin/chromium', args });
try {
    const own = `http://127.0.0.1:${server.address().port}`;
    const times = {};
    for (let i = -1; i < options.runs; ++i) {
        for (const [name, page] of Object.entries(options.pages)) {
            const time = await measure(browser, own, page);
            if (i >= 0) (times[name] ??= []).push(time);  // the first one also wakes the browser up
        }
    }
    console.log(JSON.stringify(Object.fromEntries(Object.entries(times).map(([name, list]) => [name, summary(list)])), null, 2));
} finally {
    await browser.close();
    server.close();
}
