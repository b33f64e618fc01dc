#include "nginx/page_cache_filter.hpp"

#include <algorithm>
#include <array>

#include "core/page_cache.hpp"
#include "nginx/disk_reads.hpp"
#include "nginx/metrics.hpp"
#include "nginx/request_info.hpp"

namespace mezz::nginx {

namespace {

constinit ngx_http_output_body_filter_pt next_body_filter = nullptr;

using ThreadHandler = decltype(ngx_file_t::thread_handler);

bool sends_with_threads(const ngx_http_request_t* r) noexcept {
    const ngx_connection_t* c = r->connection;
    if (r != r->main || !c->sendfile || c->send_chain != ngx_io.send_chain) return false;
    if (core_conf(r).aio != NGX_HTTP_AIO_THREADS) return false;
    // A thread that is at it, or whose result has not been fetched, must be asked again.
    return c->sendfile_task == nullptr ||
           !(c->sendfile_task->event.active || c->sendfile_task->event.complete);
}

/// What the write filter may send next: what it holds, then what comes.
class Next {
public:
    Next(const ngx_http_request_t* r, ngx_chain_t* in) noexcept : chains_{r->out, in} {
        if (const size_t most = core_conf(r).sendfile_max_chunk; most != 0) limit_ = static_cast<off_t>(most);
    }

    /// Calls visit(buffer, bytes of it) for what is in files, until it says false.
    template <class V>
    void for_each_file(V&& visit) const noexcept {
        off_t left = limit_;
        for (ngx_chain_t* chain : chains_) {
            for (; chain != nullptr && left > 0; chain = chain->next) {
                const ngx_buf_t& buffer = *chain->buf;
                const off_t size = std::min(ngx_buf_size(chain->buf), left);
                left -= size;
                if (buffer.in_file && !ngx_buf_in_memory(chain->buf) && size > 0 && !visit(buffer, size))
                    return;
            }
        }
    }

private:
    std::array<ngx_chain_t*, 2> chains_;
    off_t limit_ = off_t{2} << 20;  ///< where there is none, more than a socket usually takes at once
};

// The copy filter sets its handler for each buffer that comes, so it is the same for all requests.
constinit ThreadHandler thread_handler = nullptr;

// What did not fit into the socket is left to threads where none of them waits for a disk: while one is asked
// the client takes more, so that fewer and larger pieces are sent.
void choose(ngx_http_request_t* r, const Next& next, bool more) noexcept {
    bool files = false;
    bool cached = false;
    const bool reads = disk_read_lately();
    // A request that once needed the disk stays with threads: the kernel would read on in the event loop's
    // time.
    const bool needs_disk = ngx_http_get_module_ctx(r, ngx_http_mezz_page_cache_filter_module) != nullptr;
    next.for_each_file([&](const ngx_buf_t& buffer, off_t size) {
        files = true;
        if (buffer.file->thread_handler != nullptr) thread_handler = buffer.file->thread_handler;
        cached = !needs_disk && (reads || !more) &&
                 page_cache_holds(buffer.file->fd, buffer.file_pos, buffer.file_pos + size, reads);
        return cached;
    });
    if (!files) return;
    next.for_each_file([&](const ngx_buf_t& buffer, off_t) {
        buffer.file->thread_handler = cached ? nullptr : thread_handler;
        return true;
    });
    if (!cached && (reads || !more)) {
        note_disk_read();
        static char mark;
        ngx_http_set_ctx(r, &mark, ngx_http_mezz_page_cache_filter_module);
    }
    count_file_send(cached);
}

ngx_int_t filter(ngx_http_request_t* r, ngx_chain_t* in) noexcept {
    if (find_request_info(r) != nullptr && sends_with_threads(r)) choose(r, Next(r, in), in == nullptr);
    return next_body_filter(r, in);
}

ngx_int_t add_filter(ngx_conf_t* /*cf*/) noexcept {
    next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = filter;
    return NGX_OK;
}

constinit ngx_http_module_t filter_context = {
    nullptr,     // preconfiguration
    add_filter,  // postconfiguration
    nullptr,     // create main configuration
    nullptr,     // init main configuration
    nullptr,     // create server configuration
    nullptr,     // merge server configuration
    nullptr,     // create location configuration
    nullptr,     // merge location configuration
};

}  // namespace
}  // namespace mezz::nginx

constinit ngx_module_t ngx_http_mezz_page_cache_filter_module = {
    NGX_MODULE_V1,
    &mezz::nginx::filter_context,
    nullptr,  // directives
    NGX_HTTP_MODULE,
    nullptr,  // init master
    nullptr,  // init module
    nullptr,  // init process
    nullptr,  // init thread
    nullptr,  // exit thread
    nullptr,  // exit process
    nullptr,  // exit master
    NGX_MODULE_V1_PADDING,
};
