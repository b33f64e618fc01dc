// The process that reads an untrusted file, seen from the worker.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "channel.hpp"
#include "failure.hpp"
#include "unique_fd.hpp"

namespace mezz::worker {

/// Descriptors and argument of the process; it finds them at these numbers.
inline constexpr int kChannelFd = 3;
inline constexpr int kSourceFd = 4;
inline constexpr const char* kChildCommand = "sandboxed-transcode";

class ChildProcess {
public:
    /// Runs this program anew with kChildCommand, an empty environment, standard error, and the two
    /// descriptors, by so much less urgent than this one. Fails with kind system.
    [[nodiscard]] static Outcome<ChildProcess> start(int source_fd, int nice);

    ChildProcess(ChildProcess&& other) noexcept;
    ChildProcess& operator=(ChildProcess&&) = delete;
    ~ChildProcess();  ///< kills it, if it still runs

    [[nodiscard]] const Channel& channel() const noexcept { return channel_; }
    [[nodiscard]] pid_t pid() const noexcept { return pid_; }

    void kill() noexcept;

    /// Waits until it has ended; its wait status.
    [[nodiscard]] int wait() noexcept;

private:
    ChildProcess(pid_t pid, Channel channel) noexcept : pid_(pid), channel_(std::move(channel)) {}

    pid_t pid_ = -1;
    Channel channel_;
};

}  // namespace mezz::worker
