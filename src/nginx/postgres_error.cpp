#include "nginx/postgres_error.hpp"

#include <postgresql/libpq-fe.h>

#include <algorithm>
#include <string_view>

#include "nginx/breaker.hpp"

namespace mezz::nginx {
namespace {

// Data exceptions (class 22) quote the value at fault; the text up to the first quotation says enough.
std::string_view without_values(std::string_view message, std::string_view sqlstate) noexcept {
    return sqlstate.starts_with("22") ? message.substr(0, message.find('"')) : message;
}

}  // namespace

bool is_passing_sqlstate(const char* sqlstate) noexcept {
    if (sqlstate == nullptr) return true;  // libpq's own words: the connection
    const std::string_view state = sqlstate;
    constexpr std::string_view kPassing[] = {"08", "53", "57", "40", "25006", "55P03"};
    return std::ranges::any_of(kPassing, [state](std::string_view p) { return state.starts_with(p); });
}

Error report_postgres_error(const std::string& server, const pg_result* result) noexcept {
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const bool passing = is_passing_sqlstate(state);
    const std::string_view code = state == nullptr ? "no SQLSTATE" : state;
    const OneLine text(without_values(message == nullptr ? "no message" : message, code));
    log_line(ngx_cycle->log, passing ? NGX_LOG_WARN : NGX_LOG_ERR, 0, "mezz: PostgreSQL at %s: %*s: %*s",
             server.c_str(), code, text.view());
    return passing ? Error{ErrorCode::busy, "postgres: cannot do it now"}
                   : Error{ErrorCode::internal, "postgres: refuses a query"};
}

}  // namespace mezz::nginx
