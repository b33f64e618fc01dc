#include "runner.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "assembly.hpp"
#include "child_job.hpp"
#include "publish_title.hpp"
#include "source_path.hpp"
#include "virus_scan.hpp"

namespace mezz::worker {
namespace {

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

// Files of a part are only put together once all parts are there.
Outcome<Ready> keep_part(const TranscodeReport& report, Staging& staging, JobControl& control) {
    if (auto ok = control.before_publishing(); !ok) return std::unexpected(std::move(ok.error()));
    if (auto ok = staging.publish({}, control); !ok) return std::unexpected(std::move(ok.error()));
    Ready ready;
    ready.part = report.to_json();
    return ready;
}

}  // namespace

Outcome<Ready> run_job(const Job& job, ProgressSink& progress, JobControl& control) {
    if (job.kind == JobKind::finish) return assemble_title(job, progress, control);
    const auto source = open_source(job);
    if (!source) return std::unexpected(source.error());
    if (!job.clamd.empty())
        if (auto ok = scan_for_viruses(source->get(), job.clamd, control); !ok)
            return std::unexpected(std::move(ok.error()));
    auto staging = Staging::make(job.folder);
    if (!staging) return std::unexpected(std::move(staging.error()));
    auto report = run_order(job.order, source->get(), *staging, progress, control);
    if (!report) return std::unexpected(std::move(report.error()));
    if (job.kind != JobKind::title && job.kind != JobKind::remux)
        return keep_part(*report, *staging, control);
    if (report->split || report->needs) {
        Ready ready;
        ready.split = std::move(report->split);
        ready.needs = report->needs;
        return ready;
    }
    progress.progressed({"publish", {}, 0});
    auto ready = publish_title(job, *report, *staging, control);
    if (ready) ready->title_mib = report->title_mib;
    if (ready) progress.progressed({"publish", {}, 100});
    return ready;
}

}  // namespace mezz::worker
