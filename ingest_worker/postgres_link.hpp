// A connection to PostgreSQL that comes back by itself and never waits for long. For one thread.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend.hpp"

namespace mezz::worker {

/// What a statement gave.
class PgRows {
public:
    explicit PgRows(PGresult* result) noexcept : result_(result) {}

    [[nodiscard]] int size() const noexcept { return PQntuples(result_.get()); }
    [[nodiscard]] bool is_null(int row, int column) const noexcept {
        return PQgetisnull(result_.get(), row, column) != 0;
    }
    /// Empty for null. Valid as long as this object.
    [[nodiscard]] std::string_view text(int row, int column) const noexcept;
    /// 0 for what is no number.
    [[nodiscard]] std::int64_t number(int row, int column) const noexcept;
    [[nodiscard]] bool flag(int row, int column) const noexcept { return text(row, column) == "t"; }

private:
    struct Clear {
        void operator()(PGresult* result) const noexcept { PQclear(result); }
    };
    std::unique_ptr<PGresult, Clear> result_;
};

/// Values of $1, $2, …; nullopt is null. Without NUL bytes.
using PgValues = std::vector<std::optional<std::string>>;

class PostgresLink {
public:
    /// `conninfo` as libpq takes it; what it says goes before our own settings. The connection is made by the
    /// first query. The references must outlive the link.
    PostgresLink(std::string conninfo, BackendHealth& health, const Abandon& abandon)
        : conninfo_(std::move(conninfo)), reconnection_(health), abandon_(abandon) {}

    /// Runs one statement. After 5 s without an answer the connection is dropped; the statement may or may
    /// not have been carried out then, or may be later. While there is no connection, fails at once except
    /// when it is time to try again (which takes up to 3 s per host).
    [[nodiscard]] Answer<PgRows> query(const char* statement, const PgValues& values = {});

    [[nodiscard]] const Reconnection& reconnection() const noexcept { return reconnection_; }

private:
    struct Finish {
        void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
    };

    Answer<void> connect();
    Answer<void> send(const char* statement, const PgValues& values, Clock::time_point until);
    Answer<PgRows> receive(Clock::time_point until);
    Answer<void> wait(short events, Clock::time_point until);
    [[nodiscard]] std::string message() const;

    std::string conninfo_;
    std::unique_ptr<PGconn, Finish> connection_;
    Reconnection reconnection_;
    const Abandon& abandon_;
};

}  // namespace mezz::worker
