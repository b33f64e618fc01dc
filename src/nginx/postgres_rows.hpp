// What PostgreSQL is asked and what it answers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct pg_result;

namespace mezz::nginx {

/// A statement with its parameters $1, $2, ... in text format; nullopt is NULL. `sql` is one statement, a
/// static text: whatever varies is a parameter. A parameter holds no zero byte.
struct PgQuery {
    static constexpr std::size_t kMostParameters = 32;

    const char* sql;
    std::vector<std::optional<std::string>> parameters;
};

/// The rows of an answer; views are valid as long as it lives.
class PgRows {
public:
    PgRows() = default;
    /// Takes the result over.
    explicit PgRows(pg_result* result) noexcept : result_(result) {}

    [[nodiscard]] int rows() const noexcept;
    [[nodiscard]] int columns() const noexcept;
    /// A value in text format; nullopt if it is NULL or there is no such row or column.
    [[nodiscard]] std::optional<std::string_view> text(int row, int column) const noexcept;
    /// The number of rows that an INSERT, UPDATE, DELETE or SELECT has touched.
    [[nodiscard]] std::int64_t affected() const noexcept;

private:
    struct Free {
        void operator()(pg_result* result) const noexcept;
    };

    std::unique_ptr<pg_result, Free> result_;
};

}  // namespace mezz::nginx
