// axe-core on every page and state, light and wide, dark and narrow; and no page is wider than its window.
// options: video, processing.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const axe = createRequire(import.meta.url)('axe-core');

export const expected = [/^40[49] \/api\/v1\/videos\//];

async function check(visit, what) {
    const { page, report } = visit;
    await page.evaluate(axe.source);
    const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    for (const { id, impact, help, nodes } of found.violations) {
        const where = nodes.map((node) => `${node.target} (${node.any[0]?.message ?? ''})`).slice(0, 4).join(', ');
        const line = `${what}: ${impact} ${id}: ${help}: ${where}`;
        if (impact === 'serious' || impact === 'critical') report.failures.push(line);
        else report.steps.push(line);
    }
    const too_wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(too_wide <= 0, `${what} is ${too_wide} pixels too wide`);
}

export default async function accessible(visit) {
    const { page, options } = visit;
    const places = [
        ['catalogue', '/', () => page.locator('.card img.loaded').first().waitFor()],
        ['nothing found', '/?q=zzzzzz', () => page.getByRole('heading', { name: 'Nothing found' }).waitFor()],
        ['upload', '/upload.html', () => page.getByText('Drop videos here').waitFor()],
        ['watch', `/watch.html?v=${options.video}`, async () => {
            await visit.playing();
            await page.keyboard.press('k');
            await page.locator('.player').hover();
            await visit.open_settings();
        }],
        ['processing', `/watch.html?v=${options.processing}`, () => page.getByRole('heading', { name: 'being processed' }).waitFor()],
        ['account', '/', async () => {
            await page.getByRole('button', { name: 'Account' }).click();
            await page.getByRole('button', { name: 'Sign out' }).waitFor();
        }],
        ['sign in', '/', async () => {
            await page.getByRole('button', { name: 'Account' }).click();
            await page.getByRole('button', { name: 'Sign out' }).click();
            await page.getByRole('button', { name: 'Sign in', exact: true }).last().click();
            await page.getByLabel('API token').waitFor();
        }],
    ];
    // Colours do not depend on the width, nor the layout on the colours.
    for (const [colorScheme, width] of [['light', 1440], ['dark', 360]]) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.setViewportSize({ width, height: 800 });
        for (const [what, path, prepare] of places) {
            const where = `${what}, ${colorScheme}, ${width}`;
            await visit.step(where, async () => {
                await visit.go(path);
                await prepare();
                await check(visit, where);
            });
        }
    }
}
