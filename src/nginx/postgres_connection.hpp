// One of the connections of a PostgresClient.
#pragma once

#include "nginx/foreign_fd.hpp"
#include "nginx/postgres_client.hpp"

struct pg_conn;

namespace mezz::nginx {

/// Executes one query after the other. Whatever happens is told to the client.
class PgConnection final : private ForeignFd::Listener {
public:
    explicit PgConnection(PostgresClient& client) noexcept;
    ~PgConnection();

    [[nodiscard]] bool closed() const noexcept { return state_ == State::closed; }
    [[nodiscard]] bool connecting() const noexcept { return state_ == State::connecting; }
    [[nodiscard]] bool idle() const noexcept { return state_ == State::idle; }
    [[nodiscard]] bool established() const noexcept { return !closed() && !connecting(); }

    /// Begins to connect.
    void open() noexcept;
    /// Notices, before the event loop does, that the server has closed an idle connection.
    void check() noexcept;
    /// Begins a query on an idle connection; the operation will be settled.
    void execute(PgOp& op) noexcept;
    /// Nothing is to be done: stays open to be used again; not for long if the worker quits.
    void rest() noexcept;
    /// Nobody waits for the present query any more; its answer is awaited and dropped.
    void forget() noexcept { op_ = nullptr; }
    /// Drops the connection because the query was not answered in time.
    void time_out() noexcept;

private:
    enum class State : std::uint8_t { closed, connecting, idle, busy };
    struct Finish {
        void operator()(pg_conn* connection) const noexcept;
    };
    struct Clear {
        void operator()(pg_result* result) const noexcept;
    };

    void on_readable() noexcept override;
    void on_writable() noexcept override;
    void on_shutdown() noexcept override;
    void on_timer() noexcept;
    void connect_further() noexcept;
    void connect_failed(std::string_view why) noexcept;
    [[nodiscard]] bool watch(bool read, bool write) noexcept;
    [[nodiscard]] bool consume() noexcept;
    void collect() noexcept;
    void finish_query() noexcept;
    void flush() noexcept;
    void close() noexcept;
    void lose(std::string_view why) noexcept;
    void settle(Result<PgRows> result) noexcept;
    [[nodiscard]] std::string_view message() const noexcept;

    PostgresClient& client_;
    ForeignFd fd_;
    std::unique_ptr<pg_conn, Finish> connection_;
    std::unique_ptr<pg_result, Clear> result_;  // the first error or else the last result of the query
    WorkerTimer timer_;
    PgOp* op_ = nullptr;
    State state_ = State::closed;
};

}  // namespace mezz::nginx
