#include "nginx/background.hpp"

namespace mezz::nginx {

BackgroundFlow::BackgroundFlow(ngx_pool_t* pool, BackgroundOp& asker) noexcept
    : Flow(pool),
      asker_(&asker),
      timer_(this, [](void* flow) noexcept { static_cast<BackgroundFlow*>(flow)->on_timer(); }) {}

Result<BackgroundFlow*> BackgroundFlow::create(BackgroundOp& asker) noexcept {
    constexpr std::size_t kPoolSize = 4096;
    ngx_pool_t* pool = ngx_create_pool(kPoolSize, ngx_cycle->log);
    auto* flow = pool == nullptr ? nullptr : new (std::nothrow) BackgroundFlow(pool, asker);
    if (flow != nullptr) return flow;
    if (pool != nullptr) ngx_destroy_pool(pool);
    return fail(ErrorCode::internal, "no memory");
}

void BackgroundFlow::tell(Result<bool> result) noexcept {
    BackgroundOp* asker = std::exchange(asker_, nullptr);
    if (asker == nullptr) return;
    asker->flow_of_work_ = nullptr;
    asker->settle(std::move(result));
}

void BackgroundFlow::begin_wait(OpBase& op) noexcept {
    waiting_ = &op;
    if (op.time_limit() != 0) timer_.start(op.time_limit(), std::exchange(napping_, false));
}

void BackgroundFlow::end_wait(OpBase& op) noexcept {
    timer_.stop();
    waiting_ = nullptr;
    step(op.waiter());
}

void BackgroundFlow::step(std::coroutine_handle<> coroutine) noexcept {
    run(coroutine);
    if (!root_.done()) return;
    tell(root_.take());
    root_.reset();
    ngx_pool_t* frames = pool();
    delete this;
    ngx_destroy_pool(frames);
}

BackgroundOp::~BackgroundOp() {
    if (flow_of_work_ != nullptr) flow_of_work_->asker_ = nullptr;
}

bool BackgroundOp::start() noexcept {
    const auto flow = BackgroundFlow::create(*this);
    if (!flow) return refuse(flow.error());
    flow_of_work_ = *flow;
    try {
        (*flow)->root_ = body_(**flow, subject_);
    } catch (const std::bad_alloc&) {
        // The flow ends with an empty root, which says the same.
    }
    (*flow)->step((*flow)->root_.handle());
    return true;
}

bool Nap::start() noexcept {
    flow_of_work_.napping_ = true;
    return true;
}

}  // namespace mezz::nginx
