#include "transcode_options.hpp"

#include <fstream>
#include <iterator>

namespace mezz::worker {
namespace {

constexpr std::string_view kUnix = "unix:";

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

}  // namespace

void add_switch(CLI::App& command, const std::string& name, bool& value, const std::string& about) {
    command
        .add_option_function<std::string>(
            name, [&value](const std::string& text) { value = text == "on"; }, about + ", on or off")
        ->default_str(value ? "on" : "off")
        ->check(CLI::IsMember({"on", "off"}));
}

void add_transcode_options(CLI::App& command, TranscodeOptions& options) {
    command.add_option("--ladder", options.ladder_file, "JSON list of rungs, see README.md");
    command.add_option("--preset", options.preset, "of x264, for all rungs");
    command
        .add_option(
            "--threads", options.threads,
            "slices that each video encoder makes at once; the output depends on it (default: the ladder's)")
        ->check(CLI::Range(1, 32));
    command.add_option("--decoder-threads", options.decoder_threads, "of the video decoder")
        ->capture_default_str()
        ->check(CLI::Range(1, 32));
    add_switch(command, "--per-title", options.per_title, "fit the ladder to each title");
    command
        .add_option_function<std::string>(
            "--clamd", [&options](const std::string& text) { options.clamd = text.substr(kUnix.size()); },
            "unix:/path of the virus scanner that is asked about each file first")
        ->check([](const std::string& text) {
            const bool fine =
                text.starts_with(kUnix) && text.size() > kUnix.size() && text[kUnix.size()] == '/';
            return fine ? std::string() : "must be unix:/path";
        });
    add_limits(command, options.limits);
}

Outcome<std::vector<Rung>> read_ladder(const TranscodeOptions& options) {
    if (options.ladder_file.empty()) return with_options(default_ladder(), options);
    std::ifstream file(options.ladder_file);
    if (!file) return give_up(FailureKind::system, "--ladder: " + options.ladder_file + ": cannot be read");
    auto read = parse_ladder(std::string(std::istreambuf_iterator<char>(file), {}));
    if (!read) return read;
    return with_options(std::move(*read), options);
}

TranscodeOrder make_order(std::vector<Rung> ladder, const TranscodeOptions& options) {
    TranscodeOrder order;
    order.ladder = std::move(ladder);
    order.limits = options.limits;
    order.decoder_threads = options.decoder_threads;
    order.per_title = options.per_title;
    return order;
}

Outcome<std::vector<Rung>> with_options(std::vector<Rung> ladder, const TranscodeOptions& options) {
    for (Rung& rung : ladder) {
        if (options.threads > 0) rung.threads = options.threads;
        if (!options.preset.empty()) rung.preset = options.preset;
    }
    return parse_ladder(ladder_to_json(ladder));
}

}  // namespace mezz::worker
