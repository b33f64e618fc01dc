#include "child_process.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace mezz::worker {
namespace {

// In the new process: only async-signal-safe calls until exec.
[[noreturn]] void become_child(int channel, int source, int nice) noexcept {
    constexpr int kFirstFree = 10;
    constexpr int kExecFailed = 126;
    const int channel_copy = ::fcntl(channel, F_DUPFD, kFirstFree);
    const int source_copy = ::fcntl(source, F_DUPFD, kFirstFree);
    const int null = ::open("/dev/null", O_RDWR);
    if (channel_copy < 0 || source_copy < 0 || null < 0) ::_exit(kExecFailed);
    ::dup2(null, STDIN_FILENO);
    ::dup2(null, STDOUT_FILENO);
    ::dup2(null, STDERR_FILENO);  // encoders write there what nobody can make sense of
    ::dup2(channel_copy, kChannelFd);
    ::dup2(source_copy, kSourceFd);
    ::close_range(kSourceFd + 1, ~0U, 0);
    (void)!::nice(nice);
    // What ends the worker's whole group is the worker's to act on: else it would take this for a crash.
    ::signal(SIGTERM, SIG_IGN);
    ::signal(SIGINT, SIG_IGN);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    std::array<char, 16> program{"ingest_worker"};
    std::array<char, 32> command{};
    std::strncpy(command.data(), kChildCommand, command.size() - 1);
    std::array<char*, 3> arguments{program.data(), command.data(), nullptr};
    std::array<char*, 1> environment{nullptr};
    ::execve("/proc/self/exe", arguments.data(), environment.data());
    ::_exit(kExecFailed);
}

}  // namespace

Outcome<ChildProcess> ChildProcess::start(int source_fd, int nice) {
    auto ends = Channel::make_pair();
    if (!ends) return give_up(FailureKind::system, "No channel to a new process.", std::strerror(errno));
    const pid_t pid = ::fork();
    if (pid < 0) return give_up(FailureKind::system, "No new process.", std::strerror(errno));
    if (pid == 0) become_child(ends->second.fd(), source_fd, nice);
    return ChildProcess(pid, std::move(ends->first));
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), channel_(std::move(other.channel_)) {}

ChildProcess::~ChildProcess() {
    if (pid_ < 0) return;
    kill();
    (void)wait();
}

void ChildProcess::kill() noexcept {
    if (pid_ > 0) ::kill(pid_, SIGKILL);
}

int ChildProcess::wait() noexcept {
    int status = 0;
    while (pid_ > 0 && ::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
}

}  // namespace mezz::worker
