#include "single_source.hpp"

#include <unistd.h>

#include <nlohmann/json.hpp>

namespace mezz::worker {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kInterrupted = 75;  // EX_TEMPFAIL

void print_line(int fd, const Json& line) {
    const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
    // Nobody may be listening; the job goes on.
    (void)!::write(fd, text.data(), text.size());
}

}  // namespace

void SingleSource::progressed(const Progress& progress) {
    if (progress_fd_ < 0) return;
    Json line{{"stage", progress.stage}};
    if (!progress.rendition.empty()) line["rendition"] = progress.rendition;
    line["percent"] = static_cast<double>(static_cast<int>(progress.percent * 10)) / 10;
    print_line(progress_fd_, line);
}

std::optional<Failure> SingleSource::stopped() {
    if (!stop_) return std::nullopt;
    return Failure{FailureKind::interrupted, "The worker was told to stop.", {}};
}

void SingleSource::finished(const Job& job, const Outcome<Ready>& outcome) {
    Json result;
    if (!job.video_id.empty()) result["video_id"] = job.video_id;
    if (outcome) {
        result["status"] = "ready";
        result["notes"] = outcome->notes;
        result["asset"] = Json::parse(outcome->asset, nullptr, false);
    } else {
        const Failure& failure = outcome.error();
        result["status"] = "failed";
        result["reason"] = failure.reason;
        result["kind"] = to_text(failure.kind);
        result["retry"] = may_be_retried(failure.kind);
        if (!failure.detail.empty()) result["detail"] = failure.detail;
        exit_code_ = failure.kind == FailureKind::interrupted ? kInterrupted : 1;
    }
    print_line(STDOUT_FILENO, result);
}

}  // namespace mezz::worker
