#include "nginx/redis_connection.hpp"

#include <algorithm>
#include <span>

namespace mezz::nginx {
namespace {

// Of commands that wait for an answer on one connection.
constexpr std::size_t kMostBytes = 32U << 20;
constexpr std::size_t kMostCommands = 20000;

// Milliseconds that an idle connection lives on in a worker that quits, whose last requests may need it.
constexpr ngx_msec_t kIdleInShutdown = 1000;

bool begins_with_any(std::string_view text, std::span<const std::string_view> beginnings) noexcept {
    return std::ranges::any_of(beginnings, [text](std::string_view b) { return text.starts_with(b); });
}

// What Redis says, to whatever it is asked, while it cannot work.
bool is_away(std::string_view error) noexcept {
    static constexpr std::string_view kAway[] = {"LOADING ", "BUSY ", "ERR max number of clients"};
    return begins_with_any(error, kAway);
}

// What it says when it cannot do some things now but may later.
bool is_passing(std::string_view error) noexcept {
    static constexpr std::string_view kPassing[] = {"MASTERDOWN ", "CLUSTERDOWN ", "TRYAGAIN ",
                                                    "OOM ",        "NOREPLICAS ",  "READONLY "};
    return begins_with_any(error, kPassing);
}

}  // namespace

RedisConnection::RedisConnection(RedisClient& client) noexcept
    : client_(client),
      link_(*this),
      timer_(this, [](void* connection) noexcept { static_cast<RedisConnection*>(connection)->on_timer(); }) {
}

// At the end of the worker: requests that wait are left alone.
RedisConnection::~RedisConnection() {
    for (const Pending& pending : pending_) {
        if (pending.op != nullptr) pending.op->connection_ = nullptr;
    }
}

Result<void> RedisConnection::submit(const RedisCommand& command, Purpose purpose, RedisOp* op) noexcept {
    if (pending_.empty()) link_.check();
    if (const auto kept = remember(command, purpose, op); !kept) return kept;
    if (link_.closed()) {
        was_connected_ = false;
        link_.open(client_.address_, client_.host_);
    }
    // What fails from here on settles the operation: opening may have, too.
    if (!link_.closed()) {
        link_.set_idle(false);
        if (!link_.send(command)) {
            link_.close();
            on_lost("no memory");
        }
    }
    return {};
}

Result<void> RedisConnection::remember(const RedisCommand& command, Purpose purpose, RedisOp* op) noexcept {
    const std::size_t size = command.encoded().size();
    if (pending_.size() >= kMostCommands || (!pending_.empty() && unanswered_ + size > kMostBytes))
        return fail(ErrorCode::busy, "redis: too many commands wait for an answer");
    const ngx_msec_t limit = client_.time_limit_;
    try {
        pending_.push_back({op, purpose, ngx_current_msec + limit, size});
    } catch (const std::bad_alloc&) {
        return fail(ErrorCode::internal, "redis: no memory");
    }
    unanswered_ += size;
    if (purpose != Purpose::probe) ++owed_;
    if (op != nullptr) op->connection_ = this;
    if (pending_.size() == 1) {
        timer_.start(limit, owed_ == 0);
    } else {
        timer_.set_cancelable(owed_ == 0);
    }
    return {};
}

RedisConnection::Pending RedisConnection::take_first() noexcept {
    const Pending pending = pending_.front();
    pending_.pop_front();
    unanswered_ -= pending.size;
    if (pending.purpose != Purpose::probe) --owed_;
    if (pending.op != nullptr) pending.op->connection_ = nullptr;
    return pending;
}

void RedisConnection::on_connected() noexcept {
    was_connected_ = true;
    ++client_.stats_.connects;
    ++client_.stats_.open;
}

void RedisConnection::on_reply(RedisReply reply) noexcept {
    if (pending_.empty()) {
        // A server that has no connection to spare says so unasked.
        const OneLine text(reply.text());
        link_.close();
        on_lost(text.view().empty() ? "an answer to nothing" : text.view());
        return;
    }
    answer(take_first(), std::move(reply));
    if (pending_.empty()) {
        rest();
    } else {
        timer_.set_cancelable(owed_ == 0);
    }
}

void RedisConnection::rest() noexcept {
    timer_.stop();
    if (!link_.connected()) return;
    link_.set_idle(true);
    if (ngx_exiting) timer_.start(kIdleInShutdown, true);
}

void RedisConnection::answer(const Pending& pending, RedisReply reply) noexcept {
    if (reply.kind() != RedisReply::Kind::error) {
        client_.breaker_.succeeded();
        if (pending.op != nullptr) pending.op->settle(std::move(reply));
        return;
    }
    const OneLine text(reply.text());
    const bool passing = is_away(text.view()) || is_passing(text.view());
    if (is_away(text.view())) {
        client_.breaker_.trip(text.view());
    } else {
        client_.breaker_.succeeded();
        log_line(ngx_cycle->log, passing ? NGX_LOG_WARN : NGX_LOG_ERR, 0, "mezz: %s refuses a command: %*s",
                 client_.breaker_.name().c_str(), text.view());
    }
    if (pending.purpose == Purpose::probe) return;
    ++client_.stats_.failures;
    if (pending.op == nullptr) return;
    pending.op->settle(passing ? fail(ErrorCode::busy, "redis: not ready")
                               : fail(ErrorCode::internal, "redis: refuses a command"));
}

void RedisConnection::fail_all(const Error& error) noexcept {
    timer_.stop();
    while (!pending_.empty()) {
        const Pending pending = take_first();
        if (pending.purpose == Purpose::probe) continue;
        ++client_.stats_.failures;
        if (pending.op != nullptr) pending.op->settle(std::unexpected(error));
    }
}

void RedisConnection::on_lost(std::string_view why) noexcept {
    const bool was_idle = pending_.empty();
    fail_all({ErrorCode::busy, "redis: connection lost"});
    if (!was_connected_) {
        ++client_.host_;
        client_.breaker_.trip(why);
        return;
    }
    --client_.stats_.open;
    ++client_.stats_.losses;
    log_line(ngx_cycle->log, was_idle ? NGX_LOG_INFO : NGX_LOG_WARN, 0, "mezz: connection to %s lost: %*s",
             client_.breaker_.name().c_str(), why);
    client_.breaker_.lost();
}

void RedisConnection::on_shutdown() noexcept {
    const bool connected = link_.connected();
    link_.close();
    if (connected) --client_.stats_.open;
    fail_all({ErrorCode::busy, "redis: the worker ends"});
}

// The timer stays as it is while answers come; here it learns what they have changed.
void RedisConnection::on_timer() noexcept {
    if (pending_.empty()) {
        on_shutdown();
        return;
    }
    const auto rest = static_cast<ngx_msec_int_t>(pending_.front().deadline - ngx_current_msec);
    if (rest > 0) {
        timer_.start(static_cast<ngx_msec_t>(rest), owed_ == 0);
    } else {
        time_out();
    }
}

void RedisConnection::time_out() noexcept {
    const bool connected = link_.connected();
    link_.close();
    for (const Pending& pending : pending_)
        if (pending.purpose != Purpose::probe) ++client_.stats_.time_outs;
    fail_all({ErrorCode::busy, "redis: no answer in time"});
    if (!connected) {
        ++client_.host_;
        client_.breaker_.trip("not connected in time");
        return;
    }
    --client_.stats_.open;
    ++client_.stats_.losses;
    if (!client_.breaker_.refuses()) {
        log_line(ngx_cycle->log, NGX_LOG_WARN, 0, "mezz: %s has not answered in %M ms, connection dropped",
                 client_.breaker_.name().c_str(), client_.time_limit_);
    }
    client_.breaker_.timed_out("it does not answer in time");
}

void RedisConnection::forget(const RedisOp& op) noexcept {
    const auto found = std::ranges::find(pending_, &op, &Pending::op);
    if (found != pending_.end()) found->op = nullptr;
}

}  // namespace mezz::nginx
