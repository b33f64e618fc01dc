#include "queue_source.hpp"

#include <nlohmann/json.hpp>
#include <thread>

#include "event_log.hpp"
#include "source_path.hpp"
#include "storage_sweep.hpp"

namespace mezz::worker {
namespace {

constexpr milliseconds kLookUp{250};
constexpr milliseconds kPolling{1000};

std::vector<LogField> about(const Claim& claim) {
    return {{"job", claim.job_id}, {"video", claim.video_id}, {"attempt", std::to_string(claim.attempt)}};
}

void log_job(LogLevel level, std::string_view event, const Claim& claim, std::vector<LogField> more = {}) {
    std::vector<LogField> fields = about(claim);
    fields.insert(fields.end(), more.begin(), more.end());
    log_event(level, event, fields);
}

// The duration that asset.json states, milliseconds.
std::uint64_t duration_in(const std::string& asset) {
    const auto json = nlohmann::json::parse(asset, nullptr, false);
    return json.is_object() ? json.value("duration_ms", std::uint64_t{0}) : 0;
}

}  // namespace

QueueSource::QueueSource(QueueOptions options, std::vector<Rung> ladder, const std::atomic<bool>& stop)
    : options_(std::move(options)),
      ladder_(std::move(ladder)),
      stop_(stop),
      shared_(options_, stop),
      postgres_(options_.postgres, shared_.postgres, shared_.abandon),
      redis_(options_.redis, shared_.redis, shared_.abandon),
      store_(postgres_, options_.worker_id, options_.lease),
      queue_(redis_, options_.worker_id),
      heartbeat_(shared_),
      sweeper_(shared_) {
    log_event(LogLevel::info, "worker_started", {{"worker", options_.worker_id}});
    heartbeat_.start();
    sweeper_.start();
}

QueueSource::~QueueSource() {
    // A message that was read but not acted on goes to another worker.
    if (message_) {
        if (!message_->job_id.empty()) shared_.outbox.put(QueuedJob{message_->job_id, message_->video_id});
        shared_.outbox.put(SettledMessage{message_->id});
    }
    sweeper_.ask_to_stop();
    heartbeat_.stop();
    queue_.leave();
    sweeper_.stop();
    log_event(LogLevel::info, "worker_stopped", {{"worker", options_.worker_id}});
}

std::optional<Job> QueueSource::next() {
    while (!stop_) {
        auto claim = next_claim();
        if (!claim) {
            if (options_.once && nothing_is_open()) return std::nullopt;
            continue;
        }
        begin(*claim);
        auto job = make_job(*claim);
        if (job) return std::move(*job);
        settle(std::unexpected(std::move(job.error())));
    }
    return std::nullopt;
}

std::optional<Claim> QueueSource::next_claim() {
    if (!tidy_after_reconnection()) {
        pause(kLookUp);
        return std::nullopt;
    }
    if (!message_) {
        auto read = queue_.read();
        if (!read) {
            auto claim = claim_directly();
            if (!claim) pause(kPolling);
            return claim;
        }
        message_ = std::move(*read);
    }
    return message_ ? claim_by_message() : std::nullopt;
}

// PostgreSQL decides; without it the message is kept.
std::optional<Claim> QueueSource::claim_by_message() {
    Answer<std::optional<Claim>> claim = std::nullopt;
    if (!message_->job_id.empty()) claim = store_.claim(message_->job_id);
    if (!claim && claim.error().lost) {
        pause(kLookUp);
        return std::nullopt;
    }
    if (!claim) log_event(LogLevel::error, "claim_refused", {{"error", claim.error().text}});
    if (claim && *claim) return std::move(*claim);
    if (!queue_.settle(message_->id)) shared_.outbox.put(SettledMessage{message_->id});
    message_.reset();
    return std::nullopt;
}

std::optional<Claim> QueueSource::claim_directly() {
    auto claim = store_.claim(std::nullopt);
    if (claim) return std::move(*claim);
    if (!claim.error().lost) log_event(LogLevel::error, "claim_refused", {{"error", claim.error().text}});
    return std::nullopt;
}

// A claim whose answer was lost with the connection may have been carried out: nobody works on that job.
// False if PostgreSQL is away.
bool QueueSource::tidy_after_reconnection() {
    if (postgres_.reconnection().count() == tidied_ && shared_.postgres.settled()) return true;
    if (postgres_.reconnection().count() <= 1 && !postgres_.query("SELECT 1")) return false;
    if (postgres_.reconnection().count() > 1 && !store_.hand_back_all()) return false;
    tidied_ = postgres_.reconnection().count();
    return true;
}

bool QueueSource::nothing_is_open() {
    const auto open = store_.has_open_jobs();
    return open && !*open && !message_;
}

void QueueSource::begin(const Claim& claim) {
    claim_ = claim;
    published_ = false;
    shared_.active.begin(claim, message_ ? message_->id : std::string(), Clock::now());
    if (!claim.previous_worker.empty())
        log_job(LogLevel::warning, "job_taken_over", claim, {{"from", claim.previous_worker}});
    log_job(LogLevel::info, "job_claimed", claim,
            {{"source", claim.source}, {"revision", std::to_string(claim.revision)}});
}

Outcome<Job> QueueSource::make_job(const Claim& claim) const {
    if (!is_uuid(claim.video_id))
        return give_up(FailureKind::source, "The video has an id that cannot be used.", claim.video_id);
    Job job;
    job.root = options_.raw;
    job.source = claim.source;
    job.folder = options_.processed + '/' + claim.video_id;
    job.video_id = claim.video_id;
    job.title = claim.title;
    job.revision = claim.revision;
    job.clamd = options_.transcode.clamd;
    job.order = make_order(ladder_, options_.transcode);
    if (claim.ladder.empty()) return job;
    auto ladder = parse_ladder(claim.ladder);
    if (ladder) ladder = with_options(std::move(*ladder), options_.transcode);
    if (!ladder)
        return give_up(FailureKind::source, "The qualities that were chosen for this video are not valid.",
                       ladder.error().reason);
    job.order.ladder = std::move(*ladder);
    return job;
}

std::optional<Failure> QueueSource::stopped() {
    if (stop_) return Failure{FailureKind::interrupted, "The worker was told to stop.", {}};
    switch (shared_.active.hold()) {
        case Hold::held:
            return std::nullopt;
        case Hold::taken_over:
            return Failure{FailureKind::lost, "Another worker has the job.", {}};
        case Hold::taken_down:
            return Failure{FailureKind::lost, kTakenDown, {}};
    }
    return std::nullopt;
}

Outcome<void> QueueSource::check_hold() {
    for (;;) {
        if (auto why = stopped()) return std::unexpected(std::move(*why));
        const auto state = shared_.active.state();
        const auto asked = Clock::now();
        const auto hold = store_.renew(*claim_, state ? state->progress : 0, state ? state->detail : "{}");
        if (hold) shared_.active.renewed(*claim_, *hold, asked + options_.lease);
        if (hold && *hold == Hold::held && shared_.active.is_leased()) return {};
        if (!hold && !hold.error().lost)
            return give_up(FailureKind::system, "The database refused an entry.", hold.error().text);
        if (!hold) pause(kLookUp);
    }
}

Outcome<void> QueueSource::before_publishing() {
    auto ok = check_hold();
    published_ = ok.has_value();
    return ok;
}

Outcome<void> QueueSource::while_publishing() {
    if (shared_.active.hold() == Hold::held && shared_.active.is_leased()) return {};
    return check_hold();
}

void QueueSource::finished(const Job& /*job*/, const Outcome<Ready>& outcome) {
    settle(outcome);
}

// Reports how the job ended until PostgreSQL has it.
void QueueSource::settle(const Outcome<Ready>& outcome) {
    for (;;) {
        const auto hold = report(outcome);
        if (hold) {
            reported(outcome, *hold);
            break;
        }
        if (!hold.error().lost) {
            log_job(LogLevel::error, "report_refused", *claim_, {{"error", hold.error().text}});
            if (outcome)
                return settle(
                    give_up(FailureKind::internal, "The database refused the result.", hold.error().text));
            break;  // its lease ends; the sweep decides
        }
        if (!wait_for_postgres()) {
            log_job(LogLevel::error, "report_lost", *claim_, {{"error", hold.error().text}});
            break;
        }
    }
    if (message_) shared_.outbox.put(SettledMessage{message_->id});
    message_.reset();
    claim_.reset();
    shared_.active.end();
}

Answer<Hold> QueueSource::report(const Outcome<Ready>& outcome) {
    if (outcome) return store_.ready(*claim_, outcome->asset, duration_in(outcome->asset));
    return report_failure(outcome.error());
}

Answer<Hold> QueueSource::report_failure(const Failure& failure) {
    switch (failure.kind) {
        case FailureKind::lost:
            return shared_.active.hold() == Hold::taken_down ? Hold::taken_down : Hold::taken_over;
        case FailureKind::interrupted:
            return store_.hand_back(*claim_);
        default:
            break;
    }
    if (may_be_retried(failure.kind) && claim_->attempt < kMostAttempts)
        return store_.retry(*claim_, failure, retry_delay(claim_->attempt));
    return store_.fail(*claim_, failure);
}

void QueueSource::reported(const Outcome<Ready>& outcome, Hold hold) {
    if (hold != Hold::held) return discard(hold);
    if (!outcome) return reported_failure(outcome.error());
    log_job(LogLevel::info, "job_ready", *claim_);
    shared_.outbox.put(Announcement{claim_->video_id});
}

void QueueSource::reported_failure(const Failure& failure) {
    const std::vector<LogField> why{
        {"kind", std::string(to_text(failure.kind))}, {"reason", failure.reason}, {"error", failure.detail}};
    if (failure.kind == FailureKind::interrupted) {
        log_job(LogLevel::info, "job_handed_back", *claim_);
        shared_.outbox.put(QueuedJob{claim_->job_id, claim_->video_id});
        return;
    }
    if (may_be_retried(failure.kind) && claim_->attempt < kMostAttempts)
        return log_job(LogLevel::warning, "job_will_be_retried", *claim_, why);
    log_job(LogLevel::error, "job_failed", *claim_, why);
    shared_.outbox.put(Announcement{claim_->video_id});
    shared_.outbox.put(DeadLetter{claim_->job_id, claim_->video_id, failure.reason, failure.detail});
}

// What was made is gone with its staging folder; what was published of a video that was taken down is removed
// if the job is still ours: else the folder may be another's by now, and the sweep purges it in time.
void QueueSource::discard(Hold hold) {
    if (hold == Hold::taken_over) return log_job(LogLevel::warning, "job_lost", *claim_);
    log_job(LogLevel::info, "job_ended_by_takedown", *claim_);
    const auto closed = store_.close(*claim_);
    if (published_ && closed && *closed != Hold::taken_over)
        (void)remove_folder(options_.processed, claim_->video_id);
}

bool QueueSource::wait_for_postgres() {
    if (shared_.abandon.passed()) return false;
    pause(kLookUp);
    return true;
}

void QueueSource::pause(milliseconds time) const {
    if (stop_ && time > kLookUp) return;
    std::this_thread::sleep_for(time);
}

}  // namespace mezz::worker
