// Subtitles in both players: off at first, shown by the menu, toggled by the key. options: video (an id; an English cue, "Hello
// there", from 2 s to 50 s).
const is_shown = () => [...document.querySelector('video').textTracks].some((track) => track.mode === 'showing'
    && [...track.activeCues ?? []].some((cue) => cue.text.includes('Hello there')));
const is_hidden = () => [...document.querySelector('video').textTracks].every((track) => track.mode !== 'showing');

export default async function subtitles(visit) {
    const { page, options } = visit;
    for (const player of ['hls.js', 'dash.js']) {
        await visit.step(`${player} shows subtitles when asked`, async () => {
            await visit.go(`/watch.html?v=${options.video}&t=5`);
            await visit.playing();
            await visit.choose('Player', player);
            await visit.playing();
            await visit.until(is_hidden);
            await visit.choose('Subtitles', 'English');
            await visit.until(is_shown);
            await visit.shoot(`subtitles-${player}`);
            await page.keyboard.press('c');
            await visit.until(is_hidden);
        });
    }
}
