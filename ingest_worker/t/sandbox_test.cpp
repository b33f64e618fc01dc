// What a process can still do inside the sandbox; each attempt is made by a process of its own.
#include "sandbox.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <thread>
#include <vector>

#include "check.hpp"

using namespace mezz;
using namespace mezz::worker;

namespace {

constexpr int kRefused = 40;
constexpr int kDone = 41;
constexpr int kNotEntered = 42;
constexpr int kChannel = 3;

// Wait status of a process that enters the sandbox and calls `attempt`.
int status_of(int (*attempt)()) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        Limits limits;
        limits.memory_mib = 512;
        ::_exit(enter_sandbox(limits, kChannel) ? attempt() : kNotEntered);
    }
    int status = 0;
    (void)::waitpid(pid, &status, 0);
    return status;
}

bool refused(int (*attempt)()) {
    const int status = status_of(attempt);
    return WIFEXITED(status) && WEXITSTATUS(status) == kRefused;
}

bool done(int (*attempt)()) {
    const int status = status_of(attempt);
    return WIFEXITED(status) && WEXITSTATUS(status) == kDone;
}

bool killed(int (*attempt)()) {
    const int status = status_of(attempt);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

int result(bool worked) {
    return worked ? kDone : kRefused;
}

}  // namespace

static const char* opens_no_file() {
    MEZZ_CHECK(refused([] { return result(::open("/etc/passwd", O_RDONLY) >= 0); }));
    MEZZ_CHECK(refused([] { return result(::open("/dev/null", O_WRONLY) >= 0); }));
    MEZZ_CHECK(refused([] { return result(::openat(AT_FDCWD, ".", O_RDONLY) >= 0); }));
    MEZZ_CHECK(refused([] { return result(::access("/etc/passwd", R_OK) == 0); }));
    MEZZ_CHECK(refused([] { return result(::unlink("/nothing") == 0 || errno == ENOENT); }));
    return test::kFine;
}

static const char* talks_to_nobody() {
    MEZZ_CHECK(killed([] { return result(::socket(AF_INET, SOCK_STREAM, 0) >= 0); }));
    MEZZ_CHECK(killed([] { return result(::socket(AF_UNIX, SOCK_STREAM, 0) >= 0); }));
    MEZZ_CHECK(refused([] { return result(::kill(::getppid(), 0) == 0); }));
    return test::kFine;
}

static const char* runs_nothing_else() {
    MEZZ_CHECK(killed([] {
        char name[] = "/bin/true";
        char* arguments[] = {name, nullptr};
        return result(::execv(name, arguments) == 0);
    }));
    MEZZ_CHECK(killed([] { return result(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0); }));
    MEZZ_CHECK(refused([] { return result(::fork() >= 0); }));
    MEZZ_CHECK(refused([] {
        void* const page = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return result(page != MAP_FAILED);
    }));
    return test::kFine;
}

static const char* has_little_memory() {
    MEZZ_CHECK(refused([] {
        void* const memory = ::mmap(nullptr, 1U << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return result(memory != MAP_FAILED);
    }));
    return test::kFine;
}

static const char* still_computes() {
    MEZZ_CHECK(done([] {
        std::vector<int> numbers(100000, 1);
        int sum = 0;
        std::thread other([&] {
            for (const int n : numbers)
                sum += n;
        });
        other.join();
        return result(sum == 100000 && ::getuid() != 0);
    }));
    return test::kFine;
}

int main() {
    using test::checked;
    const CMUnitTest tests[] = {
        cmocka_unit_test(checked<opens_no_file>), cmocka_unit_test(checked<talks_to_nobody>),
        cmocka_unit_test(checked<runs_nothing_else>), cmocka_unit_test(checked<has_little_memory>),
        cmocka_unit_test(checked<still_computes>)};
    return cmocka_run_group_tests_name("sandbox", tests, nullptr, nullptr);
}
