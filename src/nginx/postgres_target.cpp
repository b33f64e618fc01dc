#include "nginx/postgres_target.hpp"

#include <netdb.h>
#include <postgresql/libpq-fe.h>

#include <algorithm>
#include <memory>
#include <string_view>

namespace mezz::nginx {
namespace {

struct FreeOptions {
    void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};
struct FreeAddresses {
    void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};

bool reject(ngx_conf_t* cf, std::string_view why) {
    const std::string text(why.substr(0, why.find_last_not_of('\n') + 1));
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "PostgreSQL connection string: %s", text.c_str());
    return false;
}

std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> parts;
    while (true) {
        const std::size_t comma = list.find(',');
        parts.emplace_back(list.substr(0, comma));
        if (comma == std::string_view::npos) return parts;
        list.remove_prefix(comma + 1);
    }
}

// An address without a name, a folder or a name of a Unix socket, or nothing: nothing to be resolved.
bool is_local(std::string_view host) noexcept {
    return host.empty() || host.front() == '/' || host.front() == '@';
}

bool resolve(ngx_conf_t* cf, const PostgresTarget::Host& host, std::vector<PostgresTarget::Host>& hosts) {
    if (!host.address.empty() || is_local(host.host)) {
        hosts.push_back(host);
        return true;
    }
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(host.host.c_str(), nullptr, &hints, &found);
    const std::unique_ptr<addrinfo, FreeAddresses> list(found);
    if (error != 0) return reject(cf, "host \"" + host.host + "\": " + ::gai_strerror(error));
    for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
        char text[NI_MAXHOST];
        if (::getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof(text), nullptr, 0, NI_NUMERICHOST) == 0)
            hosts.push_back({host.host, text, host.port});
    }
    return true;
}

bool resolve_all(ngx_conf_t* cf, std::string_view host, std::string_view address, std::string_view port,
                 std::vector<PostgresTarget::Host>& hosts) {
    const auto names = split(host);
    const auto addresses = split(address);
    const auto ports = split(port);
    const std::size_t count = address.empty() ? names.size() : addresses.size();
    if (!host.empty() && names.size() != count)
        return reject(cf, "host and hostaddr name different numbers of hosts");
    if (ports.size() != 1 && ports.size() != count)
        return reject(cf, "port names neither one port nor one for each host");
    for (std::size_t i = 0; i < count; ++i) {
        const PostgresTarget::Host one{host.empty() ? "" : names[i], address.empty() ? "" : addresses[i],
                                       ports.size() == 1 ? ports[0] : ports[i]};
        if (!resolve(cf, one, hosts)) return false;
    }
    return true;
}

std::string name_of(const PostgresTarget& target) {
    std::string name;
    for (const PostgresTarget::Host& host : target.hosts) {
        if (!name.empty()) name += ", ";
        name += host.address.empty() ? host.host : host.address;
        if (!host.port.empty()) name += ':' + host.port;
    }
    for (const auto& [keyword, value] : target.options) {
        if (keyword == "dbname") name += '/' + value;
    }
    return name;
}

void set_default(PostgresTarget& target, std::string_view keyword, std::string_view value) {
    if (std::ranges::find(target.options, keyword, &std::pair<std::string, std::string>::first) ==
        target.options.end()) {
        target.options.emplace_back(keyword, value);
    }
}

}  // namespace

bool parse_postgres(ngx_conf_t* cf, const ngx_str_t& conninfo, PostgresTarget& target) {
    char* error = nullptr;
    const std::unique_ptr<PQconninfoOption, FreeOptions> options(
        PQconninfoParse(std::string(view(conninfo)).c_str(), &error));
    if (options == nullptr) {
        const std::string text = error == nullptr ? "no memory" : error;
        PQfreemem(error);
        return reject(cf, text);
    }
    std::string_view host;
    std::string_view address;
    std::string_view port;
    target = {};
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val == nullptr) continue;
        const std::string_view keyword = option->keyword;
        if (keyword == "host") {
            host = option->val;
        } else if (keyword == "hostaddr") {
            address = option->val;
        } else if (keyword == "port") {
            port = option->val;
        } else {
            target.options.emplace_back(keyword, option->val);
        }
    }
    if (!resolve_all(cf, host, address, port, target.hosts)) return false;
    set_default(target, "fallback_application_name", "mezz");
    set_default(target, "client_encoding", "UTF8");
    set_default(target, "gssencmode", "disable");
    target.name = name_of(target);
    return true;
}

PostgresParameters::PostgresParameters(const PostgresTarget& target, std::size_t first,
                                       ngx_msec_t statement_limit)
    : options_("-c client_min_messages=warning -c statement_timeout=" + std::to_string(statement_limit)) {
    const std::size_t count = target.hosts.size();
    for (std::size_t i = 0; i < count; ++i) {
        const PostgresTarget::Host& host = target.hosts[(first + i) % count];
        const char* comma = i == 0 ? "" : ",";
        hosts_.append(comma).append(host.host);
        addresses_.append(comma).append(host.address);
        ports_.append(comma).append(host.port);
    }
    add("host", hosts_);
    add("hostaddr", addresses_);
    add("port", ports_);
    for (const auto& [keyword, value] : target.options) {
        if (keyword == "options") {
            options_.append(" ").append(value);
        } else {
            add(keyword.c_str(), value);
        }
    }
    add("options", options_);
    keywords_.push_back(nullptr);
    values_.push_back(nullptr);
}

void PostgresParameters::add(const char* keyword, const std::string& value) {
    keywords_.push_back(keyword);
    values_.push_back(value.c_str());
}

}  // namespace mezz::nginx
