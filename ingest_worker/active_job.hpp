// The job that runs, as the thread that runs it and the heartbeat share it.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "job_store.hpp"
#include "progress_meter.hpp"

namespace mezz::worker {

/// What the heartbeat needs of it.
struct ActiveState {
    Claim claim;
    std::string message_id;  ///< in Redis; empty if it was claimed without
    double progress = 0;     ///< 0 to 99
    std::string stage;
    std::string detail;  ///< JSON
};

/// Thread-safe.
class ActiveJob {
public:
    /// `lease_until`: until when nobody else can have taken it, by this machine's clock.
    void begin(const Claim& claim, std::string message_id, Clock::time_point lease_until);
    void end();

    void progressed(const Progress& progress);
    [[nodiscard]] std::optional<ActiveState> state() const;

    /// Notes an answer of the store about a claim; without effect if that is no longer the active one.
    void renewed(const Claim& claim, Hold hold, Clock::time_point lease_until);

    /// What is known of the claim.
    [[nodiscard]] Hold hold() const;

    /// True as long as the lease cannot have ended.
    [[nodiscard]] bool is_leased() const;

private:
    mutable std::mutex mutex_;
    std::optional<Claim> claim_;
    std::string message_id_;
    ProgressMeter meter_;
    Hold hold_ = Hold::held;
    Clock::time_point lease_until_;
};

}  // namespace mezz::worker
