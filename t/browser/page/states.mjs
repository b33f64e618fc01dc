// What the watch page says when there is nothing to watch. options: token (of a viewer), processing, failed, forbidden, gone,
// watched (ids); owner (a token of the uploader, who alone sees what is not ready); expired, foreign (tokens that the server refuses).
import assert from 'node:assert/strict';

export const expected = [/^40[1349] \/api\/v1\/videos\//, /^404 \/v\//];

async function says(visit, id, heading, text) {
    await visit.go(`/watch.html?v=${id}`);
    await visit.page.getByRole('heading', { name: heading }).waitFor();
    assert.match(await visit.page.locator('.stage-message').innerText(), text);
}

async function sign_in_as(visit, token) {
    await visit.go('/');
    await visit.page.evaluate((text) => sessionStorage.setItem('mezz:token', JSON.stringify(text)), token);
}

export default async function states(visit) {
    const { page, options } = visit;
    await sign_in_as(visit, options.owner);
    await visit.step('processing: how far it is', async () => {
        await says(visit, options.processing, 'This video is being processed', /starts here by itself/);
        await page.getByRole('progressbar', { name: 'Processing' }).waitFor();
    });
    await visit.step('failed: why', () => says(visit, options.failed, 'could not be processed', /\w+ .*\./));
    await sign_in_as(visit, options.token);
    await visit.step('forbidden: the rule’s reason', () =>
        says(visit, options.forbidden, 'You may not watch this video', /subscription/));
    await visit.step('gone', () => says(visit, options.gone, 'This video is not here', /taken down/));
    await visit.step('no id at all', () => says(visit, '..%2F..%2Fx', 'This video is not here', /link/));

    await visit.step('taken down while it plays', async () => {
        await visit.go(`/watch.html?v=${options.watched}`);
        await visit.playing();
        const answer = await page.request.delete(`${options.base}/api/v1/videos/${options.watched}`,
            { headers: { Authorization: `Bearer ${options.owner}` } });
        assert.equal(answer.status(), 204);
        await page.getByRole('heading', { name: 'This video is not here' }).waitFor();
    });

    await visit.step('a sign-in that the server refuses', async () => {
        await page.addInitScript((token) => sessionStorage.setItem('mezz:token', JSON.stringify(token)), options.foreign);
        await visit.go(`/watch.html?v=${options.gone}`);
        await page.getByRole('heading', { name: 'Your sign-in has ended' }).waitFor();
        await page.getByRole('button', { name: 'Sign in', exact: true }).last().click();
        await page.getByLabel('API token').fill(options.expired);
        await page.locator('dialog').getByRole('button', { name: 'Sign in', exact: true }).click();
        await page.getByText('This token has expired').waitFor();
    });
}
