// What is to be done, and what came of it. The same for every front end: the command line, a queue.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "failure.hpp"
#include "ladder.hpp"
#include "progress.hpp"
#include "split_plan.hpp"
#include "transcode_report.hpp"

namespace mezz::worker {

/// What a source may cost. A job that would need more fails and says so.
struct Limits {
    std::uint64_t memory_mib = 6144;  ///< address space of the process that reads the file
    std::uint64_t cpu_seconds = 172800;
    std::uint64_t wall_seconds = 43200;
    std::uint64_t file_mib = 262144;  ///< of one output file
    std::uint32_t duration_seconds = 43200;
    std::uint32_t width = 8192;  ///< of the picture; width × height is its area's limit, either way up
    std::uint32_t height = 4320;
    std::uint32_t streams = 64;
};

/// What the process that reads the file makes of it.
enum class Work : std::uint8_t {
    transcode,  ///< the whole title; or the plan of its chunks, if it is long
    remux,      ///< copies of its streams, see remux.hpp
    chunk,      ///< some seconds of all video renditions
    sound,      ///< the audio renditions and subtitles
    sheets,     ///< the storyboard, of the tiles that are the source
};

/// What the process that reads the file is told.
struct TranscodeOrder {
    std::vector<Rung> ladder;
    Limits limits;
    int decoder_threads = 2;
    Work work = Work::transcode;
    bool per_title = true;            ///< the ladder is fitted to the title first, see fit_ladder()
    bool draft = false;               ///< a draft of the title, see draft_plan.hpp
    std::uint32_t chunk_seconds = 0;  ///< to split into, at most about; 0: the title is made in one go
    std::uint32_t workers = 1;        ///< that may make chunks at the same time
    std::uint32_t set_aside_mib = 0;  ///< what is made in one go must not need more; 0: it may
    double most_cost = 0;  ///< what is made in one go must not be more work, see lane.hpp; 0: it may
    int nice = 0;          ///< of the process, which is not told
    Piece piece{};         ///< for other work than transcode

    [[nodiscard]] std::string to_json() const;
};

/// Reads what TranscodeOrder::to_json() wrote; nullopt if it is anything else.
[[nodiscard]] std::optional<TranscodeOrder> parse_order(std::string_view json);

/// A step of a title's making.
enum class JobKind : std::uint8_t {
    remux,   ///< copies the source, if players can play it, so that it can be watched at once
    title,   ///< looks at the source; makes a short title, splits a long one
    chunk,   ///< one chunk of its pictures
    sound,   ///< its sound and subtitles
    finish,  ///< puts the parts together
};

/// "remux", "title", …: as the database calls it.
[[nodiscard]] std::string_view to_text(JobKind kind) noexcept;

/// The kind of this name; nullopt for any other text.
[[nodiscard]] std::optional<JobKind> job_kind(std::string_view name) noexcept;

struct Job {
    JobKind kind = JobKind::title;
    std::string root;    ///< if not empty, the folder that the source must lie in, see open_below()
    std::string source;  ///< path of the file, below root if there is one
    std::string folder;  ///< of the title, or of the part; made if it is not there
    std::string clamd;   ///< if not empty, the socket of the virus scanner that must approve the file
    std::string parts;   ///< for finish: the folder that holds those of all parts, see part_folder()
    std::optional<SplitPlan> split;  ///< for finish: how the title was split
    std::vector<std::string> made;   ///< for finish: what all parts reported, in order: chunks, then sound
    std::string video_id;            ///< for the result, may be empty
    std::string title;               ///< empty: what the file says
    std::uint64_t revision = 1;
    bool numbered = false;  ///< file names bear the revision, see published_name()
    TranscodeOrder order;

    /// That of its file names.
    [[nodiscard]] std::uint64_t name_revision() const noexcept { return numbered ? revision : 1; }
};

/// What a job ended with.
struct Ready {
    std::string asset;               ///< the title's asset.json
    std::vector<std::string> notes;  ///< on what was left out or repaired
    std::string part;                ///< what a part reported, instead
    std::optional<SplitPlan> split;  ///< the title is made in parts, instead
    std::optional<Needs> needs;      ///< it was not begun since it needs so much, instead
    std::uint32_t title_mib = 0;     ///< what the whole title will use, if known; of what comes before it
};

/// Says whether a running job may go on.
class JobControl {
public:
    JobControl() = default;
    JobControl(const JobControl&) = delete;
    JobControl& operator=(const JobControl&) = delete;
    virtual ~JobControl() = default;

    /// Why the job must end now; nullopt: go on. Asked several times a second.
    [[nodiscard]] virtual std::optional<Failure> stopped() = 0;

    /// Asked once, right before the first file is put in its place. May wait.
    [[nodiscard]] virtual Outcome<void> before_publishing() { return {}; }

    /// Asked before each file that is put in its place.
    [[nodiscard]] virtual Outcome<void> while_publishing() { return {}; }
};

/// Where jobs come from and where their results go.
class JobSource : public ProgressSink, public JobControl {
public:
    /// The next job; nullopt when there will be none.
    [[nodiscard]] virtual std::optional<Job> next() = 0;
    virtual void finished(const Job& job, const Outcome<Ready>& outcome) = 0;

    /// What the program ends with.
    [[nodiscard]] virtual int exit_code() const noexcept = 0;
};

}  // namespace mezz::worker
