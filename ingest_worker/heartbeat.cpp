#include "heartbeat.hpp"

#include <unistd.h>

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>

#include "event_log.hpp"
#include "quiet_thread.hpp"

namespace mezz::worker {
namespace {

std::string utc_now() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    std::array<char, 32> text{};
    ::gmtime_r(&now, &parts);
    const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text.data(), length};
}

}  // namespace

Heartbeat::Heartbeat(SharedState& shared)
    : shared_(shared),
      postgres_(shared.options.postgres, shared.postgres, shared.abandon),
      redis_(shared.options.redis, shared.redis, shared.abandon),
      store_(postgres_, shared.options.worker_id, shared.options.lease),
      queue_(redis_, shared.options.worker_id),
      started_at_(utc_now()) {}

void Heartbeat::start() {
    thread_ = quiet_thread([this] { run(); });
}

void Heartbeat::stop() {
    stopping_ = true;
    shared_.outbox.wake();
    if (thread_.joinable()) thread_.join();
}

void Heartbeat::run() {
    constexpr milliseconds kInterval{1000};
    while (!stopping_) {
        (void)shared_.abandon.passed();  // so that the time for last words begins within a second
        if (Clock::now() >= next_beat_) {
            next_beat_ = Clock::now() + kInterval;
            beat();
        }
        empty_outbox();
        shared_.outbox.wait(
            std::max(milliseconds(1), std::chrono::ceil<milliseconds>(next_beat_ - Clock::now())));
    }
    say_goodbye();
}

void Heartbeat::beat() {
    constexpr seconds kShow{5};
    constexpr seconds kKeep{20};
    const auto state = shared_.active.state();
    if (state)
        renew(*state);
    else if (postgres_.reconnection().is_lost())
        (void)postgres_.query("SELECT 1");  // a lost connection keeps the worker from taking over
    const auto now = Clock::now();
    if (now >= next_show_) {
        next_show_ = now + kShow;
        show(state);
    }
    if (state && !state->message_id.empty() && now >= next_keep_) {
        next_keep_ = now + kKeep;
        (void)queue_.keep(state->message_id);
    }
}

void Heartbeat::renew(const ActiveState& state) {
    const auto asked = Clock::now();
    const auto hold = store_.renew(state.claim, state.progress, state.detail);
    if (hold)
        shared_.active.renewed(state.claim, *hold, asked + shared_.options.lease);
    else if (!hold.error().lost)
        log_event(LogLevel::error, "renewal_refused",
                  {{"job", state.claim.job_id}, {"error", hold.error().text}});
}

void Heartbeat::show(const std::optional<ActiveState>& state) {
    constexpr std::size_t kLongestHost = 256;
    std::array<char, kLongestHost> host{};
    ::gethostname(host.data(), host.size() - 1);
    nlohmann::ordered_json worker{{"worker_id", shared_.options.worker_id},
                                  {"host", host.data()},
                                  {"pid", ::getpid()},
                                  {"started_at", started_at_},
                                  {"seen_at", utc_now()},
                                  {"job_id", nullptr}};
    if (state) {
        worker["job_id"] = state->claim.job_id;
        worker["video_id"] = state->claim.video_id;
        worker["attempt"] = state->claim.attempt;
        worker["stage"] = state->stage;
        worker["progress"] = static_cast<int>(state->progress);
    }
    (void)queue_.show_worker(worker.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                             shared_.options.lane == Lane::any);
}

void Heartbeat::empty_outbox() {
    while (const auto post = shared_.outbox.front()) {
        if (!std::visit([this](const auto& one) { return send(one); }, *post)) return;
        shared_.outbox.pop();
    }
}

// What PostgreSQL refuses it would refuse again. A video may be taken down between the question and our word,
// which then comes after that of who took it down and would undo it: so it is asked until nothing has
// changed.
bool Heartbeat::send(const Announcement& post) {
    for (std::string told;;) {
        auto entry = store_.catalog_entry(post.video_id);
        if (!entry) return !entry.error().lost;
        const bool is_told = !entry->text.empty() && entry->text == told;
        // If it is not noted, the sweep tells it once more, which does no harm.
        if (is_told && entry->untold_since) (void)store_.note_told(post.video_id, *entry->untold_since);
        if (is_told || entry->text.empty()) return true;
        if (!queue_.announce(post.video_id, entry->text)) return false;
        told = std::move(entry->text);
    }
}

bool Heartbeat::send(const DeadLetter& post) {
    return queue_.bury(post).has_value();
}

bool Heartbeat::send(const SettledMessage& post) {
    return queue_.settle(post.id).has_value();
}

bool Heartbeat::send(const QueuedJob& post) {
    if (!queue_.add(post.job_id, post.video_id)) return false;
    (void)store_.note_queued(post.job_id);  // else the sweep adds it once more, which does no harm
    return true;
}

void Heartbeat::say_goodbye() {
    constexpr seconds kLongest{2};
    const auto until = Clock::now() + kLongest;
    for (;;) {
        empty_outbox();
        if (shared_.outbox.empty() || Clock::now() >= until || shared_.abandon.passed()) break;
        std::this_thread::sleep_for(Backoff::kFirst);
    }
    (void)queue_.hide_worker();
}

}  // namespace mezz::worker
