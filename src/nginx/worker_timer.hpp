// A timer that belongs to an object of the worker rather than to a connection.
#pragma once

#include "nginx/ngx.hpp"

namespace mezz::nginx {

/// Calls an owner back once. Stops when destroyed; its owner keeps it at one address.
class WorkerTimer {
public:
    using Function = void (*)(void* owner) noexcept;

    WorkerTimer(void* owner, Function function) noexcept
        : connection_look_alike_{this, nullptr, nullptr, static_cast<ngx_socket_t>(-1)},
          owner_(owner),
          function_(function) {
        event_.data = &connection_look_alike_;
        event_.handler = on_timer;
        event_.log = ngx_cycle->log;
    }
    ~WorkerTimer() { stop(); }
    WorkerTimer(const WorkerTimer&) = delete;
    WorkerTimer& operator=(const WorkerTimer&) = delete;

    /// Calls back in `ms` milliseconds, and not when a time given earlier is over. A worker that quits waits
    /// for timers that are not cancelable.
    void start(ngx_msec_t ms, bool cancelable) noexcept {
        stop();
        event_.cancelable = cancelable;
        ngx_add_timer(&event_, ms);
    }
    void stop() noexcept {
        if (event_.timer_set) ngx_del_timer(&event_);
    }
    void set_cancelable(bool cancelable) noexcept { event_.cancelable = cancelable; }
    [[nodiscard]] bool running() const noexcept { return event_.timer_set; }

private:
    // Debug logging reads an event's data as an ngx_connection_t, as far as the descriptor.
    struct LookAlike {
        WorkerTimer* timer;
        ngx_event_t* read;
        ngx_event_t* write;
        ngx_socket_t fd;
    };
    static_assert(offsetof(LookAlike, fd) == offsetof(ngx_connection_t, fd));

    static void on_timer(ngx_event_t* event) noexcept {
        event->timedout = 0;
        const WorkerTimer* timer = static_cast<LookAlike*>(event->data)->timer;
        timer->function_(timer->owner_);
    }

    ngx_event_t event_{};
    LookAlike connection_look_alike_;
    void* owner_;
    Function function_;
};

}  // namespace mezz::nginx
