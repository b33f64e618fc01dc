// The sign-in ends while a video plays. options: token (one that is about to expire), again (a fresh one), video.
import assert from 'node:assert/strict';

export const expected = [/^401 \/api\/v1\/videos/, /^403 \/v\//];

export default async function expiry(visit) {
    const { page, options } = visit;

    await visit.step('it plays', async () => {
        await visit.go(`/watch.html?v=${options.video}&t=0`);
        await visit.playing();
    });
    await visit.step('once nothing can be renewed it asks to sign in', async () => {
        await page.getByRole('heading', { name: 'Your sign-in has ended' }).waitFor();
        await page.getByRole('button', { name: 'Sign in', exact: true }).first().waitFor();
    });
    const stopped = await page.evaluate((id) => JSON.parse(localStorage.getItem('mezz:positions'))[id].at, options.video);
    await visit.step('and goes on where it was', async () => {
        await page.locator('.stage-message').getByRole('button', { name: 'Sign in', exact: true }).click();
        await page.getByLabel('API token').fill(options.again);
        await page.locator('dialog').getByRole('button', { name: 'Sign in', exact: true }).click();
        await visit.playing();
        const { time } = await visit.video();
        assert.ok(time >= stopped && time < stopped + 12, `${time} after ${stopped}`);
    });
}
