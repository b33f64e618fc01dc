#include "runner.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>

#include "asset_json.hpp"
#include "child_process.hpp"
#include "mezzanine_check.hpp"
#include "output_files.hpp"
#include "source_path.hpp"
#include "staging.hpp"
#include "transcode_report.hpp"
#include "virus_scan.hpp"

namespace mezz::worker {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

Outcome<UniqueFd> open_anywhere(const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!fd.valid())
        return give_up(FailureKind::system, "The uploaded file cannot be opened.", std::strerror(errno));
    return fd;
}

Outcome<UniqueFd> open_source(const Job& job) {
    auto fd = job.root.empty() ? open_anywhere(job.source) : open_below(job.root, job.source);
    if (!fd) return fd;
    struct stat status {};
    if (::fstat(fd->get(), &status) != 0 || !S_ISREG(status.st_mode))
        return give_up(FailureKind::source, "The upload is not a file.");
    if (status.st_size == 0) return give_up(FailureKind::source, "The file is empty.");
    return fd;
}

Failure death(int status, const Limits& limits) {
    if (!WIFSIGNALED(status))
        return {FailureKind::crash, "The process that read the file ended without a result.",
                "exit code " + std::to_string(WEXITSTATUS(status))};
    const int signal = WTERMSIG(status);
    const std::string detail = "signal " + std::to_string(signal);
    switch (signal) {
        case SIGXCPU:
            return {FailureKind::limit,
                    "The file needs more than " + std::to_string(limits.cpu_seconds) + " s of CPU time.",
                    detail};
        case SIGSYS:
            return {FailureKind::crash, "The file made its decoder do something forbidden.", detail};
        case SIGKILL:
            return {FailureKind::crash,
                    "The process that read the file was killed, perhaps for want of memory.", detail};
        default:
            return {FailureKind::crash, "The file crashed the process that read it.", detail};
    }
}

// Answers what the protected process asks for, until it has finished or died.
class Conversation {
public:
    Conversation(const Job& job, ProgressSink& progress, Staging& staging, ChildProcess& child) noexcept
        : job_(job), progress_(progress), staging_(staging), child_(child) {}

    Outcome<TranscodeReport> run(JobControl& control) {
        const auto deadline = Clock::now() + std::chrono::seconds(job_.order.limits.wall_seconds);
        if (!child_.channel().send(job_.order.to_json())) return std::unexpected(ended());
        while (!result_) {
            if (auto why = control.stopped()) return std::unexpected(std::move(*why));
            if (Clock::now() > deadline)
                return give_up(FailureKind::limit, "The file takes longer than " +
                                                       std::to_string(job_.order.limits.wall_seconds) +
                                                       " s to process.");
            if (auto ok = wait_and_answer(); !ok) return std::unexpected(std::move(ok.error()));
        }
        return std::move(*result_);
    }

private:
    Outcome<void> wait_and_answer() {
        constexpr int kLookUp = 250;  // ms
        pollfd waiting{child_.channel().fd(), POLLIN, 0};
        if (::poll(&waiting, 1, kLookUp) <= 0) return {};
        const auto message = child_.channel().receive();
        if (!message) return std::unexpected(ended());
        return answer(Json::parse(message->text, nullptr, false));
    }

    Failure ended() { return death(child_.wait(), job_.order.limits); }

    Outcome<void> answer(const Json& message) {
        const auto nonsense = [] {
            return give_up(FailureKind::crash, "The process that read the file no longer made sense.");
        };
        if (!message.is_object() || message.size() != 1) return nonsense();
        const std::string& kind = message.begin().key();
        const Json& value = message.front();
        if (kind == "create" && value.is_string())
            return hand_over(staging_.create(value.get_ref<const std::string&>()));
        if (kind == "scratch") return hand_over(staging_.scratch());
        if (kind == "progress") return pass_on(value);
        if (kind == "failed") return std::unexpected(failure_of(value));
        if (kind != "done") return nonsense();
        auto report = parse_report(value.dump());
        if (!report) return nonsense();
        result_ = std::move(*report);
        return {};
    }

    Outcome<void> hand_over(const Outcome<UniqueFd>& file) {
        if (!file) return std::unexpected(file.error());
        if (!child_.channel().send("{}", file->get())) return std::unexpected(ended());
        return {};
    }

    Outcome<void> pass_on(const Json& value) {
        if (!value.is_object()) return {};
        Progress progress;
        progress.stage = text(value, "stage");
        progress.rendition = text(value, "rendition");
        const auto percent = value.find("percent");
        if (percent != value.end() && percent->is_number())
            progress.percent = std::clamp(percent->get<double>(), 0.0, 100.0);
        progress_.progressed(progress);
        return {};
    }

    static std::string text(const Json& object, const char* key) {
        constexpr std::size_t kLongest = 1000;
        const auto found = object.find(key);
        if (found == object.end() || !found->is_string()) return {};
        return found->get_ref<const std::string&>().substr(0, kLongest);
    }

    static Failure failure_of(const Json& value) {
        if (!value.is_object()) return {FailureKind::crash, "The file could not be read.", {}};
        return {failure_kind(text(value, "kind")), text(value, "reason"), text(value, "detail")};
    }

    const Job& job_;
    ProgressSink& progress_;
    Staging& staging_;
    ChildProcess& child_;
    std::optional<TranscodeReport> result_;
};

Outcome<std::vector<RenditionFacts>> check_renditions(const TranscodeReport& report, const Staging& staging,
                                                      JobControl& control) {
    std::vector<RenditionFacts> all;
    const RenditionFacts* first_video = nullptr;
    all.reserve(report.renditions.size());
    for (const MadeRendition& made : report.renditions) {
        if (auto why = control.stopped()) return std::unexpected(std::move(*why));
        const auto file = staging.open(made.name + ".mp4");
        if (!file) return std::unexpected(file.error());
        auto facts = check_mezzanine(file->get());
        if (!facts) return std::unexpected(std::move(facts.error()));
        if (facts->video != made.video)
            return give_up(FailureKind::internal, "A finished rendition is of the wrong kind.", made.name);
        const RenditionFacts& kept = all.emplace_back(std::move(*facts));
        if (!made.video) continue;
        if (first_video == nullptr) first_video = &kept;
        if (!are_aligned(*first_video, kept))
            return give_up(FailureKind::internal, "The renditions' keyframes differ.", made.name);
    }
    return all;
}

Outcome<Ready> publish(const Job& job, const TranscodeReport& report, Staging& staging, JobControl& control) {
    const auto facts = check_renditions(report, staging, control);
    if (!facts) return std::unexpected(facts.error());
    auto asset = make_asset_json(job, report, *facts);
    if (!asset) return std::unexpected(std::move(asset.error()));
    const auto file = staging.create(kAssetFile);
    if (!file) return std::unexpected(file.error());
    if (auto ok = write_all(file->get(), as_bytes(*asset)); !ok) return std::unexpected(ok.error());
    if (::fsync(file->get()) != 0) return std::unexpected(write_failure(errno));
    if (auto ok = control.before_publishing(); !ok) return std::unexpected(ok.error());
    if (auto ok = staging.publish(kAssetFile, control); !ok) return std::unexpected(ok.error());
    return Ready{std::move(*asset), report.notes};
}

}  // namespace

Outcome<Ready> run_job(const Job& job, ProgressSink& progress, JobControl& control) {
    const auto source = open_source(job);
    if (!source) return std::unexpected(source.error());
    if (!job.clamd.empty())
        if (auto ok = scan_for_viruses(source->get(), job.clamd, control); !ok)
            return std::unexpected(std::move(ok.error()));
    auto staging = Staging::make(job.folder);
    if (!staging) return std::unexpected(std::move(staging.error()));
    auto child = ChildProcess::start(source->get());
    if (!child) return std::unexpected(std::move(child.error()));
    Conversation conversation(job, progress, *staging, *child);
    auto report = conversation.run(control);
    child->kill();
    if (!report) return std::unexpected(std::move(report.error()));
    progress.progressed({"publish", {}, 0});
    auto ready = publish(job, *report, *staging, control);
    if (ready) progress.progressed({"publish", {}, 100});
    return ready;
}

}  // namespace mezz::worker
