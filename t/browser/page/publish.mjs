// The whole way of a publisher: sign in, upload, see it processed, watch it, change it, take it down.
// The site offers a demo session. options: sign_in (an API token), files, bad_file.
import assert from 'node:assert/strict';
import { basename } from 'node:path';

export const expected = [/^409 .*\/stream$/];

export default async function publish(visit) {
    const { page, options } = visit;

    await visit.step('a visitor is asked to sign in', async () => {
        await visit.go('/upload.html');
        await page.getByRole('heading', { name: 'Sign in' }).waitFor();
        await page.getByRole('button', { name: 'Sign in', exact: true }).last().click();
        await page.getByLabel('API token').fill('not a token');
        await page.locator('dialog').getByRole('button', { name: 'Sign in', exact: true }).click();
        await page.getByText('This is not an API token').waitFor();
        await page.getByLabel('API token').fill(options.sign_in);
        await page.keyboard.press('Tab');
        await page.keyboard.press('Enter');
        await page.getByText('Drop videos here').waitFor();
    });

    await visit.step('several files are uploaded, each with its progress', async () => {
        await page.locator('#files').setInputFiles([...options.files, options.bad_file]);
        await page.locator('.row').nth(options.files.length).waitFor();
        await page.locator('.row[data-state="processing"]').first().waitFor();
        await page.getByText('Converting').first().waitFor();
        await visit.shoot('uploading');
    });

    await visit.step('they become ready, and the one that is no video says why', async () => {
        await visit.until((count) => document.querySelectorAll('.row[data-state="ready"]').length === count, options.files.length);
        const failed = page.locator('.row[data-state="failed"]');
        await failed.waitFor();
        assert.match(await failed.locator('.row-text').innerText(), /\w+ .*\.$/);
    });

    await visit.step('a click plays the new video', async () => {
        await page.locator('.row[data-state="ready"]').first().getByRole('link', { name: 'Watch' }).click();
        await visit.playing();
        await page.getByRole('heading', { level: 1, name: basename(options.files[0]).replace(/\.\w+$/, '') }).waitFor();
    });

    const markup = '<b>A</b> <img src=x onerror=alert(1)> & "title"';
    await visit.step('its title and description are edited, and stay texts', async () => {
        await page.getByRole('button', { name: 'Edit' }).click();
        await page.getByRole('textbox', { name: 'Title' }).fill('');
        await page.getByRole('button', { name: 'Save' }).click();
        assert.equal(await page.getByRole('textbox', { name: 'Title' }).evaluate((input) => input.validity.valueMissing), true);
        await page.getByRole('textbox', { name: 'Title' }).fill(markup);
        await page.getByRole('textbox', { name: 'Description' }).fill('<script>alert(1)</script>\nwatermelon');
        await page.getByRole('button', { name: 'Save' }).click();
        await page.getByRole('heading', { level: 1, name: markup }).waitFor();
        assert.equal(await page.locator('main img[src="x"]').count(), 0);
        assert.match(await page.locator('.description').innerText(), /<script>.*\nwatermelon/);
    });

    await visit.step('the catalogue finds it by a word of its description', async () => {
        await visit.go('/');
        await page.getByRole('searchbox').pressSequentially('watermel', { delay: 20 });
        await visit.until(() => document.querySelectorAll('.card').length === 1 && !document.querySelector('.skeleton'));
        assert.equal(await page.locator('.card-title').innerText(), markup);
        await page.reload();
        await page.locator('.card img.loaded').waitFor();
        await page.locator('.card a').click();
        await visit.playing();
    });

    await visit.step('it is taken down after a question', async () => {
        await page.getByRole('button', { name: 'Take down' }).click();
        await page.locator('dialog').getByRole('button', { name: 'Cancel' }).click();
        await page.getByRole('button', { name: 'Take down' }).click();
        await page.locator('dialog').getByRole('button', { name: 'Take down' }).click();
        await page.getByRole('heading', { name: 'You took this video down' }).waitFor();
        await visit.go('/?q=watermelon');
        await page.getByRole('heading', { name: 'Nothing found' }).waitFor();
    });

    await visit.step('signing out forgets everything', async () => {
        await page.getByRole('button', { name: 'Account' }).click();
        await page.getByRole('button', { name: 'Sign out' }).click();
        await page.getByText('Please sign in to see the videos.').waitFor();
        assert.equal(await page.evaluate(() => sessionStorage.getItem('mezz:token')), null);
    });

    await visit.step('the demo session is one click away', async () => {
        await page.getByRole('button', { name: 'Continue with the demo session' }).click();
        await page.getByRole('button', { name: 'Account: demo' }).waitFor();
        await visit.go('/');
        await page.locator('.card img.loaded').first().waitFor();
    });
}
