// Work in nginx's thread pool.
#pragma once

#include <concepts>

#include "nginx/request_flow.hpp"

namespace mezz::nginx {

/// To be called for each location that uses threads while the configuration is read, so that the pool
/// "default" exists where no `aio threads` names one. False if there is no memory.
[[nodiscard]] bool add_default_thread_pool(ngx_conf_t* cf) noexcept;

/// Something a thread can do: it touches neither nginx nor the request, only its own members and what they
/// point to, all of which stays valid until the thread is done, even if the client leaves.
template <class J>
concept ThreadJob = requires(J& job) {
    { job.run() }
    noexcept->std::same_as<void>;
};

/// Runs a function in the thread pool that the location's `aio threads[=pool]` names, or in "default".
class ThreadOp : public Op<ThreadOp> {
public:
    using Function = void (*)(void* job) noexcept;

    ThreadOp(RequestFlow& flow, Function function, void* job, const char* what,
             std::source_location where) noexcept;

    bool start() noexcept;
    [[nodiscard]] Result<void> await_resume() const noexcept { return posted_; }
    void on_time_limit() noexcept override;

protected:
    [[nodiscard]] RequestFlow& request_flow() const noexcept { return request_flow_; }

private:
    static void in_thread(void* data, ngx_log_t* log) noexcept;
    static void on_done(ngx_event_t* event) noexcept;

    RequestFlow& request_flow_;
    Function function_;
    void* job_;
    Result<void> posted_;
    ngx_thread_task_t task_{};
};

/// `co_await run_in_thread(flow, job)` runs job.run() in a thread. The job is a variable of the coroutine's.
/// Fails with busy if the pool's queue is full and with internal if there is no pool. `what` completes "while
/// ..." in the error log.
template <ThreadJob J>
[[nodiscard]] ThreadOp run_in_thread(RequestFlow& flow, J& job, const char* what = "working in a thread",
                                     std::source_location where = std::source_location::current()) noexcept {
    return ThreadOp(
        flow, [](void* j) noexcept { static_cast<J*>(j)->run(); }, &job, what, where);
}

}  // namespace mezz::nginx
