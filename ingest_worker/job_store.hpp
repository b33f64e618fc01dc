// Jobs and videos in PostgreSQL, as a worker changes them. Each function is one statement, so each is done
// whole or not at all, and is fenced: it does nothing once the job is no longer this worker's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "failure.hpp"
#include "job.hpp"
#include "lane.hpp"
#include "postgres_link.hpp"

namespace mezz::worker {

/// A job that this worker may run until its lease ends. The attempt is the fencing token.
struct Claim {
    std::string job_id;
    std::string video_id;
    int attempt = 0;     ///< from 1
    std::string source;  ///< as in the database: not yet checked
    std::string title;
    std::string ladder;          ///< JSON; empty: the worker's own
    std::uint64_t revision = 0;  ///< of the title that will be made
    JobKind kind = JobKind::title;
    std::size_t chunk = 0;
    bool whole = false;             ///< a title that must not be split
    std::string plan;               ///< of a part: as SplitPlan::to_json() wrote it
    std::int64_t sound_end = 0;     ///< of a part: what the sound job reported, 0 if it has not
    std::vector<std::string> made;  ///< for finish: what the parts reported
    std::uint32_t memory_mib = 0;   ///< what it is expected to use
    double age = 0;                 ///< seconds since the video was made known
    std::string previous_worker;    ///< whose lease had ended; empty: nobody's
    bool draft = false;             ///< of a title's draft, not of the title itself
    int tries = 0;                  ///< the attempts, this one too, but those that ended with their worker
    bool express = false;           ///< of what makes a title watchable
    double cost = 0;                ///< its work, as far as that is known, see lane.hpp
};

/// Whether a claim is still good.
enum class Hold : std::uint8_t {
    held,
    taken_over,  ///< by another worker, or the job has ended
    taken_down,  ///< the video was deleted
};

/// Of the jobs that end because one of the same video has failed, as the statements write it.
inline constexpr const char* kOtherPartFailed = "Another part of the video failed.";
inline constexpr const char* kTakenDown = "The video was taken down.";

/// Ids of jobs that may be begun now.
using Freed = std::vector<std::string>;

class JobStore {
public:
    /// The link must outlive the store; one thread uses both. Claims are for a place of that kind.
    JobStore(PostgresLink& link, std::string worker_id, seconds lease, Lane lane = Lane::any);

    /// Claims the job of the lowest rank that is for this place and needs no more than `memory_mib`; nullopt
    /// if there is none. For a whole title raises the video's revision. Jobs of dead workers are taken only
    /// while PostgreSQL is settled().
    [[nodiscard]] Answer<std::optional<Claim>> claim(std::uint32_t memory_mib);

    /// Prolongs the lease from now on and writes progress (0 to 100) and detail (JSON).
    [[nodiscard]] Answer<Hold> renew(const Claim& claim, double progress, const std::string& detail);

    /// The title is published: `asset` is its asset.json, `duration_ms` its length.
    [[nodiscard]] Answer<Hold> ready(const Claim& claim, const std::string& asset, std::uint64_t duration_ms);

    /// There is something that can be watched until the title's own job, which is queued by this and will use
    /// `title_mib` (0: unknown), has made the better one.
    [[nodiscard]] Answer<Hold> provisional(const Claim& claim, const std::string& asset,
                                           std::uint64_t duration_ms, std::uint32_t title_mib, Freed& freed);

    /// The source cannot be copied: a draft of it is queued, or the title's own job.
    [[nodiscard]] Answer<Hold> not_copied(const Claim& claim, const Failure& why, bool draft, Freed& freed);

    /// No draft is made, whatever there is of it is forgotten: the title's own job is queued.
    [[nodiscard]] Answer<Hold> no_draft(const Claim& claim, const Failure& why, Freed& freed);

    /// The job was not begun since it needs so much: it is queued again for who has that, at the rank of its
    /// work.
    [[nodiscard]] Answer<Hold> needs_more(const Claim& claim, const Needs& needs, Freed& freed);

    /// The title was planned in parts: adds their jobs.
    [[nodiscard]] Answer<Hold> split(const Claim& claim, const SplitPlan& plan, Freed& freed);

    /// A part is there, `report` is what it tells. The jobs that waited only for this one are queued.
    [[nodiscard]] Answer<Hold> part_done(const Claim& claim, const std::string& report,
                                         const std::string& detail, Freed& freed);

    /// The title cannot be made in parts: all of them are forgotten, and the title's job begins anew.
    [[nodiscard]] Answer<Hold> unsplit(const Claim& claim, const Failure& why, Freed& freed);

    /// The job is to be tried again after a while.
    [[nodiscard]] Answer<Hold> retry(const Claim& claim, const Failure& failure, seconds wait);

    /// The job and its video have failed for good, and with them the video's other jobs.
    [[nodiscard]] Answer<Hold> fail(const Claim& claim, const Failure& failure);

    /// The job is queued again as if it had not been begun.
    [[nodiscard]] Answer<Hold> hand_back(const Claim& claim);

    /// The job of a video that was taken down ends.
    [[nodiscard]] Answer<Hold> close(const Claim& claim);

    /// Notes that a job was put into Redis.
    Answer<void> note_queued(const std::string& job_id);

    /// Hands back what is in this worker's name while it runs nothing: claims whose answer was lost.
    Answer<void> hand_back_all();

    /// False if no job is queued or running.
    [[nodiscard]] Answer<bool> has_open_jobs();

    /// Videos that have jobs queued or running, `most` at most.
    [[nodiscard]] Answer<std::int64_t> videos_in_work(std::uint32_t most);

    /// What edges keep of a video, and since when Redis has not been told of a change.
    struct CatalogEntry {
        std::string text;  ///< empty if there is no such video
        std::optional<std::string> untold_since;
    };
    [[nodiscard]] Answer<CatalogEntry> catalog_entry(const std::string& video_id);

    /// Redis has been told of the change that was noted at that time.
    Answer<void> note_told(const std::string& video_id, const std::string& untold_since);

private:
    [[nodiscard]] Answer<Hold> change(const char* statement, const Claim& claim, const PgValues& more,
                                      std::string_view ended_as);
    [[nodiscard]] Answer<Hold> change_and_free(const char* statement, const Claim& claim,
                                               const PgValues& more, Freed& freed);
    [[nodiscard]] Answer<Hold> why_not(const Claim& claim, std::string_view ended_as);
    [[nodiscard]] std::string lease_text() const { return std::to_string(lease_.count()); }

    PostgresLink& link_;
    std::string worker_id_;
    seconds lease_;
    Lane lane_;
    std::string claim_statement_;
};

}  // namespace mezz::worker
