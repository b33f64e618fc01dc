#include "encoder_thread.hpp"

#include <new>

namespace mezz::worker {
namespace {

constexpr std::size_t kMostWaiting = 6;

}  // namespace

EncoderThread::EncoderThread(VideoEncoder encoder)
    : encoder_(std::move(encoder)), thread_([this] { run(); }) {}

EncoderThread::~EncoderThread() {
    const std::lock_guard lock(mutex_);
    dropped_ = closed_ = true;
    waiting_.clear();
    changed_.notify_all();
}

Outcome<void> EncoderThread::add(Av<AVFrame> picture, std::int64_t first, std::int64_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_.size() < kMostWaiting || failure_; });
    if (failure_) return std::unexpected(*failure_);
    waiting_.push_back({std::move(picture), first, count});
    changed_.notify_all();
    return {};
}

void EncoderThread::close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
}

Outcome<void> EncoderThread::join() {
    if (thread_.joinable()) thread_.join();
    if (failure_) return std::unexpected(*failure_);
    return {};
}

std::optional<EncoderThread::Work> EncoderThread::next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !waiting_.empty() || closed_; });
    if (waiting_.empty()) return std::nullopt;
    Work work = std::move(waiting_.front());
    waiting_.pop_front();
    changed_.notify_all();
    return work;
}

Outcome<void> EncoderThread::encode_all() {
    while (const auto work = next()) {
        if (auto ok = encoder_.add(*work->picture, work->first, work->count); !ok) return ok;
        written_ = encoder_.written_ticks();
    }
    return dropped_ ? Outcome<void>() : encoder_.finish();
}

void EncoderThread::run() noexcept {
    Outcome<void> ok;
    try {
        ok = encode_all();
    } catch (const std::bad_alloc&) {
        ok = give_up(FailureKind::limit, "The file needs more memory than it may have.");
    }
    if (ok) return;
    const std::lock_guard lock(mutex_);
    failure_ = std::move(ok.error());
    changed_.notify_all();
}

}  // namespace mezz::worker
