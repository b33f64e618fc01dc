// node tiles.mjs PAGE TIMES JOBS: asks players for their thumbnails at each of the times (a JSON list, seconds). JOBS is a JSON
// list of what the page is asked for: {player, url, storyboard}. Prints a JSON list that has of each job a list of
// {url, x, y, width, height, color}, color being the mean red, green and blue of the tile.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [page_url, times, jobs] = process.argv.slice(2);
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
    '--autoplay-policy=no-user-gesture-required'];
const profile = await mkdtemp(join(tmpdir(), 'mezz-chromium-'));
let context;

async function look(time) {
    const tile = await window.tile(time);
    const image = new Image();
    image.src = tile.url;
    await image.decode();
    const canvas = new OffscreenCanvas(tile.width, tile.height);
    const drawing = canvas.getContext('2d');
    drawing.drawImage(image, -tile.x, -tile.y);
    const { data } = drawing.getImageData(0, 0, tile.width, tile.height);
    const color = [0, 0, 0];
    data.forEach((value, i) => { if (i % 4 < 3) color[i % 4] += value * 4 / data.length; });
    return { url: tile.url, x: tile.x, y: tile.y, width: tile.width, height: tile.height, color };
}

async function tiles_of(page, job) {
    await page.goto(`${page_url}?${new URLSearchParams(job)}`);
    await page.waitForFunction(() => window.tile && window.state().time > 0, null, { timeout: 60000 });
    const tiles = [];
    for (const time of JSON.parse(times)) tiles.push(await page.evaluate(look, time));
    return tiles;
}

try {
    context = await chromium.launchPersistentContext(profile,
        { executablePath: process.env.MEZZ_CHROMIUM ?? '/usr/bin/chromium', args });
    const page = context.pages()[0] ?? await context.newPage();
    const found = [];
    for (const job of JSON.parse(jobs)) found.push(await tiles_of(page, job));
    console.log(JSON.stringify(found));
} finally {
    await context?.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
}
