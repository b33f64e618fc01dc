#include "command_line.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace mezz::worker {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kUsage = 2;
constexpr int kInterrupted = 75;  // EX_TEMPFAIL

struct Arguments {
    Job job;
    std::string ladder_file;
    int threads = 0;
    std::string preset;
    int progress_fd = -1;
};

void add_limits(CLI::App& command, Limits& limits) {
    command.add_option("--memory", limits.memory_mib, "address space of the reading process, MiB")
        ->capture_default_str()
        ->check(CLI::Range(256, 1 << 20));
    command.add_option("--max-cpu", limits.cpu_seconds, "CPU time, seconds")
        ->capture_default_str()
        ->check(CLI::Range(1, 1 << 30));
    command.add_option("--max-wall", limits.wall_seconds, "time by the clock, seconds")
        ->capture_default_str()
        ->check(CLI::Range(1, 1 << 30));
    command.add_option("--max-file", limits.file_mib, "size of one output file, MiB")
        ->capture_default_str()
        ->check(CLI::Range(1, 1 << 30));
    command.add_option("--max-duration", limits.duration_seconds, "length of a title, seconds")
        ->capture_default_str()
        ->check(CLI::Range(1, 130000));
    command.add_option("--max-width", limits.width, "pixels; with --max-height the largest picture")
        ->capture_default_str()
        ->check(CLI::Range(16, 16384));
    command.add_option("--max-height", limits.height, "pixels")
        ->capture_default_str()
        ->check(CLI::Range(16, 16384));
    command.add_option("--max-streams", limits.streams, "streams in the source")
        ->capture_default_str()
        ->check(CLI::Range(1, 1000));
}

void add_options(CLI::App& command, Arguments& arguments) {
    Job& job = arguments.job;
    command.add_option("source", job.source, "the file to read")->required();
    command.add_option("output", job.folder, "the title's folder")->required();
    command.add_option("--video-id", job.video_id, "goes into asset.json");
    command.add_option("--title", job.title, "goes into asset.json; else what the file says");
    command.add_option("--revision", job.revision, "goes into asset.json")
        ->capture_default_str()
        ->check(CLI::NonNegativeNumber);
    command.add_option("--ladder", arguments.ladder_file, "JSON list of rungs, see README.md");
    command.add_option("--preset", arguments.preset, "of x264, for all rungs");
    command
        .add_option(
            "--threads", arguments.threads,
            "slices that each video encoder makes at once; the output depends on it (default: the ladder's)")
        ->check(CLI::Range(1, 32));
    command.add_option("--decoder-threads", job.order.decoder_threads, "of the video decoder")
        ->capture_default_str()
        ->check(CLI::Range(1, 32));
    command
        .add_option("--progress-fd", arguments.progress_fd, "descriptor for progress, a JSON object a line")
        ->check(CLI::Range(1, 1 << 20));
    add_limits(command, job.order.limits);
}

Outcome<std::vector<Rung>> read_ladder(const Arguments& arguments) {
    std::vector<Rung> ladder = default_ladder();
    if (!arguments.ladder_file.empty()) {
        std::ifstream file(arguments.ladder_file);
        if (!file)
            return give_up(FailureKind::system, "--ladder: " + arguments.ladder_file + ": cannot be read");
        auto read = parse_ladder(std::string(std::istreambuf_iterator<char>(file), {}));
        if (!read) return read;
        ladder = std::move(*read);
    }
    for (Rung& rung : ladder) {
        if (arguments.threads > 0) rung.threads = arguments.threads;
        if (!arguments.preset.empty()) rung.preset = arguments.preset;
    }
    return parse_ladder(ladder_to_json(ladder));
}

void print_line(int fd, const Json& line) {
    const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
    // Nobody may be listening; the job goes on.
    (void)!::write(fd, text.data(), text.size());
}

}  // namespace

void CommandLineSource::progressed(const Progress& progress) {
    if (progress_fd_ < 0) return;
    Json line{{"stage", progress.stage}};
    if (!progress.rendition.empty()) line["rendition"] = progress.rendition;
    line["percent"] = static_cast<double>(static_cast<int>(progress.percent * 10)) / 10;
    print_line(progress_fd_, line);
}

void CommandLineSource::finished(const Job& job, const Outcome<Ready>& outcome) {
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

std::expected<std::unique_ptr<CommandLineSource>, int> parse_command_line(int argc, char** argv) {
    Arguments arguments;
    CLI::App app("Makes what Mezz streams out of the files that people upload.", "ingest_worker");
    app.require_subcommand(1);
    CLI::App& command = *app.add_subcommand("transcode", "make a title from one file");
    add_options(command, arguments);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& mistake) {
        return std::unexpected(app.exit(mistake) == 0 ? 0 : kUsage);
    }
    auto ladder = read_ladder(arguments);
    if (!ladder) {
        std::fprintf(stderr, "%s\n", ladder.error().reason.c_str());
        return std::unexpected(kUsage);
    }
    arguments.job.order.ladder = std::move(*ladder);
    return std::make_unique<CommandLineSource>(std::move(arguments.job), arguments.progress_fd);
}

}  // namespace mezz::worker
