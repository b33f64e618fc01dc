// A descriptor that a library opened and will close, on nginx's event loop.
#pragma once

#include "nginx/ngx.hpp"

namespace mezz::nginx {

/// Watches a library's descriptor, level-triggered, as libraries stop reading when their buffer is full. It
/// never closes the descriptor. Detached before the library closes it or may have closed it.
class ForeignFd {
public:
    /// Told what happens to the descriptor. Any of these may detach it; none destroys the ForeignFd.
    class Listener {
    public:
        virtual void on_readable() noexcept = 0;
        virtual void on_writable() noexcept = 0;
        /// The worker quits: the connection was idle, or the time that requests had to end is over.
        virtual void on_shutdown() noexcept = 0;

    protected:
        ~Listener() = default;
    };

    explicit ForeignFd(Listener& listener) noexcept : listener_(listener) {}
    ~ForeignFd() { detach(true); }
    ForeignFd(const ForeignFd&) = delete;
    ForeignFd& operator=(const ForeignFd&) = delete;

    /// Takes one of the worker's connections for the descriptor. False, after a message of nginx's, if none
    /// is left.
    [[nodiscard]] bool attach(int fd) noexcept;
    [[nodiscard]] bool attached() const noexcept { return connection_ != nullptr; }

    /// Says which events to report. False if the kernel refuses. Attached only.
    [[nodiscard]] bool want(bool read, bool write) noexcept;

    /// An idle one is told to close when a graceful quit begins. Attached only.
    void set_idle(bool idle) noexcept { connection_->idle = idle; }

    /// Gives the connection back. `open` says whether the descriptor is surely still the library's own: a
    /// closed one has left the kernel's set by itself, and its number may be somebody else's by now.
    void detach(bool open) noexcept;

private:
    static void on_event(ngx_event_t* event) noexcept;
    static bool toggle(ngx_event_t* event, ngx_int_t what, bool on) noexcept;

    Listener& listener_;
    ngx_connection_t* connection_ = nullptr;
};

}  // namespace mezz::nginx
