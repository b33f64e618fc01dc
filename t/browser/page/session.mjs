// A long session: two minutes of playing while each signed URL lives for 20 s. options: video, engine.
import assert from 'node:assert/strict';

const kPlayed = 120;  // seconds

export default async function session(visit) {
    const { page, options, report } = visit;
    const answers = [];
    const tokens = new Set();
    page.on('response', (response) => {
        const url = new URL(response.url());
        if (url.pathname.endsWith('/stream')) answers.push(response.status());
        if (url.pathname.endsWith('.m4s')) tokens.add(url.searchParams.get('token'));
    });
    await page.addInitScript((engine) => localStorage.setItem('mezz:player', JSON.stringify({ engine })), options.engine);

    await visit.step('it plays for two minutes', async () => {
        await visit.go(`/watch.html?v=${options.video}&t=0`);
        await visit.playing(0.1);
        await page.evaluate(() => {
            const video = document.querySelector('video');
            window.stalls = [];
            video.addEventListener('waiting', () => {
                const { buffered, currentTime } = video;
                const last = buffered.length ? buffered.end(buffered.length - 1) : 0;
                // With data there, only the machine is slow.
                if (last - currentTime < 0.5) window.stalls.push(currentTime);
            });
        });
        const { time } = await visit.video();
        const end = Date.now() + 1000 * (kPlayed + 180);
        while ((await visit.video()).time < time + kPlayed) {
            if (Date.now() > end) throw new Error('too slow');
            await page.waitForTimeout(500);
        }
    });
    report.renewals = answers.length;
    report.tokens = tokens.size;
    report.stalls = await page.evaluate(() => window.stalls);
    report.message = await page.locator('.stage-message, .notice:not([hidden])').allInnerTexts();
    assert.deepEqual(report.stalls, []);
    assert.deepEqual(report.message, []);
    assert.ok(answers.every((status) => status === 200), `${answers}`);
    assert.ok(answers.length >= 4, `${answers.length} answers in all`);
    assert.ok(tokens.size >= 3, `segments with ${tokens.size} tokens`);
}
