#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "sandbox.hpp"

namespace mezz::worker {
namespace {

struct FilterDeleter {
    void operator()(void* filter) const noexcept { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, FilterDeleter>;

// Computing, memory, threads, time, and input and output on descriptors that are open already.
constexpr std::array kAllowed = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(lseek),
    SCMP_SYS(fstat),
    SCMP_SYS(close),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(ftruncate),
    SCMP_SYS(sendfile),
    SCMP_SYS(copy_file_range),
    SCMP_SYS(fallocate),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(futex),
    SCMP_SYS(rseq),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(membarrier),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getcpu),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getppid),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getrandom),
    SCMP_SYS(getrlimit),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
    SCMP_SYS(poll),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

// Nothing here does this by itself: it is an attack, and ends the process.
constexpr std::array kDeadly = {
    SCMP_SYS(socket),
    SCMP_SYS(connect),
    SCMP_SYS(bind),
    SCMP_SYS(listen),
    SCMP_SYS(accept),
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(ptrace),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(bpf),
    SCMP_SYS(keyctl),
    SCMP_SYS(init_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
};

class Rules {
public:
    explicit Rules(scmp_filter_ctx filter) noexcept : filter_(filter) {}

    template <class... Conditions>
    void add(std::uint32_t action, int call, Conditions... conditions) noexcept {
        const std::array<scmp_arg_cmp, sizeof...(conditions)> list{conditions...};
        const int error = seccomp_rule_add_array(filter_, action, call, sizeof...(conditions), list.data());
        if (error != 0 && error_ == 0) error_ = error;
    }
    [[nodiscard]] int error() const noexcept { return error_; }

private:
    scmp_filter_ctx filter_;
    int error_ = 0;
};

scmp_arg_cmp is(unsigned argument, scmp_datum_t value) noexcept {
    return {argument, SCMP_CMP_EQ, value, 0};
}
scmp_arg_cmp has_bits(unsigned argument, scmp_datum_t bits, scmp_datum_t value) noexcept {
    return {argument, SCMP_CMP_MASKED_EQ, bits, value};
}

void add_socket(Rules& rules, int socket_fd, SocketUse use) {
    const auto socket = static_cast<scmp_datum_t>(socket_fd);
    if (use == SocketUse::channel) {
        rules.add(SCMP_ACT_ALLOW, SCMP_SYS(sendmsg), is(0, socket));
        rules.add(SCMP_ACT_ALLOW, SCMP_SYS(recvmsg), is(0, socket));
        rules.add(SCMP_ACT_KILL_PROCESS, SCMP_SYS(accept4));
    } else {
        rules.add(SCMP_ACT_ALLOW, SCMP_SYS(accept4), is(0, socket));
        rules.add(SCMP_ACT_ALLOW, SCMP_SYS(setitimer), is(0, ITIMER_REAL));
    }
}

void add_conditional(Rules& rules) {
    rules.add(SCMP_ACT_ALLOW, SCMP_SYS(mmap), has_bits(2, PROT_EXEC, 0));
    rules.add(SCMP_ACT_ALLOW, SCMP_SYS(mprotect), has_bits(2, PROT_EXEC, 0));
    rules.add(SCMP_ACT_ALLOW, SCMP_SYS(clone), has_bits(0, CLONE_THREAD, CLONE_THREAD));
    rules.add(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));  // its flags cannot be seen; glibc then takes clone
    rules.add(SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), has_bits(3, AT_EMPTY_PATH, AT_EMPTY_PATH));
    rules.add(SCMP_ACT_ALLOW, SCMP_SYS(prctl), is(0, PR_SET_NAME));
    rules.add(SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), is(2, 0));
    rules.add(SCMP_ACT_ALLOW, SCMP_SYS(fcntl), is(1, F_GETFL));
    rules.add(SCMP_ACT_ALLOW, SCMP_SYS(fcntl), is(1, F_GETFD));
    rules.add(SCMP_ACT_ALLOW, SCMP_SYS(tgkill), is(0, static_cast<scmp_datum_t>(::getpid())));
}

}  // namespace

Outcome<void> filter_system_calls(int socket_fd, SocketUse use) {
    const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EACCES)));
    Rules rules(filter.get());
    if (filter) {
        for (const int call : kAllowed)
            rules.add(SCMP_ACT_ALLOW, call);
        for (const int call : kDeadly)
            rules.add(SCMP_ACT_KILL_PROCESS, call);
        add_socket(rules, socket_fd, use);
        add_conditional(rules);
    }
    const int error = !filter ? -ENOMEM : rules.error() != 0 ? rules.error() : seccomp_load(filter.get());
    if (error == 0) return {};
    return give_up(FailureKind::system, "The protected process could not be set up.",
                   std::string("seccomp: ") + std::strerror(-error));
}

}  // namespace mezz::worker
