#include "nginx/thread_op.hpp"

namespace mezz::nginx {

namespace {

// A thread cannot be called back; at this interval the log says that one is late, in milliseconds.
constexpr ngx_msec_t kThreadIsLate = 60'000;

ngx_thread_pool_t* pool_of(ngx_http_request_t* r) noexcept {
    const ngx_http_core_loc_conf_t& conf = core_conf(r);
    if (conf.thread_pool != nullptr) return conf.thread_pool;
    ngx_str_t name = borrow("default");
    if (conf.thread_pool_value != nullptr &&
        ngx_http_complex_value(r, conf.thread_pool_value, &name) != NGX_OK) {
        return nullptr;
    }
    return ngx_thread_pool_get(const_cast<ngx_cycle_t*>(ngx_cycle), &name);
}

}  // namespace

bool add_default_thread_pool(ngx_conf_t* cf) noexcept {
    return ngx_thread_pool_add(cf, nullptr) != nullptr;
}

ThreadOp::ThreadOp(RequestFlow& flow, Function function, void* job, const char* what,
                   std::source_location where) noexcept
    : Op(what, kThreadIsLate, where), request_flow_(flow), function_(function), job_(job) {}

bool ThreadOp::start() noexcept {
    ngx_thread_pool_t* pool = pool_of(request_flow_.request());
    if (pool == nullptr) {
        posted_ = fail(ErrorCode::internal, "the location's thread pool does not exist");
        return false;
    }
    task_.ctx = this;
    task_.handler = in_thread;
    task_.event.data = this;
    task_.event.handler = on_done;
    task_.event.log = request_flow_.log();
    if (ngx_thread_task_post(pool, &task_) != NGX_OK) {
        posted_ = fail(ErrorCode::busy, "the thread pool's queue is full");
        return false;
    }
    request_flow_.thread_started();
    return true;
}

void ThreadOp::in_thread(void* data, ngx_log_t* /*log*/) noexcept {
    const auto* op = static_cast<const ThreadOp*>(data);
    op->function_(op->job_);
}

void ThreadOp::on_done(ngx_event_t* event) noexcept {
    auto* op = static_cast<ThreadOp*>(event->data);
    op->request_flow_.thread_finished(*op);
}

void ThreadOp::on_time_limit() noexcept {
    log_line(request_flow_.log(), NGX_LOG_WARN, 0, "mezz: a thread has not finished for %M ms", time_limit());
    request_flow_.wait_longer(*this);
}

}  // namespace mezz::nginx
