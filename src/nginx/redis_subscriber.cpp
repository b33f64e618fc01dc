#include "nginx/redis_subscriber.hpp"

#include <algorithm>
#include <utility>

#include "nginx/breaker.hpp"

namespace mezz::nginx {
namespace {

// Milliseconds between attempts to subscribe.
constexpr ngx_msec_t kShortest = 50;
constexpr ngx_msec_t kLongest = 2000;

}  // namespace

RedisSubscriber::RedisSubscriber(RedisAddress address, std::string_view channel, Handler& handler,
                                 Times times)
    : address_(std::move(address)),
      subscribe_("SUBSCRIBE", channel),
      handler_(handler),
      times_(times),
      link_(*this),
      timer_(this, [](void* self) noexcept { static_cast<RedisSubscriber*>(self)->on_timer(); }) {
    timer_.start(1, true);
}

RedisSubscriber::~RedisSubscriber() = default;

void RedisSubscriber::begin() noexcept {
    state_ = State::subscribing;
    timer_.start(times_.limit, true);
    link_.open(address_, failures_);
    if (!link_.closed() && !link_.send(subscribe_)) {
        link_.close();
        on_lost("no memory");
    }
}

void RedisSubscriber::on_connected() noexcept {}

void RedisSubscriber::on_reply(RedisReply reply) noexcept {
    heard_ = true;
    if (state_ == State::pinged) state_ = State::subscribed;
    if (reply.kind() != RedisReply::Kind::list) {
        const OneLine text(reply.text());
        link_.close();
        on_lost(text.view());
        return;
    }
    const RedisReply kind = reply[0];
    if (kind.text() == "message") {
        ++stats_.messages;
        const RedisReply message = reply[2];
        handler_.on_message(message.text());
    } else if (kind.text() == "subscribe") {
        subscribed();
    }
}

void RedisSubscriber::subscribed() noexcept {
    state_ = State::subscribed;
    failures_ = 0;
    stats_.subscribed = true;
    ++stats_.subscriptions;
    if (std::exchange(logged_, false)) {
        log_line(ngx_cycle->log, NGX_LOG_NOTICE, 0, "mezz: subscribed to messages of Redis at %s again",
                 address_.name.c_str());
    }
    timer_.start(times_.ping_interval, true);
    handler_.on_gap();
}

void RedisSubscriber::on_lost(std::string_view why) noexcept {
    if (!std::exchange(logged_, true)) {
        log_line(ngx_cycle->log, NGX_LOG_WARN, 0, "mezz: no subscription to messages of Redis at %s: %*s",
                 address_.name.c_str(), why);
    }
    stats_.subscribed = false;
    state_ = State::waiting;
    const ngx_msec_t delay = std::min(kShortest << std::min(failures_++, 10U), kLongest);
    timer_.start(delay - static_cast<ngx_msec_t>(ngx_random()) % (delay / 4 + 1), true);
}

// Only when the time for the last requests is over: until then they may want to be told.
void RedisSubscriber::on_shutdown() noexcept {
    link_.close();
    timer_.stop();
    stats_.subscribed = false;
    state_ = State::ended;
}

void RedisSubscriber::on_timer() noexcept {
    switch (state_) {
        case State::waiting:
            begin();
            return;
        case State::subscribing:
        case State::pinged:
            link_.close();
            on_lost("it does not answer in time");
            return;
        case State::subscribed:
            break;
        case State::ended:
            return;
    }
    if (std::exchange(heard_, false)) {
        timer_.start(times_.ping_interval, true);
        return;
    }
    state_ = State::pinged;
    timer_.start(times_.limit, true);
    if (!link_.send(ping_)) {
        link_.close();
        on_lost("no memory");
    }
}

}  // namespace mezz::nginx
