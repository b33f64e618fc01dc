// Work for a request that is finished even if the request ends before it.
#pragma once

#include <string>

#include "nginx/backend_op.hpp"
#include "nginx/worker_timer.hpp"

namespace mezz::nginx {

class BackgroundOp;

/// A flow of the worker's own, in a pool of its own. It deletes itself when its coroutine has returned; a
/// worker that quits waits for it, but for its naps.
class BackgroundFlow final : public Flow {
public:
    /// What is to be done, for the thing that `subject` names. The request is told what it tells first, or
    /// what it returns.
    using Body = Task<Result<bool>> (*)(BackgroundFlow&, std::string subject);

    /// The request that waits, if it still does, goes on with this. Only the first call counts.
    void tell(Result<bool> result) noexcept;

    void begin_wait(OpBase& op) noexcept override;
    void end_wait(OpBase& op) noexcept override;

private:
    friend class BackgroundOp;
    friend class Nap;

    BackgroundFlow(ngx_pool_t* pool, BackgroundOp& asker) noexcept;
    ~BackgroundFlow() = default;
    [[nodiscard]] static Result<BackgroundFlow*> create(BackgroundOp& asker) noexcept;

    void step(std::coroutine_handle<> coroutine) noexcept;
    void on_timer() noexcept { waiting_->on_time_limit(); }

    BackgroundOp* asker_;
    Task<Result<bool>> root_;
    OpBase* waiting_ = nullptr;
    WorkerTimer timer_;
    bool napping_ = false;
};

/// See in_background().
class BackgroundOp final : public BackendOp<BackgroundOp, bool> {
public:
    BackgroundOp(BackgroundFlow::Body body, const std::string& subject, std::source_location where) noexcept
        : BackendOp("waiting for work in the background", 0, where), body_(body), subject_(subject) {}
    ~BackgroundOp();

    bool start() noexcept;

private:
    friend class BackgroundFlow;

    BackgroundFlow::Body body_;
    const std::string& subject_;
    BackgroundFlow* flow_of_work_ = nullptr;  // while it has not told
};

/// `const auto result = co_await in_background(body, subject);` with a subject that is a variable: gives what
/// the body tells.
[[nodiscard]] inline BackgroundOp in_background(
    BackgroundFlow::Body body, const std::string& subject,
    std::source_location where = std::source_location::current()) noexcept {
    return {body, subject, where};
}
BackgroundOp in_background(BackgroundFlow::Body body, std::string&& subject) = delete;

/// `co_await Nap(flow, ms);` waits that long; a worker that quits does not.
class Nap final : public Op<Nap> {
public:
    Nap(BackgroundFlow& flow, ngx_msec_t ms,
        std::source_location where = std::source_location::current()) noexcept
        : Op("napping", ms, where), flow_of_work_(flow) {}

    bool start() noexcept;
    void await_resume() const noexcept {}

private:
    BackgroundFlow& flow_of_work_;
};

}  // namespace mezz::nginx
