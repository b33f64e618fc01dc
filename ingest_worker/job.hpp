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
    transcode,  ///< the ladder
    remux,      ///< copies of its streams, see remux.hpp
};

/// What the process that reads the file is told.
struct TranscodeOrder {
    std::vector<Rung> ladder;
    Limits limits;
    int decoder_threads = 2;
    Work work = Work::transcode;
    bool per_title = true;  ///< the ladder is fitted to the title first, see fit_ladder()

    [[nodiscard]] std::string to_json() const;
};

/// Reads what to_json() wrote; nullopt if it is anything else.
[[nodiscard]] std::optional<TranscodeOrder> parse_order(std::string_view json);

struct Job {
    std::string root;      ///< if not empty, the folder that the source must lie in, see open_below()
    std::string source;    ///< path of the file, below root if there is one
    std::string folder;    ///< of the title; made if it is not there
    std::string clamd;     ///< if not empty, the socket of the virus scanner that must approve the file
    std::string video_id;  ///< for the result, may be empty
    std::string title;     ///< empty: what the file says
    std::uint64_t revision = 1;
    TranscodeOrder order;
};

/// What a job ended with: the title's asset.json, and remarks on what was left out or repaired.
struct Ready {
    std::string asset;
    std::vector<std::string> notes;
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
