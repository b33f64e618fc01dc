// Which PostgreSQL servers to connect to, and how.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "nginx/ngx.hpp"

namespace mezz::nginx {

/// A libpq connection string, taken apart and resolved once: connecting never asks for a name, except for one
/// that a `service` file holds.
struct PostgresTarget {
    struct Host {
        std::string host;     ///< as written: for certificates, or the folder of a Unix socket
        std::string address;  ///< numeric, empty for a Unix socket
        std::string port;     ///< empty for libpq's default
    };

    std::string name;         ///< for the log: hosts and database
    std::vector<Host> hosts;  ///< tried in this order; one with several addresses stands here several times
    std::vector<std::pair<std::string, std::string>> options;  ///< all other keywords and values
};

/// Reads a connection string (`host=... dbname=...` or a URI) while the configuration is read. Logs what is
/// wrong, but never the string, and returns false if that fails.
[[nodiscard]] bool parse_postgres(ngx_conf_t* cf, const ngx_str_t& conninfo, PostgresTarget& target);

/// Keywords and values for PQconnectStartParams; they borrow the strings of the target and of this.
class PostgresParameters {
public:
    /// Host number `first` (modulo their count) is tried first. `statement_limit` in milliseconds.
    PostgresParameters(const PostgresTarget& target, std::size_t first, ngx_msec_t statement_limit);
    PostgresParameters(const PostgresParameters&) = delete;
    PostgresParameters& operator=(const PostgresParameters&) = delete;

    [[nodiscard]] const char* const* keywords() const noexcept { return keywords_.data(); }
    [[nodiscard]] const char* const* values() const noexcept { return values_.data(); }

private:
    void add(const char* keyword, const std::string& value);

    std::string hosts_, addresses_, ports_, options_;
    std::vector<const char*> keywords_, values_;
};

}  // namespace mezz::nginx
