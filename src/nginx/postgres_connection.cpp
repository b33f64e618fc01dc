#include "nginx/postgres_connection.hpp"

#include <openssl/ssl.h>
#include <postgresql/libpq-fe.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "nginx/postgres_error.hpp"

namespace mezz::nginx {
namespace {

// Milliseconds that an idle connection lives on in a worker that quits, whose last requests may need it.
constexpr ngx_msec_t kIdleInShutdown = 1000;

void log_notice(void* data, const char* message) noexcept {
    const OneLine text(message);
    log_line(ngx_cycle->log, NGX_LOG_INFO, 0, "mezz: %s: %*s",
             static_cast<const Breaker*>(data)->name().c_str(), text.view());
}

bool send_query(PGconn* connection, const PgQuery& query) noexcept {
    const char* values[PgQuery::kMostParameters];
    std::ranges::transform(query.parameters, values,
                           [](const auto& parameter) { return parameter ? parameter->c_str() : nullptr; });
    return PQsendQueryParams(connection, query.sql, static_cast<int>(query.parameters.size()), nullptr,
                             values, nullptr, nullptr, 0) == 1;
}

}  // namespace

void PgConnection::Finish::operator()(pg_conn* connection) const noexcept {
    PQfinish(connection);
}

void PgConnection::Clear::operator()(pg_result* result) const noexcept {
    PQclear(result);
}

PgConnection::PgConnection(PostgresClient& client) noexcept
    : client_(client),
      fd_(*this),
      timer_(this, [](void* connection) noexcept { static_cast<PgConnection*>(connection)->on_timer(); }) {}

// At the end of the worker: a request that waits is left alone.
PgConnection::~PgConnection() {
    if (op_ != nullptr) op_->connection_ = nullptr;
    close();
}

std::string_view PgConnection::message() const noexcept {
    return PQerrorMessage(connection_.get());
}

void PgConnection::open() noexcept {
    try {
        // A slow query rather ends by the server's hand, which leaves the connection usable, than by ours.
        const ngx_msec_t statement_limit = client_.time_limit_ - client_.time_limit_ / 10;
        const PostgresParameters parameters(client_.target_, client_.host_, statement_limit);
        connection_.reset(PQconnectStartParams(parameters.keywords(), parameters.values(), 0));
    } catch (const std::bad_alloc&) {
        connection_.reset();
    }
    state_ = State::connecting;
    if (connection_ == nullptr) {
        connect_failed("no memory");
        return;
    }
    PQsetNoticeProcessor(connection_.get(), log_notice, &client_.breaker_);
    if (PQstatus(connection_.get()) == CONNECTION_BAD) {
        connect_failed(message());
        return;
    }
    // A query that waits for this has a timer of its own that a quitting worker waits for.
    timer_.start(client_.time_limit_, true);
    if (!watch(false, true)) connect_failed("the descriptor cannot be watched");
}

bool PgConnection::watch(bool read, bool write) noexcept {
    const int fd = PQsocket(connection_.get());
    return fd >= 0 && (fd_.attached() || fd_.attach(fd)) && fd_.want(read, write);
}

// libpq may close the socket and open another one, even under the same number, whenever it is polled.
void PgConnection::connect_further() noexcept {
    fd_.detach(true);
    bool watched = false;
    switch (PQconnectPoll(connection_.get())) {
        case PGRES_POLLING_READING:
            watched = watch(true, false);
            break;
        case PGRES_POLLING_WRITING:
            watched = watch(false, true);
            break;
        case PGRES_POLLING_OK:
            watched = PQsetnonblocking(connection_.get(), 1) == 0 && watch(true, false);
            if (!watched) break;
            timer_.stop();
            state_ = State::idle;
            ++client_.stats_.connects;
            ++client_.stats_.open;
            client_.on_ready(*this);
            return;
        default:
            connect_failed(message());
            return;
    }
    if (!watched) connect_failed("the descriptor cannot be watched");
}

void PgConnection::connect_failed(std::string_view why) noexcept {
    const OneLine text(why);
    close();
    client_.on_connect_failed(text.view());
}

void PgConnection::close() noexcept {
    timer_.stop();
    fd_.detach(connection_ != nullptr && PQsocket(connection_.get()) >= 0);
    connection_.reset();
    result_.reset();
    if (established()) --client_.stats_.open;
    state_ = State::closed;
}

void PgConnection::settle(Result<PgRows> result) noexcept {
    PgOp* const op = std::exchange(op_, nullptr);
    if (!result) ++client_.stats_.failures;
    if (op == nullptr) return;
    op->connection_ = nullptr;
    op->settle(std::move(result));
}

void PgConnection::lose(std::string_view why) noexcept {
    const bool busy = state_ == State::busy;
    const OneLine text(why);
    close();
    if (busy) settle(fail(ErrorCode::busy, "postgres: connection lost"));
    client_.on_lost(text.view(), busy);
}

bool PgConnection::consume() noexcept {
    PGconn* const c = connection_.get();
    if (PQconsumeInput(c) == 0) return false;
    // What the TLS library has decrypted already makes no descriptor readable.
    auto* const tls = static_cast<SSL*>(PQsslStruct(c, "OpenSSL"));
    while (tls != nullptr && SSL_pending(tls) > 0) {
        if (PQconsumeInput(c) == 0) return false;
    }
    while (PGnotify* notify = PQnotifies(c))
        PQfreemem(notify);
    return true;
}

void PgConnection::check() noexcept {
    char byte = 0;
    // A closing server's last words come before the end.
    while (state_ == State::idle) {
        const ssize_t n = ::recv(PQsocket(connection_.get()), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
        on_readable();
    }
}

void PgConnection::on_readable() noexcept {
    if (state_ == State::connecting) {
        connect_further();
    } else if (!consume()) {
        lose(message());
    } else if (state_ == State::busy) {
        collect();
    } else if (PQisBusy(connection_.get()) == 0 && PQstatus(connection_.get()) == CONNECTION_BAD) {
        lose(message());
    }
}

void PgConnection::on_writable() noexcept {
    if (state_ == State::connecting) {
        connect_further();
    } else {
        flush();
    }
}

void PgConnection::flush() noexcept {
    const int left = PQflush(connection_.get());
    if (left < 0) {
        lose(message());
    } else if (!fd_.want(true, left > 0)) {
        lose("the descriptor cannot be watched");
    }
}

void PgConnection::execute(PgOp& op) noexcept {
    op_ = &op;
    op.connection_ = this;
    state_ = State::busy;
    fd_.set_idle(false);
    timer_.start(client_.time_limit_, true);
    if (send_query(connection_.get(), op.query_)) {
        flush();
    } else {
        lose(message());
    }
}

// Everything up to libpq's "no more" is read before the connection is used again.
void PgConnection::collect() noexcept {
    PGconn* const c = connection_.get();
    while (PQisBusy(c) == 0) {
        std::unique_ptr<pg_result, Clear> next(PQgetResult(c));
        if (next == nullptr) {
            finish_query();
            return;
        }
        const ExecStatusType status = PQresultStatus(next.get());
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
            lose("a query that copies is not supported");
            return;
        }
        if (PQresultStatus(result_.get()) != PGRES_FATAL_ERROR || result_ == nullptr)
            result_ = std::move(next);
    }
}

void PgConnection::finish_query() noexcept {
    if (PQstatus(connection_.get()) == CONNECTION_BAD) {
        lose(message());
        return;
    }
    timer_.stop();
    state_ = State::idle;
    auto result = std::move(result_);
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        settle(PgRows(result.release()));
    } else {
        settle(std::unexpected(report_postgres_error(client_.target_.name, result.get())));
    }
    // A query that begins a transaction is a mistake; the next one's asker must not suffer for it.
    if (PQtransactionStatus(connection_.get()) != PQTRANS_IDLE) {
        lose("a query has left a transaction open");
        return;
    }
    client_.on_ready(*this);
}

void PgConnection::rest() noexcept {
    fd_.set_idle(true);
    if (ngx_exiting) timer_.start(kIdleInShutdown, true);
}

void PgConnection::on_shutdown() noexcept {
    const bool busy = state_ == State::busy;
    close();
    if (busy) settle(fail(ErrorCode::busy, "postgres: the worker ends"));
}

void PgConnection::on_timer() noexcept {
    if (state_ == State::connecting) {
        ++client_.host_;
        connect_failed("not connected in time");
    } else if (state_ == State::idle) {
        close();
    } else {
        time_out();
    }
}

void PgConnection::time_out() noexcept {
    close();
    ++client_.stats_.losses;
    ++client_.stats_.time_outs;
    settle(fail(ErrorCode::busy, "postgres: no answer in time"));
    if (!client_.breaker_.refuses()) {
        log_line(ngx_cycle->log, NGX_LOG_WARN, 0, "mezz: %s has not answered in %M ms, connection dropped",
                 client_.breaker_.name().c_str(), client_.time_limit_);
    }
    client_.on_time_out();
}

}  // namespace mezz::nginx
