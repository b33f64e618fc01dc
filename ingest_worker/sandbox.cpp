#include "sandbox.hpp"

#include <grp.h>
#include <malloc.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace mezz::worker {
namespace {

std::unexpected<Failure> refused(const char* what) {
    return give_up(FailureKind::system, "The protected process could not be set up.",
                   std::string(what) + ": " + std::strerror(errno));
}

bool limit(__rlimit_resource_t resource, rlim_t value) noexcept {
    const rlimit both{value, value};
    return ::setrlimit(resource, &both) == 0;
}

Outcome<void> set_limits(const Limits& limits) {
    constexpr rlim_t kFiles = 256;
    if (!limit(RLIMIT_CORE, 0)) return refused("RLIMIT_CORE");
    if (!limit(RLIMIT_AS, limits.memory_mib << 20)) return refused("RLIMIT_AS");
    const rlimit cpu{limits.cpu_seconds, limits.cpu_seconds + 5};  // first SIGXCPU, which tells why
    if (::setrlimit(RLIMIT_CPU, &cpu) != 0) return refused("RLIMIT_CPU");
    if (!limit(RLIMIT_FSIZE, limits.file_mib << 20)) return refused("RLIMIT_FSIZE");
    if (!limit(RLIMIT_NOFILE, kFiles)) return refused("RLIMIT_NOFILE");
    ::signal(SIGXFSZ, SIG_IGN);  // a write over the limit then fails with EFBIG
    return {};
}

Outcome<void> drop_root() {
    constexpr uid_t kNobody = 65534;
    if (::geteuid() != 0) return {};
    if (::setgroups(0, nullptr) != 0) return refused("setgroups");
    if (::setresgid(kNobody, kNobody, kNobody) != 0) return refused("setresgid");
    if (::setresuid(kNobody, kNobody, kNobody) != 0) return refused("setresuid");
    return {};
}

// Not permitted everywhere; the system-call filter holds without it.
void leave_network() noexcept {
    if (::unshare(CLONE_NEWNET | CLONE_NEWIPC) != 0) (void)::unshare(CLONE_NEWUSER | CLONE_NEWNET);
}

}  // namespace

Outcome<void> enter_sandbox(const Limits& limits, int socket_fd, SocketUse use) {
    constexpr int kArenas = 4;  // each reserves 64 MiB of the address space
    const pid_t parent = ::getppid();
    ::mallopt(M_ARENA_MAX, kArenas);
    leave_network();
    if (auto ok = drop_root(); !ok) return ok;
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return refused("PR_SET_PDEATHSIG");
    if (::getppid() != parent) return refused("parent");
    if (::prctl(PR_SET_DUMPABLE, 0) != 0) return refused("PR_SET_DUMPABLE");
    if (auto ok = set_limits(limits); !ok) return ok;
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refused("PR_SET_NO_NEW_PRIVS");
    return filter_system_calls(socket_fd, use);
}

}  // namespace mezz::worker
