// A video that is watched as it was uploaded gets better qualities while it plays: one viewer takes them by the notice, another
// with a pause. options: video (its qualities are made once its description is "Go on"; 240 lines).
import assert from 'node:assert/strict';

/** The heights that the settings offer; none without such a topic. */
async function qualities(visit, page) {
    await visit.open_settings(page);
    const topic = page.locator('.menu').getByRole('menuitem', { name: 'Quality' });
    const has_choice = await topic.count() > 0;
    if (has_choice) await topic.click();
    const names = has_choice ? await page.locator('.menu').getByRole('menuitemradio').allInnerTexts() : [];
    await page.keyboard.press('Escape');
    return names.map((name) => name.trim()).filter((name) => /^\d+p$/.test(name));
}

/** Waits until segments of another revision are shown. */
async function changed(page) {
    await page.waitForFunction(() => {
        const revisions = performance.getEntriesByType('resource').map(({ name }) => /\/cmaf\/(\w+)\/\w+_\d+\.m4s/.exec(name)?.[1]);
        return new Set(revisions.filter(Boolean)).size > 1 && document.querySelector('video').readyState > 1;
    }, null, { polling: 50 });
    await page.locator('.still').waitFor({ state: 'detached' });
}

export default async function better(visit) {
    const { page, context, options } = visit;
    const paused = await context.newPage();
    await paused.addInitScript((token) => sessionStorage.setItem('mezz:token', JSON.stringify(token)), options.token);

    await visit.step('both see the file as it was uploaded', async () => {
        for (const one of [paused, page]) {
            await one.goto(`${options.base}/watch.html?v=${options.video}&t=0`);
            await one.getByText('Better qualities are being made').waitFor();
            await one.waitForFunction(() => document.querySelector('video').currentTime > 0.5, null, { polling: 50 });
            assert.deepEqual(await qualities(visit, one), []);
        }
    });
    await visit.step('a notice tells that better ones are ready', async () => {
        const answer = await page.request.patch(`${options.base}/api/v1/videos/${options.video}`,
            { headers: { Authorization: `Bearer ${options.token}` }, data: { description: 'Go on' } });
        assert.equal(answer.status(), 200);
        await page.getByText('Better qualities are ready').waitFor();
        await visit.shoot('notice');
    });
    await visit.step('the notice changes to them and goes on', async () => {
        const { time } = await visit.video();
        await page.getByRole('button', { name: 'Switch now' }).click();
        await changed(page);
        await visit.playing();
        const now = (await visit.video()).time;
        assert.ok(now >= time && now < time + 15, `${now} after ${time}`);
        assert.deepEqual(await qualities(visit, page), ['240p', '120p']);
        assert.equal(await page.getByText('Better qualities').filter({ visible: true }).count(), 0);
    });
    await visit.step('so does a pause, which stays one', async () => {
        await paused.bringToFront();
        await paused.getByText('Better qualities are being made').waitFor({ state: 'hidden' });
        await paused.evaluate(() => {
            const video = document.querySelector('video');
            video.addEventListener('pause', () => { window.paused_at = video.currentTime; }, { once: true });
        });
        await paused.keyboard.press('k');
        await changed(paused);
        const { at, time, is_paused } = await paused.evaluate(() => {
            const video = document.querySelector('video');
            return { at: window.paused_at, time: video.currentTime, is_paused: video.paused };
        });
        assert.ok(is_paused && Math.abs(time - at) < 0.2, `${time} after ${at}`);
        assert.deepEqual(await qualities(visit, paused), ['240p', '120p']);
    });
}
