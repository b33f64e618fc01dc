// ingest_worker: see README.md.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <exception>
#include <span>
#include <string_view>
#include <thread>

#include "child.hpp"
#include "child_process.hpp"
#include "command_line.hpp"
#include "picture_process.hpp"
#include "quiet_thread.hpp"
#include "runner.hpp"

namespace {

std::atomic<bool> stop = false;
static_assert(std::atomic<bool>::is_always_lock_free);  // a signal handler sets it

void ask_to_stop(int /*signal*/) noexcept {
    stop = true;
}

void handle_signals() {
    struct sigaction action {};
    action.sa_handler = &ask_to_stop;
    ::sigaction(SIGTERM, &action, nullptr);
    ::sigaction(SIGINT, &action, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
}

void work(mezz::worker::JobSource& source) {
    while (const auto job = source.next())
        source.finished(*job, mezz::worker::run_job(*job, source, source));
}

// A thread for each but the first: a protected process dies with the thread that started it.
void work(const mezz::worker::JobSources& sources) {
    std::vector<std::thread> threads;
    for (const auto& source : std::span(sources).subspan(1))
        threads.push_back(mezz::worker::quiet_thread([&source] { work(*source); }));
    work(*sources.front());
    for (std::thread& thread : threads)
        thread.join();
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (argc == 2 && std::string_view(argv[1]) == mezz::worker::kChildCommand)
            return mezz::worker::run_child();
        if (argc > 1 && std::string_view(argv[1]) == mezz::worker::kPictureCommand)
            return mezz::worker::run_picture_process(mezz::worker::read_picture_limits(argc, argv));
        handle_signals();
        auto sources = mezz::worker::parse_command_line(argc, argv, stop);
        if (!sources) return sources.error();
        work(*sources);
        return sources->front()->exit_code();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "ingest_worker: %s\n", error.what());
        return 1;
    }
}
