#include "child_job.hpp"

#include <poll.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "child_process.hpp"

namespace mezz::worker {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

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
    Conversation(const TranscodeOrder& order, ProgressSink& progress, Staging& staging,
                 ChildProcess& child) noexcept
        : order_(order), progress_(progress), staging_(staging), child_(child) {}

    Outcome<TranscodeReport> run(JobControl& control) {
        const auto deadline = Clock::now() + std::chrono::seconds(order_.limits.wall_seconds);
        if (!child_.channel().send(order_.to_json())) return std::unexpected(ended());
        while (!result_) {
            if (auto why = control.stopped()) return std::unexpected(std::move(*why));
            if (Clock::now() > deadline)
                return give_up(FailureKind::limit, "The file takes longer than " +
                                                       std::to_string(order_.limits.wall_seconds) +
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

    Failure ended() { return death(child_.wait(), order_.limits); }

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

    const TranscodeOrder& order_;
    ProgressSink& progress_;
    Staging& staging_;
    ChildProcess& child_;
    std::optional<TranscodeReport> result_;
};

}  // namespace

Outcome<TranscodeReport> run_order(const TranscodeOrder& order, int source_fd, Staging& staging,
                                   ProgressSink& progress, JobControl& control) {
    auto child = ChildProcess::start(source_fd, order.nice);
    if (!child) return std::unexpected(std::move(child.error()));
    Conversation conversation(order, progress, staging, *child);
    auto report = conversation.run(control);
    child->kill();
    return report;
}

}  // namespace mezz::worker
