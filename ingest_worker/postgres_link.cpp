#include "postgres_link.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace mezz::worker {
namespace {

constexpr seconds kLongestAnswer{5};

// True where the same statement may succeed later, elsewhere or again: the server stops, is a standby, is out
// of something, or two statements were in each other's way.
bool is_passing(std::string_view sqlstate) {
    constexpr std::array<std::string_view, 6> kClasses{"08", "40", "53", "55", "57", "58"};
    constexpr std::string_view kReadOnly = "25006";
    return sqlstate.empty() || sqlstate == kReadOnly ||
           std::ranges::find(kClasses, sqlstate.substr(0, 2)) != kClasses.end();
}

std::string one_line(std::string text) {
    while (!text.empty() && text.back() == '\n')
        text.pop_back();
    std::ranges::replace(text, '\n', ' ');
    return text;
}

BackendError error_of(const PGresult* result) {
    const char* const state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return {is_passing(state == nullptr ? "" : state), one_line(PQresultErrorMessage(result))};
}

}  // namespace

std::string_view PgRows::text(int row, int column) const noexcept {
    return {PQgetvalue(result_.get(), row, column),
            static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::int64_t PgRows::number(int row, int column) const noexcept {
    const std::string_view digits = text(row, column);
    std::int64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

std::string PostgresLink::message() const {
    return one_line(PQerrorMessage(connection_.get()));
}

Answer<PgRows> PostgresLink::query(const char* statement, const PgValues& values) {
    if (auto ok = connect(); !ok) return std::unexpected(std::move(ok.error()));
    constexpr seconds kSlow{2};
    const auto begun = Clock::now();
    const auto until = begun + kLongestAnswer;
    Answer<PgRows> rows = backend_lost({});
    if (auto sent = send(statement, values, until); sent)
        rows = receive(until);
    else
        rows = std::unexpected(std::move(sent.error()));
    if (!rows && rows.error().lost) {
        connection_.reset();
        reconnection_.failed(rows.error().text);
    } else if (Clock::now() - begun > kSlow) {
        reconnection_.health().was_slow();
    }
    return rows;
}

// PQconnectdbParams waits, but for no longer than connect_timeout a host: also for a server that is stopped.
Answer<void> PostgresLink::connect() {
    if (connection_) return {};
    if (abandon_.passed()) return backend_lost("the program ends");
    if (!reconnection_.may_try()) return backend_lost("waiting before the next connection");
    // Later keywords win, those of the conninfo too. A backend whose client is gone must not hold locks.
    constexpr std::array kNames{"connect_timeout",  "keepalives_idle",  "keepalives_interval",
                                "keepalives_count", "tcp_user_timeout", "fallback_application_name",
                                "options",          "dbname",           static_cast<const char*>(nullptr)};
    const std::array kValues{"3",
                             "10",
                             "5",
                             "2",
                             "10000",
                             "mezz ingest_worker",
                             "-c statement_timeout=10s -c lock_timeout=4s -c tcp_keepalives_idle=15 "
                             "-c idle_in_transaction_session_timeout=60s -c client_encoding=UTF8",
                             conninfo_.c_str(),
                             static_cast<const char*>(nullptr)};
    constexpr int kExpand = 1;
    connection_.reset(PQconnectdbParams(kNames.data(), kValues.data(), kExpand));
    if (PQstatus(connection_.get()) != CONNECTION_OK || PQsetnonblocking(connection_.get(), 1) != 0) {
        std::string why = message();
        connection_.reset();
        reconnection_.failed(why);
        return backend_lost(std::move(why));
    }
    PQsetNoticeProcessor(
        connection_.get(), [](void*, const char*) {}, nullptr);
    reconnection_.made();
    return {};
}

Answer<void> PostgresLink::send(const char* statement, const PgValues& values, Clock::time_point until) {
    std::vector<const char*> texts;
    texts.reserve(values.size());
    for (const auto& value : values)
        texts.push_back(value ? value->c_str() : nullptr);
    if (PQsendQueryParams(connection_.get(), statement, static_cast<int>(texts.size()), nullptr, texts.data(),
                          nullptr, nullptr, 0) == 0)
        return backend_lost(message());
    for (;;) {
        const int more = PQflush(connection_.get());
        if (more == 0) return {};
        if (more < 0) return backend_lost(message());
        if (auto ok = wait(POLLIN | POLLOUT, until); !ok) return ok;
        if (PQconsumeInput(connection_.get()) == 0) return backend_lost(message());
    }
}

Answer<PgRows> PostgresLink::receive(Clock::time_point until) {
    std::optional<PgRows> rows;
    std::optional<BackendError> error;
    for (;;) {
        while (PQisBusy(connection_.get()) != 0) {
            if (auto ok = wait(POLLIN, until); !ok) return std::unexpected(std::move(ok.error()));
            if (PQconsumeInput(connection_.get()) == 0) return backend_lost(message());
        }
        PGresult* const result = PQgetResult(connection_.get());
        if (result == nullptr) break;
        rows.emplace(result);
        const ExecStatusType status = PQresultStatus(result);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && !error) error = error_of(result);
    }
    if (error) return std::unexpected(std::move(*error));
    if (!rows) return backend_lost("no result");
    return std::move(*rows);
}

Answer<void> PostgresLink::wait(short events, Clock::time_point until) {
    constexpr milliseconds kLookUp{250};
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
        if (left.count() <= 0) return backend_lost("no answer in time");
        pollfd waiting{PQsocket(connection_.get()), events, 0};
        if (::poll(&waiting, 1, static_cast<int>(std::min(left, kLookUp).count())) > 0) return {};
        if (abandon_.passed()) return backend_lost("the program ends");
    }
}

}  // namespace mezz::worker
