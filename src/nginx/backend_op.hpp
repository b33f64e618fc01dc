// What operations on backends have in common.
#pragma once

#include <optional>
#include <utility>

#include "nginx/flow.hpp"

namespace mezz::nginx {

/// An operation D that some client settles with a Result<V>. The coroutine goes on from the event loop later,
/// so a client may settle operations at any time, in the middle of its own work and from within start().
template <class D, class V>
class BackendOp : public Op<D> {
public:
    ~BackendOp() {
        if (event_.posted) {
            ngx_delete_posted_event(&event_);
        }
    }

    /// Ends the operation; the first call counts.
    void settle(Result<V> result) noexcept {
        if (result_) return;
        result_.emplace(std::move(result));
        ngx_post_event(&event_, &ngx_posted_events);
    }

    [[nodiscard]] bool settled() const noexcept { return result_.has_value(); }
    [[nodiscard]] Result<V> await_resume() noexcept { return std::move(*result_); }

protected:
    BackendOp(const char* what, ngx_msec_t time_limit, std::source_location where) noexcept
        : Op<D>(what, time_limit, where) {
        event_.data = this;
        event_.handler = [](ngx_event_t* event) noexcept { static_cast<D*>(event->data)->resume(); };
        event_.log = ngx_cycle->log;
    }

    /// For start(): the operation has ended before it began. Returns false.
    bool refuse(const Error& error) noexcept {
        result_.emplace(std::unexpected(error));
        return false;
    }

    void resume() noexcept { this->complete(); }

private:
    std::optional<Result<V>> result_;
    ngx_event_t event_{};
};

}  // namespace mezz::nginx
