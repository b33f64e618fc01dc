// Light or dark before the first paint: a plain script in <head>, not a module, which would come too late.
{
    let theme = null;
    try {
        theme = JSON.parse(localStorage.getItem('mezz:theme'));
    } catch { /* storage forbidden or spoilt: follow the system */ }
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
}
