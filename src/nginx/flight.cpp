#include "nginx/flight.hpp"

namespace mezz::nginx {
namespace {

constexpr ngx_msec_t kPatience = 60000;

// The flights of this worker. Set up when first used: constructors run in the master.
constinit ngx_queue_t flights{};

ngx_queue_t* all_flights() noexcept {
    if (flights.next == nullptr) {  // the queue's macros are several statements
        ngx_queue_init(&flights);
    }
    return &flights;
}

}  // namespace

Flight::Flight(std::string_view key) : key_(key) {
    ngx_queue_init(&waiting_);
    ngx_queue_insert_tail(all_flights(), &link_);
}

Flight::~Flight() {
    ngx_queue_remove(&link_);
    while (!ngx_queue_empty(&waiting_)) {
        const auto* link = ngx_queue_data(ngx_queue_head(&waiting_), FlightWait::Link, node);
        link->wait->land(error_);
    }
}

Flight* Flight::find(std::string_view key) noexcept {
    ngx_queue_t* all = all_flights();
    for (ngx_queue_t* q = ngx_queue_head(all); q != ngx_queue_sentinel(all); q = ngx_queue_next(q)) {
        auto* flight = ngx_queue_data(q, Flight, link_);
        if (flight->key_ == key) return flight;
    }
    return nullptr;
}

FlightWait::FlightWait(RequestFlow& flow, Flight& flight, std::source_location where) noexcept
    : Op("waiting for another request's work", kPatience, where), flight_(&flight) {
    event_.data = this;
    event_.handler = on_landed;
    event_.log = flow.log();
}

FlightWait::~FlightWait() {
    if (flight_ != nullptr && link_.wait != nullptr) {
        ngx_queue_remove(&link_.node);
    }
    if (event_.posted) {
        ngx_delete_posted_event(&event_);
    }
}

bool FlightWait::start() noexcept {
    link_.wait = this;
    ngx_queue_insert_tail(&flight_->waiting_, &link_.node);
    return true;
}

// The flight may end while its own request is being terminated: who waited goes on later, from the event
// loop.
void FlightWait::land(const std::optional<Error>& error) noexcept {
    ngx_queue_remove(&link_.node);
    flight_ = nullptr;
    error_ = error;
    ngx_post_event(&event_, &ngx_posted_events);
}

void FlightWait::on_landed(ngx_event_t* event) noexcept {
    static_cast<FlightWait*>(event->data)->complete();
}

Result<void> FlightWait::await_resume() const noexcept {
    if (timed_out()) return mezz::fail(ErrorCode::busy, "index: being made for over a minute");
    if (error_) return std::unexpected(*error_);
    return {};
}

}  // namespace mezz::nginx
