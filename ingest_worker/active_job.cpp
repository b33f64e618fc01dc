#include "active_job.hpp"

#include <algorithm>

namespace mezz::worker {

void ActiveJob::begin(const Claim& claim, std::string message_id, Clock::time_point lease_until) {
    const std::lock_guard lock(mutex_);
    claim_ = claim;
    message_id_ = std::move(message_id);
    meter_ = ProgressMeter();
    hold_ = Hold::held;
    lease_until_ = lease_until;
}

void ActiveJob::end() {
    const std::lock_guard lock(mutex_);
    claim_.reset();
}

void ActiveJob::progressed(const Progress& progress) {
    const std::lock_guard lock(mutex_);
    meter_.take(progress);
}

std::optional<ActiveState> ActiveJob::state() const {
    const std::lock_guard lock(mutex_);
    if (!claim_) return std::nullopt;
    return ActiveState{*claim_, message_id_, meter_.overall(), meter_.stage(), meter_.detail()};
}

void ActiveJob::renewed(const Claim& claim, Hold hold, Clock::time_point lease_until) {
    const std::lock_guard lock(mutex_);
    if (!claim_ || claim_->job_id != claim.job_id || claim_->attempt != claim.attempt ||
        claim_->revision != claim.revision)
        return;
    if (hold == Hold::held)
        lease_until_ = std::max(lease_until_, lease_until);
    else
        hold_ = hold;
}

Hold ActiveJob::hold() const {
    const std::lock_guard lock(mutex_);
    return hold_;
}

bool ActiveJob::is_leased() const {
    const std::lock_guard lock(mutex_);
    return Clock::now() < lease_until_;
}

}  // namespace mezz::worker
