// PostgreSQL for coroutines: a pool of connections of one worker.
#pragma once

#include <array>
#include <memory>

#include "nginx/backend_op.hpp"
#include "nginx/breaker.hpp"
#include "nginx/postgres_rows.hpp"
#include "nginx/postgres_target.hpp"

namespace mezz::nginx {

class PgOp;
class PgConnection;

/// One per worker and database, made in init_process and destroyed in exit_process. Up to four connections
/// are opened when needed and kept; queries that find none wait in line. Each query is a transaction of its
/// own. Nothing blocks.
class PostgresClient final : private Breaker::Prober {
public:
    /// `time_limit` in milliseconds is for a query from its start to its answer, waiting in line and
    /// connecting included; statement_timeout is set to nine tenths of it.
    PostgresClient(PostgresTarget target, ngx_msec_t time_limit);
    ~PostgresClient();
    PostgresClient(const PostgresClient&) = delete;
    PostgresClient& operator=(const PostgresClient&) = delete;

    [[nodiscard]] ngx_msec_t time_limit() const noexcept { return time_limit_; }
    [[nodiscard]] const BackendStats& stats() const noexcept { return stats_; }
    /// Whether PostgreSQL answered last time; false until it has done so once.
    [[nodiscard]] bool up() const noexcept { return breaker_.up(); }

private:
    friend class PgOp;
    friend class PgConnection;

    [[nodiscard]] Result<void> submit(PgOp& op) noexcept;
    void time_out(PgOp& op) noexcept;
    void probe() noexcept override;

    // What a connection reports.
    void on_ready(PgConnection& connection) noexcept;
    void on_connect_failed(std::string_view why) noexcept;
    void on_lost(std::string_view why, bool busy) noexcept;
    void on_time_out() noexcept;

    void grow() noexcept;
    [[nodiscard]] PgConnection* find_closed() noexcept;
    [[nodiscard]] bool any_connecting() const noexcept;
    [[nodiscard]] PgOp* take_waiting() noexcept;
    void fail_waiting(const Error& error) noexcept;

    PostgresTarget target_;
    ngx_msec_t time_limit_;
    BackendStats stats_;
    Breaker breaker_;
    ngx_queue_t waiting_;  // PgOp::Link
    std::size_t waiting_count_ = 0;
    std::array<std::unique_ptr<PgConnection>, 4> connections_;
    std::size_t host_ = 0;            // which host is tried first
    ngx_msec_t no_growth_until_ = 0;  // after a failed connect while other connections work
};

/// See run().
class PgOp final : public BackendOp<PgOp, PgRows> {
public:
    PgOp(PostgresClient& client, const PgQuery& query, std::source_location where) noexcept;
    ~PgOp();

    bool start() noexcept;
    void on_time_limit() noexcept override;

private:
    friend class PostgresClient;
    friend class PgConnection;
    // Standard layout, so that the queue's macros may compute offsets.
    struct Link {
        ngx_queue_t node;
        PgOp* op;
    };

    PostgresClient& client_;
    const PgQuery& query_;
    Link link_{};
    bool waiting_ = false;                // in line
    PgConnection* connection_ = nullptr;  // while it executes the query
};

/// `const auto rows = co_await run(flow, client, query);` with a query that is a variable. Fails with busy if
/// PostgreSQL is away, too slow, or cannot do it now (no connection left, deadlock, read only, ...), and with
/// internal, after a line in the log with the SQLSTATE, if it answers with any other error.
[[nodiscard]] inline PgOp run(Flow& /*flow*/, PostgresClient& client, const PgQuery& query,
                              std::source_location where = std::source_location::current()) noexcept {
    return {client, query, where};
}
PgOp run(Flow& flow, PostgresClient& client, PgQuery&& query) = delete;

}  // namespace mezz::nginx
