// The player's controls, by pointer and keyboard. options: video (an id; more than 60 s, two audio tracks, some qualities).
import assert from 'node:assert/strict';

const near = (wanted, tolerance = 0.3) => ({ wanted, tolerance });
const is_at = ({ wanted, tolerance }) => {
    const video = document.querySelector('video');
    return !video.seeking && Math.abs(video.currentTime - wanted) <= tolerance;
};

/** What every engine must do: play, seek both ways, change quality and audio. */
async function engine_works(visit, name) {
    const { page } = visit;
    await visit.step(`${name} plays and seeks`, async () => {
        await visit.playing(1);
        for (const to of [0.75, 0.25]) {
            const { duration } = await visit.video();
            await page.locator('.player').hover();
            const box = await page.locator('.seek').boundingBox();
            await page.mouse.click(box.x + box.width * to, box.y + box.height / 2);
            await visit.until(([at]) => Math.abs(document.querySelector('video').currentTime - at) < 5, [to * duration]);
            await visit.playing();
        }
    });
    await visit.step(`${name} changes the quality`, async () => {
        for (const quality of ['120p', '240p']) {
            await visit.choose('Quality', quality);
            await visit.until((height) => document.querySelector('video').videoHeight === height, Number.parseInt(quality, 10));
            await visit.playing();
        }
    });
    await visit.step(`${name} changes the audio track`, async () => {
        await visit.choose('Audio', 'German');
        await visit.playing();
        await visit.open_settings();
        assert.match(await page.getByRole('menuitem', { name: 'Audio' }).innerText(), /German/);
        await page.keyboard.press('Escape');
        await visit.choose('Audio', 'English');
        await visit.playing();
    });
}

async function keys_work(visit) {
    const { page } = visit;
    const press = (key) => page.keyboard.press(key);
    await visit.step('keys: play, pause and move', async () => {
        await press('k');
        await visit.until(() => document.querySelector('video').paused);
        await press('2');
        const { duration } = await visit.video();
        await visit.until(is_at, near(duration * 0.2));
        const { time } = await visit.video();
        for (const [key, by] of [['l', 10], ['j', -10], ['ArrowRight', 5], ['ArrowLeft', -5]]) {
            const before = (await visit.video()).time;
            await press(key);
            await visit.until(is_at, near(before + by));
        }
        assert.ok(Math.abs((await visit.video()).time - time) < 1);
        await page.evaluate(() => document.activeElement.blur());  // on a button that has the focus, Space presses it
        await press(' ');
        await visit.playing();
    });
    await visit.step('keys: speed, sound, full screen, help', async () => {
        await press('>');
        assert.equal((await visit.video()).speed, 1.25);
        await press('<');
        assert.equal((await visit.video()).speed, 1);
        await press('m');
        assert.equal((await visit.video()).muted, true);
        await press('m');
        await press('f');
        await visit.until(() => document.fullscreenElement?.classList.contains('player'));
        await press('f');
        await visit.until(() => !document.fullscreenElement);
        await press('?');
        await page.getByRole('heading', { name: 'Keyboard shortcuts' }).waitFor();
        await press('k');
        assert.equal((await visit.video()).paused, false);
        await press('Escape');
    });
    await visit.step('the menu is used by keys alone', async () => {
        await page.getByRole('button', { name: 'Settings' }).focus();
        for (const key of ['Enter', 'End', 'ArrowUp', 'ArrowRight', 'End']) await press(key);
        assert.equal(await page.evaluate(() => document.activeElement.innerText.trim()), '2×');
        await press('Enter');
        assert.equal((await visit.video()).speed, 2);
        assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Settings');
        await visit.choose('Speed', 'Normal');
    });
}

export default async function player(visit) {
    const { page, options } = visit;
    const address = `/watch.html?v=${options.video}`;

    await visit.step('a link to a time begins there', async () => {
        await visit.go(`${address}&t=33`);
        await visit.playing();
        const { time } = await visit.video();
        assert.ok(time > 33 && time < 45, `at ${time}`);
    });
    await engine_works(visit, 'hls.js');
    await keys_work(visit);

    await visit.step('the storyboard shows what is at a time', async () => {
        await page.locator('.player').hover();
        const box = await page.locator('.seek').boundingBox();
        await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
        await page.locator('.preview-picture').waitFor();
        assert.match(await page.locator('.preview-picture').evaluate((picture) => picture.style.backgroundImage), /^url\("blob:/);
        assert.match(await page.locator('.preview-time').innerText(), /^\d:\d\d$/);
        await visit.shoot('storyboard');
        await page.mouse.move(10, 10);
    });

    await visit.step('it goes on where one left', async () => {
        await page.keyboard.press('6');
        await visit.playing();
        const { time } = await visit.video();
        await visit.go(address);
        await visit.playing();
        const now = (await visit.video()).time;
        assert.ok(now > time - 6 && now < time + 15, `${now} after ${time}`);
    });

    await visit.step('a link to the time is copied', async () => {
        await visit.context.grantPermissions(['clipboard-read', 'clipboard-write']);
        await page.keyboard.press('k');
        await page.keyboard.press('5');
        await page.getByRole('button', { name: 'Copy link at' }).click();
        await page.getByText('Link copied').waitFor();
        const link = new URL(await page.evaluate(() => navigator.clipboard.readText()));
        assert.equal(link.searchParams.get('v'), options.video);
        const { duration } = await visit.video();
        assert.ok(Math.abs(Number(link.searchParams.get('t')) - duration / 2) <= 1.5);
        await page.keyboard.press('k');
    });

    await visit.step('dash.js takes over where hls.js was', async () => {
        const { time } = await visit.video();
        await visit.choose('Player', 'dash.js');
        await visit.playing();
        assert.ok((await visit.video()).time > time - 1);
    });
    await engine_works(visit, 'dash.js');
}
