// A menu of two levels: topics, and the choices of one. Keys as ARIA's menu pattern has them.
import { el, icon } from '../dom.js';

/**
 * `topics()` returns what there is to choose from: [{title, choices: [{id, label}], chosen, now, choose(id)}]; it is asked
 * each time the menu opens or changes.
 */
export class Menu {
    #button;
    #topics;
    #open_topic = null;  // its title
    #root;

    constructor(button, topics, parent) {
        this.#button = button;
        this.#topics = topics;
        this.#root = el('div', { class: 'menu', role: 'menu', 'aria-label': 'Settings', hidden: true,
            onkeydown: (event) => this.#key(event) });
        parent.append(this.#root);
        button.addEventListener('click', () => (this.is_open ? this.close() : this.open()));
        document.addEventListener('pointerdown', (event) => {
            if (this.is_open && !this.#root.contains(event.target) && !button.contains(event.target)) this.close(false);
        });
        this.#root.addEventListener('focusout', (event) => {
            if (event.relatedTarget && !this.#root.contains(event.relatedTarget) && event.relatedTarget !== button) this.close(false);
        });
    }

    get is_open() {
        return !this.#root.hidden;
    }

    /** Opens at the topics, or at one of them. */
    open(topic = null) {
        this.#open_topic = topic;
        this.#root.hidden = false;
        this.#button.setAttribute('aria-expanded', 'true');
        this.#build();
        this.#focus(this.#root.querySelector('[aria-checked="true"]') ?? this.#items()[0]);
    }

    close(with_focus = true) {
        if (!this.is_open) return;
        this.#root.hidden = true;
        this.#button.setAttribute('aria-expanded', 'false');
        if (with_focus) this.#button.focus();
    }

    /** Shows what has changed while it is open. */
    refresh() {
        if (!this.is_open) return;
        const key = document.activeElement?.dataset?.key;
        this.#build();
        const again = this.#items().find((item) => item.dataset.key === key);
        if (key !== undefined) this.#focus(again ?? this.#items()[0]);
    }

    #items() {
        return [...this.#root.querySelectorAll('button')];
    }

    #focus(item) {
        item?.focus({ preventScroll: true });
        item?.scrollIntoView({ block: 'nearest' });
    }

    #build() {
        const topics = this.#topics();
        const topic = topics.find(({ title }) => title === this.#open_topic);
        this.#root.replaceChildren(...(topic ? this.#choices(topic) : topics.map((one) => this.#entry(one))));
    }

    #entry(topic) {
        const now = topic.now ?? topic.choices.find(({ id }) => id === topic.chosen)?.label ?? '';
        return el('button', { type: 'button', role: 'menuitem', 'aria-haspopup': 'menu', tabindex: '-1', 'data-key': topic.title,
            onclick: () => this.open(topic.title) },
        el('span', { class: 'menu-label' }, topic.title), el('span', { class: 'menu-now' }, now), icon('right'));
    }

    #choices(topic) {
        const back = el('button', { type: 'button', role: 'menuitem', class: 'menu-back', tabindex: '-1', 'data-key': 'back',
            onclick: () => this.#back() }, icon('left'), el('span', { class: 'menu-label' }, topic.title));
        return [back, ...topic.choices.map(({ id, label }) => el('button', { type: 'button', role: 'menuitemradio', tabindex: '-1',
            'aria-checked': String(id === topic.chosen), 'data-key': `choice ${id}`, onclick: () => {
                topic.choose(id);
                this.close();
            } }, icon('check'), el('span', { class: 'menu-label' }, label)))];
    }

    #back() {
        const from = this.#open_topic;
        this.open();
        this.#focus(this.#items().find((item) => item.dataset.key === from));
    }

    #key(event) {
        const items = this.#items();
        const at = items.indexOf(document.activeElement);
        const to = { ArrowDown: (at + 1) % items.length, ArrowUp: (at - 1 + items.length) % items.length, Home: 0,
            End: items.length - 1 }[event.key];
        if (to !== undefined) this.#focus(items[to]);
        else if (event.key === 'Escape' || event.key === 'Tab') this.close();
        else if (event.key === 'ArrowLeft' && this.#open_topic) this.#back();
        else if (event.key === 'ArrowRight' && items[at]?.getAttribute('role') === 'menuitem' && !this.#open_topic) items[at].click();
        else if (event.key !== 'Enter' && event.key !== ' ') return;
        else return void event.stopPropagation();  // the button's own; not a shortcut of the player
        event.preventDefault();
        event.stopPropagation();
    }
}
