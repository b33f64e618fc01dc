// What the process that reads an untrusted file gives up before it does.
#pragma once

#include "failure.hpp"
#include "job.hpp"

namespace mezz::worker {

/// What a process in the sandbox may do with its socket.
enum class SocketUse : std::uint8_t {
    channel,   ///< exchange messages over it
    listener,  ///< accept connections from it and bound their time
};

/// Irrevocably, for this process and its threads: dies with its parent; no core dump; limits on address
/// space, CPU time, file size and open files; if started as root, an ordinary user without groups; a network
/// name space of its own where the system permits; no new privileges; and only those system calls that
/// computing, threads and open descriptors need. Opening a file, by whatever name, is refused; making a
/// socket, running a program or tracing kills the process. `socket_fd` is the only socket that may be used,
/// and connections accepted from it. Call it with one thread, after all libraries are loaded.
[[nodiscard]] Outcome<void> enter_sandbox(const Limits& limits, int socket_fd,
                                          SocketUse use = SocketUse::channel);

/// The last step of enter_sandbox(): the system-call filter alone.
[[nodiscard]] Outcome<void> filter_system_calls(int socket_fd, SocketUse use);

}  // namespace mezz::worker
