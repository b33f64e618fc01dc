#include "nginx/foreign_fd.hpp"

#include <utility>

namespace mezz::nginx {

bool ForeignFd::attach(int fd) noexcept {
    ngx_connection_t* c = ngx_get_connection(fd, ngx_cycle->log);
    if (c == nullptr) return false;
    c->shared = 1;  // ngx_close_connection() leaves the descriptor open
    c->data = this;
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);
    c->read->handler = on_event;
    c->write->handler = on_event;
    c->read->log = c->log;
    c->write->log = c->log;
    connection_ = c;
    return true;
}

bool ForeignFd::want(bool read, bool write) noexcept {
    return toggle(connection_->read, NGX_READ_EVENT, read) &&
           toggle(connection_->write, NGX_WRITE_EVENT, write);
}

bool ForeignFd::toggle(ngx_event_t* event, ngx_int_t what, bool on) noexcept {
    if (on == (event->active != 0)) return true;
    return (on ? ngx_add_event(event, what, NGX_LEVEL_EVENT) : ngx_del_event(event, what, NGX_LEVEL_EVENT)) ==
           NGX_OK;
}

void ForeignFd::detach(bool open) noexcept {
    ngx_connection_t* c = std::exchange(connection_, nullptr);
    if (c == nullptr) return;
    const ngx_uint_t flags = open ? 0 : NGX_CLOSE_EVENT;
    if (c->read->active) (void)ngx_del_event(c->read, NGX_READ_EVENT, flags);
    if (c->write->active) (void)ngx_del_event(c->write, NGX_WRITE_EVENT, flags);
    ngx_close_connection(c);
}

void ForeignFd::on_event(ngx_event_t* event) noexcept {
    const auto* c = static_cast<const ngx_connection_t*>(event->data);
    Listener& listener = static_cast<const ForeignFd*>(c->data)->listener_;
    if (c->close) {
        listener.on_shutdown();
    } else if (event->write) {
        listener.on_writable();
    } else {
        listener.on_readable();
    }
}

}  // namespace mezz::nginx
