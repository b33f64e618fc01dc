// Building elements. Texts are always text nodes: nothing that came from outside is ever parsed as HTML.

const kSvg = 'http://www.w3.org/2000/svg';

/**
 * Makes an element. Attributes whose name begins with "on" are listeners, `false`, null and undefined leave an
 * attribute out, `true` gives an empty one. Children are nodes or texts; null and false are skipped.
 */
export function el(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (value === false || value === null || value === undefined) continue;
        if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
        else element.setAttribute(name, value === true ? '' : value);
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return element;
}

/** An icon of icons.svg, hidden from assistive technology. */
export function icon(name) {
    const svg = document.createElementNS(kSvg, 'svg');
    svg.setAttribute('class', 'icon');
    svg.setAttribute('aria-hidden', 'true');
    const use = document.createElementNS(kSvg, 'use');
    svg.append(use);
    set_icon(svg, name);
    return svg;
}

/** Shows another icon in what icon() made, or in an element that holds such an icon. */
export function set_icon(holder, name) {
    const use = holder.querySelector('use');
    const href = `/icons.svg#${name}`;
    if (use.getAttribute('href') !== href) use.setAttribute('href', href);
}

/** A button with an icon and, for people who cannot see it, a name. */
export function icon_button(name, label, attributes = {}) {
    const { class: extra, ...rest } = attributes;
    return el('button', { type: 'button', class: `icon-button ${extra ?? ''}`.trim(), 'aria-label': label, title: label,
        ...rest }, icon(name));
}

/** Sets a text only where it differs, so that live regions speak once and selections survive. */
export function set_text(element, text) {
    if (element.textContent !== text) element.textContent = text;
}
