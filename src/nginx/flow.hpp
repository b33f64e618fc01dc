// A chain of coroutines that belongs to one pool, and the operations it can wait for. No HTTP in here.
#pragma once

#include <concepts>
#include <coroutine>
#include <exception>
#include <new>
#include <source_location>
#include <type_traits>
#include <utility>

#include "core/error.hpp"
#include "nginx/frame_pool.hpp"
#include "nginx/ngx.hpp"

namespace mezz::nginx {

class OpBase;

/// One flow of control: a root coroutine, those it awaits, and the pool their frames live in. It is in one of
/// two states: running, or waiting for exactly one operation. Derived classes say how a wait is watched over
/// and what happens when it ends.
class Flow {
public:
    explicit Flow(ngx_pool_t* pool) noexcept : frames_(pool) {}
    Flow(const Flow&) = delete;
    Flow& operator=(const Flow&) = delete;

    [[nodiscard]] ngx_pool_t* pool() const noexcept { return frames_.pool(); }
    [[nodiscard]] FramePool& frames() noexcept { return frames_; }

    /// Called when `op` has started and the coroutine is suspended for it.
    virtual void begin_wait(OpBase& op) noexcept = 0;

    /// Called by OpBase::complete(): goes on with the coroutine that waited. The flow, the operation and the
    /// pool may be gone when it returns.
    virtual void end_wait(OpBase& op) noexcept = 0;

    /// Says which coroutine the trampoline resumes after the present one has suspended.
    void resume_next(std::coroutine_handle<> next) noexcept { next_ = next; }

protected:
    ~Flow() = default;

    /// The trampoline: runs coroutines, one after the other from the same stack depth, until one waits or the
    /// root has returned.
    void run(std::coroutine_handle<> coroutine) noexcept {
        while (coroutine) {
            coroutine.resume();
            coroutine = std::exchange(next_, {});
        }
    }

private:
    FramePool frames_;
    std::coroutine_handle<> next_;
};

/// One pending operation, alive as long as the co_await expression it stands in; immovable, so others may
/// keep its address. A derived class's destructor withdraws an operation that has not completed.
class OpBase {
public:
    OpBase(const OpBase&) = delete;
    OpBase& operator=(const OpBase&) = delete;

    /// What is waited for, as a static text that fits "while ..." in the error log.
    [[nodiscard]] const char* what() const noexcept { return what_; }
    /// Milliseconds until on_time_limit(); 0 if the operation keeps a timer of its own.
    [[nodiscard]] ngx_msec_t time_limit() const noexcept { return time_limit_; }
    [[nodiscard]] const std::source_location& where() const noexcept { return where_; }
    [[nodiscard]] std::coroutine_handle<> waiter() const noexcept { return waiter_; }

    /// The wait has lasted time_limit(). Unless overridden the operation ends, with timed_out() true.
    virtual void on_time_limit() noexcept {
        timed_out_ = true;
        complete();
    }

protected:
    OpBase(const char* what, ngx_msec_t time_limit, std::source_location where) noexcept
        : what_(what), time_limit_(time_limit), where_(where) {}
    ~OpBase() = default;

    /// Resumes the coroutine. The last thing that an event handler does: *this may be gone when it returns.
    /// Never called from within start().
    void complete() noexcept { flow_->end_wait(*this); }

    [[nodiscard]] bool timed_out() const noexcept { return timed_out_; }

    Flow* flow_ = nullptr;  ///< set before start()
    std::coroutine_handle<> waiter_;

private:
    const char* what_;
    ngx_msec_t time_limit_;
    std::source_location where_;
    bool timed_out_ = false;
};

/// Makes D awaitable. D has `bool start() noexcept`, which is true if the operation is under way (complete()
/// will be called) and false if it has ended already (nothing suspends), and `await_resume()`, the result.
template <class D>
class Op : public OpBase {
public:
    [[nodiscard]] bool await_ready() const noexcept { return false; }

    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> waiter) noexcept {
        flow_ = waiter.promise().flow;
        waiter_ = waiter;
        if (!static_cast<D*>(this)->start()) return false;
        flow_->begin_wait(*this);
        return true;
    }

protected:
    using OpBase::OpBase;
};

namespace detail {

/// The Flow among a coroutine's parameters, a member function's object included.
template <class... A>
Flow& flow_of(A&... arguments) noexcept {
    static_assert((std::is_base_of_v<Flow, std::remove_cvref_t<A>> || ...),
                  "a coroutine takes its Flow by reference");
    Flow* flow = nullptr;
    const auto look = [&flow](auto& argument) {
        if constexpr (std::is_base_of_v<Flow, std::remove_cvref_t<decltype(argument)>>) {
            if (flow == nullptr) flow = &argument;
        }
    };
    (look(arguments), ...);
    return *flow;
}

class PromiseBase {
public:
    // g++ 12 passes an rvalue-reference parameter as an rvalue, hence A&&.
    template <class... A>
    explicit PromiseBase(A&&... arguments) noexcept : flow(&flow_of(arguments...)) {}

    template <class... A>
    static void* operator new(std::size_t size, A&&... arguments) noexcept {
        return flow_of(arguments...).frames().allocate(size);
    }
    static void operator delete(void* frame) noexcept { FramePool::release(frame); }

    struct Finish {
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        template <class Promise>
        void await_suspend(std::coroutine_handle<Promise> finished) const noexcept {
            finished.promise().flow->resume_next(finished.promise().parent);
        }
        void await_resume() const noexcept {}
    };
    [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
    [[nodiscard]] Finish final_suspend() const noexcept { return {}; }

    Flow* flow;
    std::coroutine_handle<> parent;  ///< the coroutine that awaits this one; null for the root
};

template <class T>
inline constexpr bool is_result = false;
template <class V>
inline constexpr bool is_result<Result<V>> = true;

}  // namespace detail

/// A coroutine that has not begun; awaiting it runs it and yields its result. Its frame lives in the flow's
/// pool and dies with the Task. Where the result is at hand, ready() spares the coroutine. T is a Result: a
/// frame that cannot be allocated, and an exception that leaves the coroutine, become an Error with code
/// internal.
template <class T>
class [[nodiscard]] Task {
    static_assert(detail::is_result<T>, "Task<Result<T>>: a call can always fail for want of memory");

public:
    struct promise_type : detail::PromiseBase {
        using PromiseBase::PromiseBase;

        Task get_return_object() noexcept { return Task(Handle::from_promise(*this)); }
        static Task get_return_object_on_allocation_failure() noexcept { return Task(Handle()); }
        void return_value(T result) noexcept { value = std::move(result); }
        void unhandled_exception() noexcept {
            try {
                throw;
            } catch (const std::bad_alloc&) {
                value = fail(ErrorCode::internal, "no memory");
            } catch (...) {
                value = fail(ErrorCode::internal, "an exception left a coroutine");
            }
        }

        T value = fail(ErrorCode::internal, "a coroutine has not finished");
    };
    using Handle = std::coroutine_handle<promise_type>;

    Task() noexcept = default;
    Task(Task&& other) noexcept
        : handle_(std::exchange(other.handle_, {})), value_(std::move(other.value_)) {}
    Task& operator=(Task&& other) noexcept {
        std::swap(handle_, other.handle_);
        std::swap(value_, other.value_);
        return *this;
    }
    ~Task() { reset(); }

    /// A call that has ended, with this result.
    [[nodiscard]] static Task ready(T value) noexcept {
        Task task;
        task.value_ = std::move(value);
        return task;
    }

    /// Destroys the frame, and with it all frames and operations it waits for.
    void reset() noexcept {
        if (handle_) std::exchange(handle_, {}).destroy();
    }

    [[nodiscard]] Handle handle() const noexcept { return handle_; }
    [[nodiscard]] bool done() const noexcept { return !handle_ || handle_.done(); }

    /// What the coroutine returned; to be called once, when done().
    [[nodiscard]] T take() noexcept { return std::move(handle_ ? handle_.promise().value : value_); }

    [[nodiscard]] bool await_ready() const noexcept { return !handle_; }
    void await_suspend(std::coroutine_handle<> parent) const noexcept {
        auto& promise = handle_.promise();
        promise.parent = parent;
        promise.flow->resume_next(handle_);
    }
    T await_resume() noexcept { return take(); }

private:
    explicit Task(Handle handle) noexcept : handle_(handle) {}

    Handle handle_;
    T value_ = fail(ErrorCode::internal, "no memory");  // without a coroutine
};

}  // namespace mezz::nginx
