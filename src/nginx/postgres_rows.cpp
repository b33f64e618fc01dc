#include "nginx/postgres_rows.hpp"

#include <postgresql/libpq-fe.h>

#include <charconv>

namespace mezz::nginx {

void PgRows::Free::operator()(pg_result* result) const noexcept {
    PQclear(result);
}

int PgRows::rows() const noexcept {
    return PQntuples(result_.get());
}

int PgRows::columns() const noexcept {
    return PQnfields(result_.get());
}

std::optional<std::string_view> PgRows::text(int row, int column) const noexcept {
    if (row < 0 || row >= rows() || column < 0 || column >= columns()) return std::nullopt;
    if (PQgetisnull(result_.get(), row, column) != 0) return std::nullopt;
    return std::string_view(PQgetvalue(result_.get(), row, column),
                            static_cast<std::size_t>(PQgetlength(result_.get(), row, column)));
}

std::int64_t PgRows::affected() const noexcept {
    std::int64_t count = 0;
    if (result_ != nullptr) {
        const std::string_view text = PQcmdTuples(result_.get());
        std::from_chars(text.data(), text.data() + text.size(), count);
    }
    return count;
}

}  // namespace mezz::nginx
