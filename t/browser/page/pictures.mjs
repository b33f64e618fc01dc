// Pictures of the page, for README.md and to be looked at: wide and narrow, light and dark. options: video, time (seconds).
const kSizes = [[1440, 900], [390, 844]];

export default async function pictures(visit) {
    const { page, options } = visit;
    for (const [width, height] of kSizes) {
        for (const colorScheme of ['light', 'dark']) {
            const shoot = (what) => visit.shoot(`${what}-${width}-${colorScheme}`);
            await page.setViewportSize({ width, height });
            await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
            await visit.step(`catalogue ${width} ${colorScheme}`, async () => {
                await visit.go('/');
                await page.locator('.card img.loaded').first().waitFor();
                await page.waitForLoadState('networkidle');
                await shoot('catalogue');
            });
            await visit.step(`watch ${width} ${colorScheme}`, async () => {
                await visit.go(`/watch.html?v=${options.video}&t=${options.time ?? 10}`);
                await visit.playing();
                await page.keyboard.press('k');
                await page.locator('.player').hover();
                await page.waitForLoadState('networkidle');
                await shoot('watch');
                await page.getByRole('button', { name: 'Settings' }).click();
                await shoot('menu');
            });
            await visit.step(`upload ${width} ${colorScheme}`, async () => {
                await visit.go('/upload.html');
                await page.getByText('Drop videos here').waitFor();
                await shoot('upload');
            });
        }
    }
}
