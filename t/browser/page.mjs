// node page.mjs SCENARIO OPTIONS: drives the web page in Chromium as a person would. SCENARIO is a module in page/, OPTIONS a
// JSON object: base (URL of the site), token (an API token, to be signed in), folder (for screenshots), and what the
// scenario needs besides. Prints what it saw as one JSON object; exit code 1 if a step did not succeed, and "failures" says
// which.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const kStep = 60000;  // ms that a step may take, on however slow a machine
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--autoplay-policy=no-user-gesture-required'];
const [name, text] = process.argv.slice(2);
const options = JSON.parse(text);
const report = { failures: [], steps: [] };
const profile = await mkdtemp(join(tmpdir(), 'mezz-chromium-'));

/** Everything that a page must not do: throw, break its own Content-Security-Policy, ask for what is not there. */
function watch(page, expected) {
    const is_expected = (what) => expected.some((pattern) => pattern.test(what));
    page.on('pageerror', (error) => report.failures.push(`page: ${error.message}`));
    page.on('console', (message) => {
        // Answers of the API are judged below, by their status and path.
        if (message.type() !== 'error' || message.text().startsWith('Failed to load resource')) return;
        report.failures.push(`console: ${message.text()}`);
    });
    page.on('response', (response) => {
        const what = `${response.status()} ${new URL(response.url()).pathname}`;
        if (response.status() >= 400 && !is_expected(what)) report.failures.push(what);
    });
    page.on('requestfailed', (request) => {
        const what = `${request.failure()?.errorText} ${new URL(request.url()).pathname}`;
        if (!what.startsWith('net::ERR_ABORTED') && !is_expected(what)) report.failures.push(what);
    });
}

/** What scenarios are given. */
class Visit {
    constructor(context, page) {
        Object.assign(this, { context, page, options, report });
    }

    /** Opens a page of the site. */
    async go(path) {
        await this.page.goto(options.base + path);
    }

    /** One thing that must succeed; the first that does not ends the scenario, with a picture. */
    async step(what, run) {
        try {
            const began = Date.now();
            await run();
            report.steps.push(`${what}: ${Date.now() - began} ms`);
        } catch (error) {
            await this.shoot('failed').catch(() => {});
            throw new Error(`${what}: ${error.message}\nvideo: ${JSON.stringify(await this.video().catch(() => null))}`);
        }
    }

    /** Waits until a function of the page is true. */
    async until(run, argument) {
        await this.page.waitForFunction(run, argument, { timeout: kStep, polling: 50 });
    }

    /** What the <video> is at; null where there is none. */
    video() {
        return this.page.evaluate(() => {
            const video = document.querySelector('video');
            return video && { time: video.currentTime, duration: video.duration, paused: video.paused, ended: video.ended,
                ready: video.readyState, width: video.videoWidth, height: video.videoHeight, speed: video.playbackRate,
                muted: video.muted, frames: video.getVideoPlaybackQuality().totalVideoFrames };
        });
    }

    /** Waits until the video has played on from here. */
    async playing(seconds = 0.5) {
        await this.until(() => document.querySelector('video')?.readyState > 1);
        const { time } = await this.video();
        await this.until((until) => document.querySelector('video').currentTime >= until, time + seconds);
    }

    /** Opens the settings of a page. On a slow machine the controls may hide again before the click: then once more. */
    async open_settings(page = this.page) {
        const end = Date.now() + kStep;
        for (let y = 40; ; y += 10) {
            await page.locator('.player').hover({ position: { x: 40, y: y % 100 } });
            try {
                return await page.getByRole('button', { name: 'Settings' }).click({ timeout: 2000 });
            } catch (error) {
                if (Date.now() > end) throw error;
            }
        }
    }

    /** Chooses in the settings menu. */
    async choose(topic, choice) {
        const menu = this.page.locator('.menu');
        await this.open_settings();
        await menu.getByRole('menuitem', { name: topic }).click();
        await menu.getByRole('menuitemradio', { name: choice, exact: true }).click();
    }

    async shoot(picture) {
        await this.page.screenshot({ path: join(options.folder, `${name}-${picture}.png`) });
    }
}

let context;
try {
    const scenario = await import(`./page/${name}.mjs`);
    context = await chromium.launchPersistentContext(profile, {
        executablePath: process.env.MEZZ_CHROMIUM ?? '/usr/bin/chromium', args, viewport: { width: 1280, height: 800 },
        ...scenario.settings });
    const page = context.pages()[0] ?? await context.newPage();
    page.setDefaultTimeout(kStep);
    watch(page, scenario.expected ?? []);
    if (options.token) {
        await page.addInitScript((token) => {
            if (!sessionStorage.getItem('mezz:token')) sessionStorage.setItem('mezz:token', JSON.stringify(token));
        }, options.token);
    }
    await scenario.default(new Visit(context, page));
} catch (error) {
    report.failures.push(error.message);
} finally {
    await context?.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
}
console.log(JSON.stringify(report));
process.exitCode = report.failures.length ? 1 : 0;
