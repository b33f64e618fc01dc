// What the watch page needs first, asked for before any module is there: a plain script, which takes one request where modules
// take a dozen. It asks for the signed URLs, and has the library and the first manifest fetched that the player will ask for.
// Whatever is wrong here is left to the modules, which ask again and say what the matter is.
{
    const id = new URLSearchParams(location.search).get('v') ?? '';
    const kept = (area, key) => {
        try {
            return JSON.parse(window[area].getItem(`mezz:${key}`));
        } catch {
            return null;  // storage forbidden or spoilt
        }
    };
    const preload = (attributes) => document.head.append(Object.assign(document.createElement('link'), attributes));
    const token = kept('sessionStorage', 'token');

    if (/^[\w-]{1,64}$/.test(id) && typeof token === 'string') {
        const is_dash = kept('localStorage', 'player')?.engine === 'dash';
        const has_media_source = Boolean(window.ManagedMediaSource ?? window.MediaSource);
        const answer = fetch(`/api/v1/videos/${id}/stream`, { cache: 'no-store', signal: AbortSignal.timeout(30000),
            headers: { Accept: 'application/json', Authorization: `Bearer ${token}` } });
        window.mezz_ahead = { id, token, answer };
        answer.then((response) => response.ok && response.clone().json()).then((urls) => {
            const href = urls && has_media_source && (is_dash ? urls.dash_url : urls.cmaf_url);
            if (href) preload({ rel: 'preload', as: 'fetch', crossOrigin: 'anonymous', href });
        }).catch(() => {});
        const modules = is_dash ? ['/lib/dash.js', '/js/player/engine_dash.js'] : ['/lib/hls.js', '/js/player/engine_hls.js'];
        for (const href of has_media_source ? modules : []) preload({ rel: 'modulepreload', href });
    }
}
