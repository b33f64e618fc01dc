// The network goes away and comes back. options: video, engine.
import assert from 'node:assert/strict';

export const expected = [/ERR_INTERNET_DISCONNECTED/, /ERR_NETWORK_CHANGED/];

export default async function network(visit) {
    const { page, options, context } = visit;
    await page.addInitScript((engine) => localStorage.setItem('mezz:player', JSON.stringify({ engine })), options.engine);

    await visit.step('it plays', async () => {
        await visit.go(`/watch.html?v=${options.video}&t=0`);
        await visit.playing();
    });
    await visit.step('without a network it says so, and keeps trying', async () => {
        await context.setOffline(true);
        await page.evaluate(() => {
            const video = document.querySelector('video');
            video.currentTime = video.duration * 0.9;  // where nothing is loaded
        });
        await page.getByText('Connection lost. Trying again…').waitFor();
        await visit.shoot('lost');
    });
    const { time } = await visit.video();
    await visit.step('with the network back it goes on where it was', async () => {
        await context.setOffline(false);
        await visit.playing();
        await page.locator('.notice').waitFor({ state: 'hidden' });
        const now = (await visit.video()).time;
        assert.ok(now >= time - 0.1 && now < time + 12, `${now} after ${time}`);
    });
}
