#include "nginx/postgres_client.hpp"

#include <algorithm>

#include "nginx/postgres_connection.hpp"

namespace mezz::nginx {
namespace {

// After a failed connect other connections go on alone for so many milliseconds.
constexpr ngx_msec_t kGrowthPause = 500;

// libpq would take a parameter with a zero byte for a shorter one.
Result<void> check(const PgQuery& query) noexcept {
    if (query.parameters.size() > PgQuery::kMostParameters)
        return fail(ErrorCode::internal, "postgres: too many parameters");
    for (const auto& parameter : query.parameters) {
        if (parameter && parameter->find('\0') != std::string::npos)
            return fail(ErrorCode::internal, "postgres: a parameter holds a zero byte");
    }
    return {};
}

}  // namespace

PostgresClient::PostgresClient(PostgresTarget target, ngx_msec_t time_limit)
    : target_(std::move(target)),
      time_limit_(time_limit),
      breaker_("PostgreSQL at " + target_.name, *this, stats_),
      no_growth_until_(ngx_current_msec) {
    ngx_queue_init(&waiting_);
    for (auto& connection : connections_)
        connection = std::make_unique<PgConnection>(*this);
}

// At the end of the worker: requests that wait are left alone.
PostgresClient::~PostgresClient() {
    while (PgOp* op = take_waiting())
        op->waiting_ = false;
}

Result<void> PostgresClient::submit(PgOp& op) noexcept {
    ++stats_.queries;
    if (breaker_.refuses()) {
        ++stats_.refused;
        ++stats_.failures;
        return fail(ErrorCode::busy, "postgres: it is away");
    }
    if (const auto fine = check(op.query_); !fine) {
        ++stats_.failures;
        return fine;
    }
    for (const auto& connection : connections_) {
        if (connection->idle()) connection->check();
        if (!connection->idle()) continue;
        connection->execute(op);
        return {};
    }
    op.waiting_ = true;
    ngx_queue_insert_tail(&waiting_, &op.link_.node);
    ++waiting_count_;
    grow();
    return {};
}

PgOp* PostgresClient::take_waiting() noexcept {
    if (ngx_queue_empty(&waiting_)) return nullptr;
    const auto* link = ngx_queue_data(ngx_queue_head(&waiting_), PgOp::Link, node);
    PgOp* const op = link->op;
    ngx_queue_remove(&op->link_.node);
    op->waiting_ = false;
    --waiting_count_;
    return op;
}

void PostgresClient::fail_waiting(const Error& error) noexcept {
    while (PgOp* op = take_waiting()) {
        ++stats_.failures;
        op->settle(std::unexpected(error));
    }
}

PgConnection* PostgresClient::find_closed() noexcept {
    const auto found = std::ranges::find_if(connections_, [](const auto& c) { return c->closed(); });
    return found == connections_.end() ? nullptr : found->get();
}

bool PostgresClient::any_connecting() const noexcept {
    return std::ranges::any_of(connections_, [](const auto& c) { return c->connecting(); });
}

// Opens as many connections as there are queries in line, if there is room.
void PostgresClient::grow() noexcept {
    const auto established =
        std::ranges::count_if(connections_, [](const auto& c) { return c->established(); });
    if (established > 0 && static_cast<ngx_msec_int_t>(no_growth_until_ - ngx_current_msec) > 0) return;
    auto connecting = static_cast<std::size_t>(
        std::ranges::count_if(connections_, [](const auto& c) { return c->connecting(); }));
    while (connecting < waiting_count_) {
        PgConnection* const closed = find_closed();
        if (closed == nullptr) return;
        closed->open();
        // It may have failed at once.
        if (!closed->connecting()) return;
        ++connecting;
    }
}

void PostgresClient::on_ready(PgConnection& connection) noexcept {
    breaker_.succeeded();
    if (PgOp* op = take_waiting(); op != nullptr) {
        connection.execute(*op);
    } else {
        connection.rest();
    }
}

void PostgresClient::on_connect_failed(std::string_view why) noexcept {
    no_growth_until_ = ngx_current_msec + kGrowthPause;
    if (std::ranges::any_of(connections_, [](const auto& c) { return c->established(); })) {
        if (!breaker_.refuses()) {
            log_line(ngx_cycle->log, NGX_LOG_WARN, 0, "mezz: no further connection to %s: %*s",
                     breaker_.name().c_str(), why);
            return;
        }
    }
    breaker_.trip(why);
    fail_waiting({ErrorCode::busy, "postgres: no connection"});
}

void PostgresClient::on_lost(std::string_view why, bool busy) noexcept {
    ++stats_.losses;
    log_line(ngx_cycle->log, busy ? NGX_LOG_WARN : NGX_LOG_INFO, 0, "mezz: connection to %s lost: %*s",
             breaker_.name().c_str(), why);
    if (waiting_count_ > 0) {
        grow();
    } else {
        breaker_.lost();
    }
}

void PostgresClient::on_time_out() noexcept {
    breaker_.timed_out("it does not answer in time");
    if (breaker_.refuses()) {
        fail_waiting({ErrorCode::busy, "postgres: no answer in time"});
    } else {
        grow();
    }
}

// A new connection tells most. Without room for one those that there are will tell.
void PostgresClient::probe() noexcept {
    if (any_connecting()) return;
    if (PgConnection* const closed = find_closed(); closed != nullptr) {
        closed->open();
    } else if (breaker_.refuses()) {
        breaker_.trip("all connections are in use");
    }
}

void PostgresClient::time_out(PgOp& op) noexcept {
    if (op.connection_ != nullptr) {
        op.connection_->time_out();
        return;
    }
    if (!op.waiting_) return;
    ngx_queue_remove(&op.link_.node);
    op.waiting_ = false;
    --waiting_count_;
    ++stats_.time_outs;
    ++stats_.failures;
    op.settle(fail(ErrorCode::busy, "postgres: no connection was free in time"));
}

PgOp::PgOp(PostgresClient& client, const PgQuery& query, std::source_location where) noexcept
    : BackendOp("waiting for PostgreSQL", client.time_limit(), where), client_(client), query_(query) {
    link_.op = this;
}

PgOp::~PgOp() {
    if (connection_ != nullptr) connection_->forget();
    if (waiting_) {
        ngx_queue_remove(&link_.node);
        --client_.waiting_count_;
    }
}

bool PgOp::start() noexcept {
    const auto sent = client_.submit(*this);
    return sent ? true : refuse(sent.error());
}

void PgOp::on_time_limit() noexcept {
    client_.time_out(*this);
}

}  // namespace mezz::nginx
