#include "nginx/status_pages.hpp"

#include "core/text.hpp"
#include "nginx/api_respond.hpp"
#include "nginx/metrics.hpp"
#include "nginx/segment_cache.hpp"
#include "nginx/worker_state.hpp"

namespace mezz::nginx {
namespace {

// One metric family in Prometheus's text format.
class Family {
public:
    Family(std::string& out, std::string_view name, std::string_view type, std::string_view help)
        : out_(out), name_(name) {
        out_ += "# HELP ";
        out_ += name;
        out_ += ' ';
        out_ += help;
        out_ += "\n# TYPE ";
        out_ += name;
        out_ += ' ';
        out_ += type;
        out_ += '\n';
    }

    // `labels` as Prometheus writes them, without braces; may be empty.
    void sample(std::string_view labels, std::uint64_t value, std::string_view suffix = {}) {
        sample_text(labels, std::to_string(value), suffix);
    }

    void sample_text(std::string_view labels, std::string_view value, std::string_view suffix) {
        out_ += name_;
        out_ += suffix;
        if (!labels.empty()) {
            out_ += '{';
            out_ += labels;
            out_ += '}';
        }
        out_ += ' ';
        out_ += value;
        out_ += '\n';
    }

private:
    std::string& out_;
    std::string_view name_;
};

std::string label(std::string_view name, std::string_view value) {
    std::string text(name);
    text += "=\"";
    text += value;
    text += '"';
    return text;
}

// Milliseconds as seconds: "0.025".
std::string seconds(std::uint64_t ms) {
    constexpr std::uint64_t kSecond = 1000;
    const std::string fraction = std::to_string(ms % kSecond);
    return std::to_string(ms / kSecond) + '.' + std::string(3 - fraction.size(), '0') + fraction;
}

template <class F>
void for_each_kind(F&& visit) {
    for (std::size_t kind = 1; kind < kRequestKinds; ++kind)
        visit(kind, label("kind", to_text(static_cast<RequestKind>(kind))));
}

void write_requests(std::string& out, const Metrics& m) {
    Family requests(out, "mezz_requests_total", "counter",
                    "Requests by what they were for and how they ended.");
    for_each_kind([&](std::size_t kind, const std::string& labels) {
        for (std::size_t status = 1; status < kStatusClasses; ++status) {
            std::string both = labels + ",status=\"";
            append_number(both, status + 1);
            requests.sample(both + "xx\"", m.requests[kind][status]);
        }
    });
    Family sent(out, "mezz_sent_bytes_total", "counter", "Bytes sent to clients.");
    for_each_kind(
        [&](std::size_t kind, const std::string& labels) { sent.sample(labels, m.bytes_sent[kind]); });
    Family received(out, "mezz_received_bytes_total", "counter", "Bytes received from clients.");
    for_each_kind([&](std::size_t kind, const std::string& labels) {
        received.sample(labels, m.bytes_received[kind]);
    });
}

void write_durations(std::string& out, const Metrics& m) {
    Family durations(out, "mezz_request_duration_seconds", "histogram",
                     "From the first byte of a request to the end of its answer.");
    for_each_kind([&](std::size_t kind, const std::string& labels) {
        std::uint64_t below = 0;
        for (std::size_t i = 0; i <= kDurations.size(); ++i) {
            below += m.durations[kind][i];
            std::string bound = "+Inf";
            if (i < kDurations.size()) bound = seconds(kDurations[i]);
            durations.sample(labels + ',' + label("le", bound), below, "_bucket");
        }
        durations.sample_text(labels, seconds(m.milliseconds[kind]), "_sum");
        durations.sample(labels, below, "_count");
    });
}

void write_checks(std::string& out, const Metrics& m) {
    Family tokens(out, "mezz_tokens_total", "counter", "Token checks by their outcome.");
    for (std::size_t i = 0; i < kVerdicts; ++i)
        tokens.sample(label("verdict", token::to_text(static_cast<token::Verdict>(i))), m.tokens[i]);
    Family lookups(out, "mezz_catalog_lookups_total", "counter", "Where the catalog found a video.");
    for (std::size_t i = 0; i < kLookUps; ++i)
        lookups.sample(label("source", to_text(static_cast<LookUp>(i))), m.lookups[i]);
}

template <class V>
void write_backend(std::string& out, const Metrics& m, std::string_view name, std::string_view type,
                   std::string_view help, V&& value) {
    Family family(out, name, type, help);
    for (std::size_t i = 0; i < kMostWorkers; ++i) {
        const WorkerMetrics& worker = m.workers[i];
        if (worker.pid == 0) continue;
        const std::string labels = ',' + label("worker", std::to_string(i));
        family.sample(label("backend", "redis") + labels, value(worker.redis));
        family.sample(label("backend", "postgres") + labels, value(worker.postgres));
    }
}

void write_backends(std::string& out, const Metrics& m) {
    write_backend(out, m, "mezz_backend_queries_total", "counter", "Queries, those that failed among them.",
                  [](const BackendStats& s) { return s.queries; });
    write_backend(out, m, "mezz_backend_failures_total", "counter", "Queries that failed.",
                  [](const BackendStats& s) { return s.failures; });
    write_backend(out, m, "mezz_backend_timeouts_total", "counter", "Queries that were not answered in time.",
                  [](const BackendStats& s) { return s.time_outs; });
    write_backend(out, m, "mezz_backend_losses_total", "counter", "Connections that were lost.",
                  [](const BackendStats& s) { return s.losses; });
    write_backend(out, m, "mezz_backend_connections", "gauge", "Connections that are open.",
                  [](const BackendStats& s) { return std::uint64_t{s.open}; });
    write_backend(out, m, "mezz_backend_refusing", "gauge", "1 while queries fail at once.",
                  [](const BackendStats& s) { return std::uint64_t{s.breaker_open ? 1U : 0U}; });
}

void write_file_sends(std::string& out, const Metrics& m) {
    Family sends(
        out, "mezz_file_sends_total", "counter",
        "How often data of files went to a client, by what sent it: the event loop, as it was in memory, "
        "or a thread.");
    sends.sample(label("by", "event_loop"), m.file_sends[1]);
    sends.sample(label("by", "thread"), m.file_sends[0]);
}

void write_zone(std::string& out, const ngx_shm_zone_t* zone) {
    if (zone == nullptr) return;
    const auto* pool = reinterpret_cast<const ngx_slab_pool_t*>(zone->shm.addr);
    Family size(out, "mezz_zone_bytes", "gauge", "Size of the zone.");
    size.sample({}, zone->shm.size);
    Family free(out, "mezz_zone_free_bytes", "gauge", "Whole pages of the zone that nothing uses.");
    free.sample({}, pool->pfree * ngx_pagesize);
}

void write_segments(std::string& out, const Metrics& m, const ngx_shm_zone_t* zone) {
    if (zone == nullptr) return;
    const SegmentCacheUse use = segment_cache_use(zone);
    Family lookups(out, "mezz_segment_cache_lookups_total", "counter",
                   "Segments put together of many pieces of a file, by whether they were kept.");
    lookups.sample(label("result", "hit"), m.kept_segments[1]);
    lookups.sample(label("result", "miss"), m.kept_segments[0]);
    Family size(out, "mezz_segment_cache_bytes", "gauge", "Size of the segment cache.");
    size.sample({}, use.bytes);
    Family kept(out, "mezz_segment_cache_kept_bytes", "gauge", "Bytes of the segments in it.");
    kept.sample({}, use.kept);
    Family evictions(out, "mezz_segment_cache_evictions_total", "counter",
                     "Segments that made room for others.");
    evictions.sample({}, use.evictions);
}

Task<Result<ngx_int_t>> serve_metrics(RequestFlow& flow) {
    const Metrics* counted = metrics();
    if (counted == nullptr) co_return fail(ErrorCode::internal, "metrics: no shared memory");
    std::string text;
    write_requests(text, *counted);
    write_durations(text, *counted);
    write_checks(text, *counted);
    write_backends(text, *counted);
    write_file_sends(text, *counted);
    write_zone(text, worker_zone());
    write_segments(text, *counted, worker_segments());
    co_return send_plain(flow, NGX_HTTP_OK, "text/plain; version=0.0.4", std::move(text));
}

Task<Result<ngx_int_t>> serve_readyz(RequestFlow& flow) {
    const BackendHealth health = backend_health();
    std::string text = "{";
    bool ready = true;
    const auto tell = [&](std::string_view name, const std::optional<bool>& up) {
        if (!up) return;
        if (text.size() > 1) text += ',';
        text += '"';
        text += name;
        text += *up ? "\":\"up\"" : "\":\"down\"";
        ready = ready && *up;
    };
    tell("postgres", health.postgres);
    tell("redis", health.redis);
    text += "}";
    co_return send_json(flow, ready ? NGX_HTTP_OK : NGX_HTTP_SERVICE_UNAVAILABLE, std::move(text));
}

}  // namespace

ngx_int_t handle_readyz(ngx_http_request_t* r) noexcept {
    if ((r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD)) == 0) return NGX_HTTP_NOT_ALLOWED;
    return RequestFlow::launch(r, serve_readyz);
}

ngx_int_t handle_metrics(ngx_http_request_t* r) noexcept {
    if ((r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD)) == 0) return NGX_HTTP_NOT_ALLOWED;
    return RequestFlow::launch(r, serve_metrics);
}

}  // namespace mezz::nginx
