// Sends a file's bytes. XMLHttpRequest, because fetch does not tell how much of a request's body has gone out.
import { network_problem, problem_of } from './api.js';

/** PUTs `file` where the API's answer to an upload says; `on_sent` is called with the bytes sent so far. */
export function transfer(file, { upload_url, method, headers }, on_sent, signal) {
    return new Promise((done, fail) => {
        signal.throwIfAborted();
        const request = new XMLHttpRequest();
        const stop = () => request.abort();
        signal.addEventListener('abort', stop, { once: true });
        request.open(method, upload_url);
        for (const [name, value] of Object.entries(headers)) {
            if (name.toLowerCase() !== 'content-length') request.setRequestHeader(name, value);  // the browser's own
        }
        request.upload.onprogress = (event) => on_sent(event.loaded);
        request.onload = () => (request.status >= 200 && request.status < 300 ? done()
            : fail(problem_of(request.status, request.responseText, request.getResponseHeader('Retry-After'))));
        request.onerror = () => fail(network_problem('The connection was lost while the file was sent.'));
        request.onabort = () => fail(signal.reason);
        request.onloadend = () => signal.removeEventListener('abort', stop);
        request.send(file);
    });
}
