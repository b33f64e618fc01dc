// Several uploads, a few at a time.

const kParallel = 2;  // files on the wire; more would only slow each other down

/** Sends items in the order they came; the processing of all of them is followed at once. */
export class UploadQueue {
    #waiting = [];
    #sending = 0;

    /** Takes an item that waits to be sent, or that is being processed already. */
    add(item) {
        if (item.state === 'processing') {
            item.follow();
            return;
        }
        this.#waiting.push(item);
        this.#next();
    }

    async #next() {
        if (this.#sending >= kParallel) return;
        const item = this.#waiting.shift();
        if (!item) return;
        ++this.#sending;
        await item.send();
        --this.#sending;
        if (item.state === 'processing') item.follow();
        this.#next();
    }
}
