#include "command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string_view>
#include <thread>

#include "event_log.hpp"
#include "job_admin.hpp"
#include "picture_service.hpp"
#include "queue_options.hpp"
#include "queue_source.hpp"
#include "single_source.hpp"
#include "transcode_options.hpp"

namespace mezz::worker {
namespace {

constexpr int kUsage = 2;

using Source = std::expected<JobSources, int>;

struct SingleOptions {
    Job job;
    int progress_fd = -1;
    TranscodeOptions transcode;
};

void add_single_options(CLI::App& command, SingleOptions& options) {
    Job& job = options.job;
    command.add_option("source", job.source, "the file to read")->required();
    command.add_option("output", job.folder, "the title's folder")->required();
    command.add_option("--video-id", job.video_id, "goes into asset.json");
    command.add_option("--title", job.title, "goes into asset.json; else what the file says");
    command.add_option("--revision", job.revision, "goes into asset.json")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    command.add_option("--progress-fd", options.progress_fd, "descriptor for progress, a JSON object a line")
        ->check(CLI::Range(1, 1 << 20));
    add_transcode_options(command, options.transcode);
}

template <class Options>
void add_server_options(CLI::App& command, Options& options) {
    command.add_option("--postgres", options.postgres, "connection string of libpq")
        ->required()
        ->envname("MEZZ_POSTGRES");
    command
        .add_option_function<std::string>(
            "--redis",
            [&options](const std::string& text) {
                const auto address = parse_redis_address(text);
                if (!address) throw CLI::ValidationError("--redis", "must be host:port or unix:/path");
                options.redis = *address;
            },
            "host:port or unix:/path")
        ->required()
        ->envname("MEZZ_REDIS");
}

void add_admin_options(CLI::App& command, AdminOptions& options) {
    add_server_options(command, options);
    command.add_flag("--dead-letters", options.dead_letters, "list the jobs that have failed for good");
    command.add_option("--requeue", options.requeue,
                       "id of a job or a video: its failed jobs begin anew, what is done stays done");
}

void add_backend_options(CLI::App& command, QueueOptions& options) {
    add_server_options(command, options);
    command.add_option("--raw", options.raw, "folder of uploads")->required()->check(CLI::ExistingDirectory);
    command.add_option("--processed", options.processed, "folder of titles")
        ->required()
        ->check(CLI::ExistingDirectory);
}

CLI::Option* add_seconds(CLI::App& command, const std::string& name, seconds& value,
                         const std::string& what) {
    return command
        .add_option_function<int>(
            name, [&value](int count) { value = seconds(count); }, what)
        ->default_str(std::to_string(value.count()));
}

void add_queue_options(CLI::App& command, QueueOptions& options) {
    constexpr std::size_t kLongestId = 200;
    add_backend_options(command, options);
    command.add_option("--worker-id", options.worker_id, "unique name (default: host-pid-random)")
        ->check([](const std::string& id) {
            const bool fine = !id.empty() && id.size() <= kLongestId &&
                              std::ranges::all_of(id, [](unsigned char c) { return c > ' ' && c < 0x7F; });
            return fine ? std::string() : "must be 1 to 200 printable ASCII characters without blanks";
        });
    add_seconds(command, "--lease", options.lease, "seconds until a silent worker's job is taken over")
        ->check(CLI::Range(2, 3600));
    add_seconds(command, "--purge-after", options.purge_after,
                "seconds until the files of a video that was taken down are removed")
        ->check(CLI::Range(0, 1 << 30));
    add_seconds(command, "--keep-replaced", options.keep_replaced,
                "seconds that the files of a video's older revision remain")
        ->check(CLI::Range(0, 1 << 30));
    command
        .add_option("--chunk", options.chunk_seconds,
                    "seconds of the chunks that long videos are split into; 0: none is split")
        ->capture_default_str()
        ->check(CLI::Range(0, 3600));
    add_switch(command, "--remux", options.remux, "first copy what players can play as it is");
    command.add_option("--cpus", options.cpus, "jobs that run at once")
        ->capture_default_str()
        ->check(CLI::Range(1, 256));
    add_switch(command, "--express", options.express,
               "two jobs more at once, of those that make a title watchable");
    command.add_option("--metrics-file", options.metrics_file,
                       "file that is kept up to date with metrics for Prometheus");
    command.add_flag("--once", options.once, "end when no job is open");
    command.add_option("--log-level", options.log_level, "of the log on standard error")
        ->capture_default_str()
        ->check(CLI::IsMember({"debug", "info", "warning", "error", "off"}));
    add_transcode_options(command, options.transcode);
}

void add_picture_options(CLI::App& command, PictureServiceOptions& options) {
    constexpr std::string_view kScheme = "unix:";
    command
        .add_option_function<std::string>(
            "--listen",
            [&options, kScheme](const std::string& text) {
                if (!text.starts_with(kScheme)) throw CLI::ValidationError("--listen", "must be unix:/path");
                options.socket = text.substr(kScheme.size());
            },
            "unix:/path, as the module's mezz_pictures names it")
        ->required();
    options.processes = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    command.add_option("--processes", options.processes, "pictures at a time (default: the processors)")
        ->check(CLI::Range(1, 1024));
    command.add_option("--queue", options.queue, "requests that may wait for a process")
        ->capture_default_str()
        ->check(CLI::Range(1, 4096));
    command.add_option("--memory", options.limits.memory_mib, "address space of a process, MiB")
        ->capture_default_str()
        ->check(CLI::Range(256, 1 << 20));
    command.add_option("--max-wall", options.limits.seconds, "seconds for one picture")
        ->capture_default_str()
        ->check(CLI::Range(1, 3600));
    command.add_option("--log-level", options.log_level, "of the log on standard error")
        ->capture_default_str()
        ->check(CLI::IsMember({"debug", "info", "warning", "error", "off"}));
}

Source refuse(const Failure& failure) {
    std::fprintf(stderr, "%s\n", failure.reason.c_str());
    return std::unexpected(kUsage);
}

Source make_single(SingleOptions& options, const std::atomic<bool>& stop) {
    auto ladder = read_ladder(options.transcode);
    if (!ladder) return refuse(ladder.error());
    const Work work = options.job.order.work;
    options.job.order = make_order(std::move(*ladder), options.transcode);
    options.job.order.work = work;
    options.job.clamd = options.transcode.clamd;
    JobSources sources;
    sources.push_back(std::make_unique<SingleSource>(std::move(options.job), options.progress_fd, stop));
    return sources;
}

Source make_queue(QueueOptions& options, const std::atomic<bool>& stop) {
    auto ladder = read_ladder(options.transcode);
    if (!ladder) return refuse(ladder.error());
    if (options.worker_id.empty()) options.worker_id = make_worker_id();
    start_event_log(options.log_level);
    constexpr std::uint64_t kExpressMib = kExpressLane.memory_mib + kCopiesLane.memory_mib;
    const std::uint64_t total = options.transcode.limits.memory_mib;
    const bool reserves = options.express && total >= 2 * kExpressMib;
    const auto budget = std::make_shared<MemoryBudget>(reserves ? total - kExpressMib : total);
    const auto metrics = std::make_shared<Metrics>();
    JobSources sources;
    const auto add = [&](const std::string& suffix, Lane lane, const std::shared_ptr<MemoryBudget>& memory) {
        QueueOptions own = options;
        own.worker_id += suffix;
        own.lane = lane;
        sources.push_back(
            std::make_unique<QueueSource>(std::move(own), *ladder, stop, memory, metrics, sources.empty()));
    };
    for (int i = 0; i < options.cpus; ++i)
        add(i > 0 ? '.' + std::to_string(i) : std::string(), Lane::any, budget);
    for (const Lane lane : {Lane::express, Lane::copies}) {
        if (!options.express) break;
        const LaneLimits& limits = limits_of(lane);
        add(std::string(".") + limits.name, lane,
            reserves ? std::make_shared<MemoryBudget>(limits.memory_mib) : budget);
    }
    return sources;
}

}  // namespace

std::expected<JobSources, int> parse_command_line(int argc, char** argv, const std::atomic<bool>& stop) {
    SingleOptions single;
    QueueOptions queue;
    AdminOptions admin;
    CLI::App app("Makes what Mezz streams out of the files that people upload.", "ingest_worker");
    app.require_subcommand(1);
    CLI::App& transcode = *app.add_subcommand("transcode", "make a title from one file");
    add_single_options(transcode, single);
    CLI::App& remux =
        *app.add_subcommand("remux", "copy one file's streams into a title that can be watched at once");
    add_single_options(remux, single);
    CLI::App& jobs = *app.add_subcommand("jobs", "what became of failed jobs, and begin them anew");
    add_admin_options(jobs, admin);
    CLI::App& run = *app.add_subcommand("run", "do the jobs of the queue until told to stop");
    add_queue_options(run, queue);
    PictureServiceOptions pictures;
    CLI::App& serve = *app.add_subcommand("pictures", "decode single pictures for the nginx module");
    add_picture_options(serve, pictures);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& mistake) {
        return std::unexpected(app.exit(mistake) == 0 ? 0 : kUsage);
    }
    if (serve.parsed()) return std::unexpected(run_picture_service(pictures));
    if (remux.parsed()) single.job.order.work = Work::remux;
    if (jobs.parsed()) return std::unexpected(administer_jobs(admin));
    return run.parsed() ? make_queue(queue, stop) : make_single(single, stop);
}

}  // namespace mezz::worker
