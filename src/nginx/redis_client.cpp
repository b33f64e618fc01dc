#include "nginx/redis_client.hpp"

#include <algorithm>

#include "nginx/redis_connection.hpp"

namespace mezz::nginx {

RedisClient::RedisClient(RedisAddress address, ngx_msec_t time_limit)
    : address_(std::move(address)),
      time_limit_(time_limit),
      breaker_("Redis at " + address_.name, *this, stats_) {
    for (auto& connection : connections_)
        connection = std::make_unique<RedisConnection>(*this);
}

RedisClient::~RedisClient() = default;

Result<void> RedisClient::submit(const RedisCommand& command, RedisOp* op) noexcept {
    ++stats_.queries;
    Result<void> result;
    if (breaker_.refuses()) {
        ++stats_.refused;
        result = fail(ErrorCode::busy, "redis: it is away");
    } else {
        RedisConnection& connection = *connections_[turn_++ % connections_.size()];
        const auto purpose = op == nullptr ? RedisConnection::Purpose::send : RedisConnection::Purpose::op;
        result = connection.submit(command, purpose, op);
    }
    if (!result) ++stats_.failures;
    return result;
}

bool RedisClient::send(const RedisCommand& command) noexcept {
    return submit(command, nullptr).has_value();
}

void RedisClient::probe() noexcept {
    const auto closed = std::ranges::find_if(connections_, [](const auto& c) { return c->closed(); });
    RedisConnection& connection = closed == connections_.end() ? *connections_.front() : **closed;
    if (const auto sent = connection.submit(ping_, RedisConnection::Purpose::probe, nullptr); !sent)
        breaker_.trip(sent.error().text);
}

RedisOp::RedisOp(RedisClient& client, const RedisCommand& command, std::source_location where) noexcept
    : BackendOp("waiting for Redis", client.time_limit(), where), client_(client), command_(command) {}

RedisOp::~RedisOp() {
    if (connection_ != nullptr) connection_->forget(*this);
}

bool RedisOp::start() noexcept {
    const auto sent = client_.submit(command_, this);
    return sent ? true : refuse(sent.error());
}

void RedisOp::on_time_limit() noexcept {
    if (connection_ != nullptr) connection_->time_out();
}

}  // namespace mezz::nginx
