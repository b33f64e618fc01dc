#include "backends_bodies.hpp"

#include <algorithm>
#include <string>

namespace mezz::nginx::backends_test {

constinit Worker* worker = nullptr;

namespace {

std::string argument(const RequestFlow& flow, std::string_view name) {
    ngx_str_t value{};
    const ngx_str_t key = borrow(name);
    if (ngx_http_arg(flow.request(), key.data, key.len, &value) != NGX_OK) return {};
    return std::string(view(value));
}

std::size_t number(const RequestFlow& flow, std::string_view name) {
    const std::string text = argument(flow, name);
    return text.empty() ? 0 : std::stoul(text);
}

Result<ngx_int_t> answer(RequestFlow& flow, std::string_view text) noexcept {
    ngx_http_request_t* r = flow.request();
    const ngx_str_t body = copy(r->pool, text);
    auto* buffer = static_cast<ngx_buf_t*>(ngx_calloc_buf(r->pool));
    if (body.data == nullptr || buffer == nullptr) return fail(ErrorCode::internal, "no memory");
    buffer->pos = buffer->start = body.data;
    buffer->last = buffer->end = body.data + body.len;
    buffer->memory = body.len != 0;
    buffer->last_buf = r == r->main;
    buffer->last_in_chain = 1;
    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = static_cast<off_t>(body.len);
    const ngx_int_t rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) return rc;
    ngx_chain_t chain{buffer, nullptr};
    return ngx_http_output_filter(r, &chain);
}

RedisCommand command_of(const RequestFlow& flow) {
    std::string_view rest = view(flow.request()->args);
    const std::size_t comma = std::min(rest.find(','), rest.size());
    RedisCommand command(rest.substr(0, comma));
    rest.remove_prefix(comma);
    while (!rest.empty()) {
        rest.remove_prefix(1);
        const std::size_t next = std::min(rest.find(','), rest.size());
        command.add(rest.substr(0, next));
        rest.remove_prefix(next);
    }
    return command;
}

std::string text_of(const RedisReply& reply) {
    switch (reply.kind()) {
        case RedisReply::Kind::nil:
            return "nil";
        case RedisReply::Kind::text:
        case RedisReply::Kind::error:
            return std::string(reply.text());
        case RedisReply::Kind::integer:
            return std::to_string(reply.integer());
        case RedisReply::Kind::list:
            break;
    }
    std::string text = "[";
    for (std::size_t i = 0; i < reply.size(); ++i)
        text += text_of(reply[i]) + (i + 1 < reply.size() ? "," : "");
    return text + "]";
}

struct Named {
    std::string_view name;
    const char* sql;
};

constexpr Named kQueries[] = {
    {"echo", "SELECT $1::text, NULL, 7"},
    {"sleep", "SELECT pg_sleep($1::float8)"},
    {"integer", "SELECT $1::int"},
    {"missing", "SELECT * FROM nothing WHERE text = $1"},
    {"pid", "SELECT pg_backend_pid() WHERE $1::text IS NOT NULL"},
    {"port", "SELECT current_setting('port') WHERE $1::text IS NOT NULL"},
    {"setting", "SELECT current_setting($1::text)"},
    {"rows", "SELECT n, repeat('x', 100) FROM generate_series(1, $1::int) n"},
    {"count", "WITH n AS (INSERT INTO counted VALUES ($1) RETURNING 1) SELECT count(*) FROM n"},
    {"insert", "INSERT INTO counted VALUES ($1), ($1)"},
    {"terminate", "SELECT pg_terminate_backend(pg_backend_pid()), $1::text"},
    {"begin", "BEGIN"},
    {"copy", "COPY pg_class TO STDOUT"},
};

PgQuery query_of(const RequestFlow& flow) {
    const std::string name = argument(flow, "q");
    const auto* found = std::ranges::find(kQueries, name, &Named::name);
    PgQuery query{found == std::end(kQueries) ? "SELECT 1" : found->sql, {}};
    if (std::string_view(query.sql).find('$') != std::string_view::npos)
        query.parameters.emplace_back(argument(flow, "p"));
    if (argument(flow, "zero") == "1") query.parameters.back() = std::string("a\0b", 3);
    return query;
}

std::string json(const char* name, const BackendStats& s, bool up) {
    return std::string("\"") + name + "\":{\"queries\":" + std::to_string(s.queries) +
           ",\"failures\":" + std::to_string(s.failures) + ",\"refused\":" + std::to_string(s.refused) +
           ",\"time_outs\":" + std::to_string(s.time_outs) + ",\"connects\":" + std::to_string(s.connects) +
           ",\"losses\":" + std::to_string(s.losses) + ",\"open\":" + std::to_string(s.open) +
           ",\"breaker_open\":" + (s.breaker_open ? "true" : "false") + ",\"up\":" + (up ? "true" : "false") +
           "},";
}

}  // namespace

Answer redis(RequestFlow& flow) {
    const RedisCommand command = command_of(flow);
    const auto reply = co_await run(flow, *worker->backends->redis, command);
    if (!reply) co_return std::unexpected(reply.error());
    co_return answer(flow, text_of(*reply));
}

Answer redis_send(RequestFlow& flow) {
    const RedisCommand command = command_of(flow);
    const bool sent = worker->backends->redis->send(command);
    co_return answer(flow, sent ? "sent" : "not sent");
}

Answer redis_big(RequestFlow& flow) {
    const std::string key = "big" + argument(flow, "key");
    const std::string value(number(flow, "n"), 'v');
    const RedisCommand set("SET", key, value, "EX", 60);
    const auto stored = co_await run(flow, *worker->backends->redis, set);
    if (!stored) co_return std::unexpected(stored.error());
    const RedisCommand get("GET", key);
    const auto got = co_await run(flow, *worker->backends->redis, get);
    if (!got) co_return std::unexpected(got.error());
    co_return answer(flow, got->text() == value ? "same" : "different");
}

Answer postgres(RequestFlow& flow) {
    const PgQuery query = query_of(flow);
    const auto rows = co_await run(flow, *worker->backends->postgres, query);
    if (!rows) co_return std::unexpected(rows.error());
    std::string text = std::to_string(rows->rows()) + " " + std::to_string(rows->affected());
    for (int row = 0; row < rows->rows(); ++row) {
        for (int column = 0; column < rows->columns(); ++column)
            text.append(" ").append(rows->text(row, column).value_or("NULL"));
    }
    co_return answer(flow, text);
}

Answer postgres_big(RequestFlow& flow) {
    const std::string value(number(flow, "n"), 'v');
    PgQuery query{"SELECT $1::text || $2::text", {}};
    query.parameters.emplace_back(value);
    query.parameters.emplace_back("end");
    const auto rows = co_await run(flow, *worker->backends->postgres, query);
    if (!rows) co_return std::unexpected(rows.error());
    co_return answer(flow, rows->text(0, 0) == value + "end" ? "same" : "different");
}

Answer chain(RequestFlow& flow) {
    const std::size_t times = number(flow, "n");
    const std::string id = argument(flow, "id");
    for (std::size_t i = 0; i < times; ++i) {
        const std::string value = id + "-" + std::to_string(i);
        const RedisCommand set("SET", "chain" + id, value);
        const auto stored = co_await run(flow, *worker->backends->redis, set);
        if (!stored) co_return std::unexpected(stored.error());
        PgQuery query{"SELECT $1::text", {}};
        query.parameters.emplace_back(value);
        const auto rows = co_await run(flow, *worker->backends->postgres, query);
        if (!rows) co_return std::unexpected(rows.error());
        const RedisCommand get("GET", "chain" + id);
        const auto got = co_await run(flow, *worker->backends->redis, get);
        if (!got) co_return std::unexpected(got.error());
        if (rows->text(0, 0) != value || got->text() != value) co_return answer(flow, "mixed up");
    }
    co_return answer(flow, "chain " + id);
}

Answer status(RequestFlow& flow) {
    const Backends& backends = *worker->backends;
    std::string text = "{";
    if (backends.redis) text += json("redis", backends.redis->stats(), backends.redis->up());
    if (backends.postgres) text += json("postgres", backends.postgres->stats(), backends.postgres->up());
    if (worker->subscriber) {
        const auto& s = worker->subscriber->stats();
        text += "\"subscriber\":{\"messages\":" + std::to_string(s.messages) +
                ",\"subscriptions\":" + std::to_string(s.subscriptions) +
                ",\"subscribed\":" + (s.subscribed ? "true" : "false") +
                ",\"gaps\":" + std::to_string(worker->listener.gaps) +
                ",\"last_size\":" + std::to_string(worker->listener.last.size()) + ",\"last\":\"" +
                worker->listener.last.substr(0, 100) + "\"},";
    }
    text +=
        "\"pid\":" + std::to_string(ngx_pid) + ",\"frames\":" + std::to_string(FramePool::live() - 1) + "}";
    co_return answer(flow, text);
}

}  // namespace mezz::nginx::backends_test
