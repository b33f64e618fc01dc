// Threads that leave the program's signals to the main thread, whose waits they are to end.
#pragma once

#include <csignal>
#include <thread>
#include <utility>

namespace mezz::worker {

template <class Body>
[[nodiscard]] std::thread quiet_thread(Body body) {
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread thread(std::move(body));
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return thread;
}

}  // namespace mezz::worker
