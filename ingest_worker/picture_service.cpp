#include "picture_service.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

#include "event_log.hpp"
#include "unique_fd.hpp"

namespace mezz::worker {
namespace {

constexpr int kUsage = 2;
constexpr int kFirstFree = 10;

std::unexpected<Failure> cannot_listen(const std::string& path, const char* why) {
    return give_up(FailureKind::system, "--listen: " + path + ": " + why);
}

// A socket that nobody listens on any more is in the way; one that somebody does is not ours to take.
bool is_in_use(const sockaddr_un& address) {
    const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
           errno == EAGAIN;
}

Outcome<UniqueFd> listen_on(const std::string& path, int queue) {
    constexpr mode_t kOwnerAndGroup = 0660;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path)
        return cannot_listen(path, "a socket's path has 1 to 107 bytes");
    std::memcpy(address.sun_path, path.data(), path.size());
    struct stat there {};
    if (::lstat(path.c_str(), &there) == 0) {
        if (!S_ISSOCK(there.st_mode)) return cannot_listen(path, "is there and no socket");
        if (is_in_use(address)) return cannot_listen(path, "another service listens there");
        ::unlink(path.c_str());
    }
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const mode_t before = ::umask(0777 & ~kOwnerAndGroup);
    const int bound = ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const int error = errno;
    ::umask(before);
    if (bound != 0) return cannot_listen(path, std::strerror(error));
    if (::listen(socket.get(), queue) != 0) return cannot_listen(path, std::strerror(errno));
    return socket;
}

// In the new process: only async-signal-safe calls until exec.
[[noreturn]] void become_process(int socket, char** arguments) noexcept {
    constexpr int kExecFailed = 126;
    const int copy = ::fcntl(socket, F_DUPFD, kFirstFree);
    const int null = ::open("/dev/null", O_RDWR);
    if (copy < 0 || null < 0) ::_exit(kExecFailed);
    ::dup2(null, STDIN_FILENO);
    ::dup2(null, STDOUT_FILENO);
    ::dup2(copy, kPictureSocketFd);
    ::close_range(kPictureSocketFd + 1, ~0U, 0);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    std::array<char*, 1> environment{nullptr};
    ::execve("/proc/self/exe", arguments, environment.data());
    ::_exit(kExecFailed);
}

pid_t start_process(int socket, const PictureLimits& limits) {
    std::array<std::string, 4> texts{"ingest_worker", kPictureCommand, std::to_string(limits.memory_mib),
                                     std::to_string(limits.seconds)};
    std::array<char*, 5> arguments{};
    for (std::size_t i = 0; i < texts.size(); ++i)
        arguments[i] = texts[i].data();
    const pid_t pid = ::fork();
    if (pid == 0) become_process(socket, arguments.data());
    return pid;
}

class Processes {
public:
    Processes(int socket, const PictureServiceOptions& options) : socket_(socket), options_(options) {}

    void fill() {
        while (pids_.size() < static_cast<std::size_t>(options_.processes)) {
            const pid_t pid = start_process(socket_, options_.limits);
            if (pid < 0) {
                log_event(LogLevel::error, "picture_process_not_started", {{"error", std::strerror(errno)}});
                return;
            }
            pids_.push_back(pid);
        }
    }

    // True if one could not begin its work: the next one would not either.
    bool collect() {
        bool failed = false;
        int status = 0;
        for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
            std::erase(pids_, pid);
            if (WIFSIGNALED(status))
                log_event(LogLevel::warning, "picture_process_died",
                          {{"signal", std::to_string(WTERMSIG(status))}});
            failed = failed || (WIFEXITED(status) && WEXITSTATUS(status) != 0);
        }
        return failed;
    }

    // Told again and again: a signal that comes right before accept() is not seen by it.
    void stop() {
        constexpr auto kStep = std::chrono::milliseconds(50);
        const auto deadline =
            std::chrono::steady_clock::now() + std::chrono::seconds(options_.limits.seconds + 1);
        while (!pids_.empty()) {
            const int signal = std::chrono::steady_clock::now() < deadline ? SIGTERM : SIGKILL;
            for (const pid_t pid : pids_)
                ::kill(pid, signal);
            std::this_thread::sleep_for(kStep);
            (void)collect();
        }
    }

private:
    int socket_;
    const PictureServiceOptions& options_;
    std::vector<pid_t> pids_;
};

}  // namespace

int run_picture_service(const PictureServiceOptions& options) {
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int signal : {SIGCHLD, SIGTERM, SIGINT})
        ::sigaddset(&signals, signal);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    start_event_log(options.log_level);
    const auto socket = listen_on(options.socket, options.queue);
    if (!socket) {
        std::fprintf(stderr, "%s\n", socket.error().reason.c_str());
        return kUsage;
    }
    Processes processes(socket->get(), options);
    for (int signal = SIGCHLD; signal == SIGCHLD; signal = ::sigwaitinfo(&signals, nullptr)) {
        if (processes.collect()) std::this_thread::sleep_for(std::chrono::seconds(1));
        processes.fill();
    }
    ::unlink(options.socket.c_str());
    processes.stop();
    return 0;
}

}  // namespace mezz::worker
