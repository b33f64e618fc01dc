#include "queue_source.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <thread>

#include "event_log.hpp"
#include "source_path.hpp"
#include "staging.hpp"
#include "storage_sweep.hpp"

namespace mezz::worker {
namespace {

constexpr milliseconds kLookUp{250};
constexpr milliseconds kPolling{1000};
constexpr milliseconds kLanePolling{400};
constexpr int kLessUrgent = 10;  // as nice() takes it: a tenth of the processor time beside others

std::vector<LogField> about(const Claim& claim) {
    return {{"job", claim.job_id}, {"video", claim.video_id}, {"attempt", std::to_string(claim.attempt)}};
}

void log_job(LogLevel level, std::string_view event, const Claim& claim, std::vector<LogField> more = {}) {
    std::vector<LogField> fields = about(claim);
    fields.insert(fields.end(), more.begin(), more.end());
    log_event(level, event, fields);
}

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

// The duration that asset.json states, milliseconds.
std::uint64_t duration_in(const std::string& asset) {
    const auto json = nlohmann::json::parse(asset, nullptr, false);
    return json.is_object() ? json.value("duration_ms", std::uint64_t{0}) : 0;
}

}  // namespace

QueueSource::QueueSource(QueueOptions options, std::vector<Rung> ladder, const std::atomic<bool>& stop,
                         std::shared_ptr<MemoryBudget> budget, std::shared_ptr<Metrics> metrics, bool sweeps)
    : options_(std::move(options)),
      ladder_(std::move(ladder)),
      budget_(std::move(budget)),
      sweeps_(sweeps),
      stop_(stop),
      shared_(options_, stop, std::move(metrics)),
      postgres_(options_.postgres, shared_.postgres, shared_.abandon),
      redis_(options_.redis, shared_.redis, shared_.abandon),
      store_(postgres_, options_.worker_id, options_.lease, options_.lane),
      queue_(redis_, options_.worker_id),
      heartbeat_(shared_),
      sweeper_(shared_) {
    log_event(LogLevel::info, "worker_started", {{"worker", options_.worker_id}});
    heartbeat_.start();
    if (sweeps_) sweeper_.start();
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
    if (options_.lane != Lane::any) return claim_in_lane();
    if (!message_ && budget_->take_passed_over())
        if (auto claim = claim_directly()) return claim;
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

// Looks before it waits, so that a message that nobody brought costs a second.
std::optional<Claim> QueueSource::claim_in_lane() {
    auto claim = claim_directly();
    const auto heard = std::exchange(heard_, std::nullopt);
    // Whoever else reads the message would find the job taken.
    if (claim && heard && heard->job_id == claim->job_id) shared_.outbox.put(SettledMessage{heard->id});
    if (claim || stop_) return claim;
    auto message = queue_.listen(limits_of(options_.lane).name);
    if (message)
        heard_ = std::move(*message);
    else
        pause(kLanePolling);
    return std::nullopt;
}

Answer<std::optional<Claim>> QueueSource::claim() {
    Answer<std::optional<Claim>> claim = std::nullopt;
    budget_->claim([this, &claim](std::uint32_t mib) {
        if (options_.lane != Lane::any) mib = std::min(mib, limits_of(options_.lane).memory_mib);
        claim = store_.claim(mib);
        return claim && *claim ? std::max<std::uint32_t>((*claim)->memory_mib, 1) : 0;
    });
    if (claim && *claim) (*claim)->memory_mib = std::max<std::uint32_t>((*claim)->memory_mib, 1);
    return claim;
}

// PostgreSQL decides, also which job: a message says that there is one. Without it the message is kept.
std::optional<Claim> QueueSource::claim_by_message() {
    Answer<std::optional<Claim>> claim = std::nullopt;
    if (!message_->job_id.empty()) claim = this->claim();
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
    auto claim = this->claim();
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
    begun_ = Clock::now();
    published_ = false;
    shared_.active.begin(claim, message_ ? message_->id : std::string(), Clock::now());
    if (!claim.previous_worker.empty())
        log_job(LogLevel::warning, "job_taken_over", claim, {{"from", claim.previous_worker}});
    log_job(LogLevel::info, "job_claimed", claim,
            {{"kind", std::string(to_text(claim.kind))},
             {"resolution", claim.draft ? "draft" : "all"},
             {"chunk", std::to_string(claim.chunk)},
             {"source", claim.source},
             {"revision", std::to_string(claim.revision)}});
}

// How many workers may make chunks of one video: videos take turns.
std::uint32_t QueueSource::share_of_workers() {
    const auto workers = queue_.workers();
    if (!workers || *workers < 2) return 1;
    const auto most = static_cast<std::uint32_t>(std::min<std::int64_t>(*workers, kMostChunks));
    const auto videos = store_.videos_in_work(most);
    return videos ? most / static_cast<std::uint32_t>(std::max<std::int64_t>(*videos, 1)) : 1;
}

// What a whole title, a draft or a copy may turn out to be without being queued again at its rank.
double QueueSource::most_cost(const Claim& claim) const {
    constexpr double kTitle = 120;
    constexpr double kDraft = 20;
    const double most = std::max(claim.draft ? kDraft : kTitle, 2 * claim.cost);
    if (options_.lane == Lane::any) return claim.kind == JobKind::remux ? 0 : most;
    const double limit = limits_of(options_.lane).cost;
    return claim.kind == JobKind::remux ? limit : std::min(most, limit);
}

Outcome<Job> QueueSource::make_job(const Claim& claim) {
    if (!is_uuid(claim.video_id))
        return give_up(FailureKind::source, "The video has an id that cannot be used.", claim.video_id);
    Job job;
    job.root = options_.raw;
    job.source = claim.source;
    job.folder = options_.processed + '/' + claim.video_id;
    job.video_id = claim.video_id;
    job.title = claim.title;
    job.revision = claim.revision;
    job.numbered = true;
    job.kind = claim.kind;
    job.order = make_order(ladder_, options_.transcode);
    job.order.draft = claim.draft;
    job.order.nice = claim.express ? 0 : kLessUrgent;
    job.order.most_cost = most_cost(claim);
    if (claim.kind == JobKind::remux) {
        if (!options_.remux) return give_up(FailureKind::source, "Sources are not copied here.");
        job.order.work = Work::remux;
        job.clamd = options_.transcode.clamd;
        if (auto ladder = ladder_of(claim)) job.order.ladder = std::move(*ladder);
        return job;
    }
    if (claim.kind != JobKind::title) {
        if (auto ok = make_part(claim, job); !ok) return std::unexpected(std::move(ok.error()));
        return job;
    }
    auto ladder = ladder_of(claim);
    if (!ladder) return std::unexpected(std::move(ladder.error()));
    job.order.ladder = std::move(*ladder);
    job.clamd = options_.transcode.clamd;
    job.order.chunk_seconds = claim.whole ? 0 : options_.chunk_seconds;
    job.order.workers = share_of_workers();
    job.order.set_aside_mib = claim.memory_mib;
    if (claim.draft) job.order.per_title = false;
    return job;
}

Outcome<std::vector<Rung>> QueueSource::ladder_of(const Claim& claim) const {
    if (claim.ladder.empty()) return ladder_;
    auto ladder = parse_ladder(claim.ladder);
    if (ladder) ladder = with_options(std::move(*ladder), options_.transcode);
    if (!ladder)
        return give_up(FailureKind::source, "The qualities that were chosen for this video are not valid.",
                       ladder.error().reason);
    return ladder;
}

// What a part is told is in the plan alone: any worker makes the same of it.
Outcome<void> QueueSource::make_part(const Claim& claim, Job& job) const {
    auto plan = parse_split(claim.plan);
    if (!plan || (claim.kind == JobKind::chunk && claim.chunk >= plan->chunks.size()))
        return give_up(FailureKind::internal, "The plan of this video is not valid.");
    job.parts = parts_root() + '/' + claim.video_id + '/' + std::to_string(claim.revision);
    job.order.ladder = plan->ladder;
    job.order.per_title = false;  // it was fitted before the title was split
    job.order.piece = plan->piece(claim.chunk);
    job.order.piece.sound_end = claim.sound_end;
    if (claim.kind == JobKind::finish) {
        job.made = claim.made;
        job.split = std::move(*plan);
        return {};
    }
    job.order.work = claim.kind == JobKind::chunk ? Work::chunk : Work::sound;
    job.folder = part_folder(job.parts, claim.kind, claim.chunk);
    return {};
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
    budget_->release(claim_->memory_mib);
    claim_.reset();
    shared_.active.end();
}

Answer<Hold> QueueSource::report(const Outcome<Ready>& outcome) {
    freed_.clear();
    if (!outcome) return report_failure(outcome.error());
    if (outcome->split) return store_.split(*claim_, *outcome->split, freed_);
    if (outcome->needs) return store_.needs_more(*claim_, *outcome->needs, freed_);
    if (is_provisional() && outcome->part.empty())
        return store_.provisional(*claim_, outcome->asset, duration_in(outcome->asset), outcome->title_mib,
                                  freed_);
    if (outcome->part.empty()) return store_.ready(*claim_, outcome->asset, duration_in(outcome->asset));
    const auto state = shared_.active.state();
    return store_.part_done(*claim_, outcome->part, state ? state->detail : "{}", freed_);
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
    if (claim_->kind == JobKind::remux) {
        const bool draft = options_.remux && failure.kind == FailureKind::source;
        return store_.not_copied(*claim_, failure, draft, freed_);
    }
    if (unsplits(failure)) return store_.unsplit(*claim_, failure, freed_);
    if (claim_->draft) return store_.no_draft(*claim_, failure, freed_);
    if (may_be_retried(failure.kind) && claim_->tries < kMostAttempts)
        return store_.retry(*claim_, failure, retry_delay(claim_->tries));
    return store_.fail(*claim_, failure);
}

bool QueueSource::unsplits(const Failure& failure) const noexcept {
    return failure.kind == FailureKind::indivisible && claim_->kind != JobKind::title;
}

void QueueSource::count(std::string_view outcome, const Failure* failure) {
    shared_.metrics->add(series("mezz_ingest_jobs_total", "outcome", outcome));
    const std::string_view kind = claim_->draft ? "draft" : to_text(claim_->kind);
    shared_.metrics->add(series("mezz_ingest_job_seconds_total", "kind", kind), seconds_since(begun_));
    if (options_.lane != Lane::any)
        shared_.metrics->add(series("mezz_ingest_lane_jobs_total", "lane", limits_of(options_.lane).name));
    if (failure != nullptr)
        shared_.metrics->add(series("mezz_ingest_failures_total", "kind", to_text(failure->kind)));
}

// Messages wake other workers; if Redis does not take them, the sweep does it.
void QueueSource::queue_freed() {
    for (const std::string& job : freed_)
        shared_.outbox.put(QueuedJob{job, claim_->video_id});
    freed_.clear();
}

void QueueSource::reported(const Outcome<Ready>& outcome, Hold hold) {
    if (hold != Hold::held) return discard(hold);
    queue_freed();
    if (!outcome) return reported_failure(outcome.error());
    if (outcome->needs) {
        count("handed_back");
        return log_job(LogLevel::info, "job_needs_more", *claim_,
                       {{"mib", std::to_string(outcome->needs->mib)},
                        {"cost", std::to_string(std::lround(outcome->needs->cost))}});
    }
    count("done");
    if (outcome->split)
        return log_job(LogLevel::info, "job_split", *claim_,
                       {{"chunks", std::to_string(outcome->split->chunks.size())}});
    if (!outcome->part.empty()) return log_job(LogLevel::info, "part_done", *claim_);
    if (is_provisional()) {
        log_job(LogLevel::info, claim_->draft ? "draft_ready" : "title_copied", *claim_);
        shared_.outbox.put(Announcement{claim_->video_id});
        return;
    }
    log_job(LogLevel::info, "job_ready", *claim_);
    shared_.metrics->add("mezz_ingest_video_seconds_sum", claim_->age + seconds_since(begun_));
    shared_.metrics->add("mezz_ingest_video_seconds_count");
    shared_.metrics->add("mezz_ingest_content_seconds_total",
                         static_cast<double>(duration_in(outcome->asset)) / 1000);
    shared_.outbox.put(Announcement{claim_->video_id});
    (void)remove_folder(parts_root(), claim_->video_id);
}

void QueueSource::reported_failure(const Failure& failure) {
    const std::vector<LogField> why{
        {"kind", std::string(to_text(failure.kind))}, {"reason", failure.reason}, {"error", failure.detail}};
    if (failure.kind == FailureKind::interrupted) {
        count("handed_back");
        log_job(LogLevel::info, "job_handed_back", *claim_);
        shared_.outbox.put(QueuedJob{claim_->job_id, claim_->video_id});
        return;
    }
    if (claim_->kind == JobKind::remux) {
        count("not_copied");
        return log_job(LogLevel::info, "title_not_copied", *claim_, why);
    }
    if (claim_->draft && !unsplits(failure)) {
        count("not_drafted");
        return log_job(LogLevel::info, "title_not_drafted", *claim_, why);
    }
    const bool again = may_be_retried(failure.kind) && claim_->tries < kMostAttempts;
    count(again || unsplits(failure) ? "retried" : "failed", &failure);
    if (unsplits(failure)) return log_job(LogLevel::warning, "title_not_split", *claim_, why);
    if (again) return log_job(LogLevel::warning, "job_will_be_retried", *claim_, why);
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
    if (!closed || *closed == Hold::taken_over) return;
    const bool is_part = claim_->kind == JobKind::chunk || claim_->kind == JobKind::sound;
    if (published_ && !is_part) (void)remove_folder(options_.processed, claim_->video_id);
    (void)remove_folder(parts_root(), claim_->video_id);
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
