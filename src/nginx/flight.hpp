// Work that several requests of a worker want done once.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "nginx/request_flow.hpp"

namespace mezz::nginx {

class FlightWait;

/// Says, while it lives, that its owner does the work named by a key. When it is destroyed, in any way, those
/// that wait for it go on: they find what was done, or do it themselves.
class Flight {
public:
    explicit Flight(std::string_view key);
    ~Flight();
    Flight(const Flight&) = delete;
    Flight& operator=(const Flight&) = delete;

    /// The work has failed for all who wait, too.
    void fail(const Error& error) noexcept { error_ = error; }

    /// What the work was based on has changed meanwhile: its owner does it again.
    void spoil() noexcept { spoiled_ = true; }
    [[nodiscard]] bool take_spoiled() noexcept { return std::exchange(spoiled_, false); }

    /// The work of that key that is under way in this worker, null if none is.
    [[nodiscard]] static Flight* find(std::string_view key) noexcept;

private:
    friend class FlightWait;

    std::string key_;
    std::optional<Error> error_;
    bool spoiled_ = false;
    ngx_queue_t link_;     // among all flights of the worker
    ngx_queue_t waiting_;  // FlightWait::Link
};

/// See wait_for().
class FlightWait final : public Op<FlightWait> {
public:
    FlightWait(RequestFlow& flow, Flight& flight, std::source_location where) noexcept;
    ~FlightWait();

    bool start() noexcept;
    [[nodiscard]] Result<void> await_resume() const noexcept;

private:
    friend class Flight;
    // Standard layout, so that the queue's macros may compute offsets.
    struct Link {
        ngx_queue_t node;
        FlightWait* wait;
    };

    static void on_landed(ngx_event_t* event) noexcept;
    void land(const std::optional<Error>& error) noexcept;

    Flight* flight_;  // null once it has landed
    std::optional<Error> error_;
    Link link_{};
    ngx_event_t event_{};
};

/// `co_await wait_for(flow, flight)` ends when the flight does. Fails as the flight has failed, and with busy
/// if it takes over a minute.
[[nodiscard]] inline FlightWait wait_for(
    RequestFlow& flow, Flight& flight,
    std::source_location where = std::source_location::current()) noexcept {
    return FlightWait(flow, flight, where);
}

}  // namespace mezz::nginx
