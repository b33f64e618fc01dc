#include "picture_process.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <system_error>

#include "library_log.hpp"
#include "picture_maker.hpp"
#include "sandbox.hpp"
#include "unique_fd.hpp"

namespace mezz::worker {
namespace {

constexpr int kOrdersOfOneProcess = 10000;
constexpr std::size_t kKeptBytes = 8U << 20;

std::atomic<bool> told_to_stop = false;

// SIGALRM keeps its default action: an order over its time ends the process.
void set_alarm(int seconds) noexcept {
    itimerval timer{};
    timer.it_value.tv_sec = seconds;
    ::setitimer(ITIMER_REAL, &timer, nullptr);
}

bool read_all(int fd, std::span<std::byte> to) noexcept {
    while (!to.empty()) {
        const ssize_t n = ::read(fd, to.data(), to.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        to = to.subspan(static_cast<std::size_t>(n));
    }
    return true;
}

bool write_all(int fd, Bytes bytes) noexcept {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
    return true;
}

bool has_left(int fd) noexcept {
    pollfd client{fd, POLLRDHUP, 0};
    return ::poll(&client, 1, 0) > 0 && (client.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

// The memory of one order after the other.
struct Desk {
    PictureMaker maker;
    std::vector<std::byte> head;
    std::vector<std::byte> data;

    // False if the client has left or makes no sense.
    bool take_order(int client) {
        std::array<std::byte, media::kPictureOrderPrefix> prefix{};
        if (!read_all(client, prefix)) return false;
        const auto sizes = media::parse_picture_order_prefix(prefix);
        if (!sizes) return false;
        head.resize(sizes->head);
        if (data.capacity() > kKeptBytes) data = {};
        data.resize(sizes->data);
        return read_all(client, head) && read_all(client, data);
    }

    Outcome<std::vector<std::byte>> work(int client) {
        const auto order = media::parse_picture_order(head, static_cast<std::uint32_t>(data.size()));
        if (!order) return give_up(FailureKind::internal, order.error().text);
        try {
            return maker.make(*order, data, [client] { return !has_left(client); });
        } catch (const std::bad_alloc&) {
            return give_up(FailureKind::limit, "The picture needs more memory than it may have.");
        } catch (const std::system_error&) {  // a thread without memory for a stack
            return give_up(FailureKind::limit, "The picture needs more memory than it may have.");
        }
    }
};

bool answer(int client, const Outcome<std::vector<std::byte>>& made) {
    using media::PictureStatus;
    media::PictureAnswer answer;
    if (made && made->size() <= media::kLargestJpeg)
        answer = {PictureStatus::made, static_cast<std::uint32_t>(made->size())};
    else if (!made && made.error().kind == FailureKind::internal)
        answer = {PictureStatus::failed, 0};
    else
        answer = {PictureStatus::undecodable, 0};
    std::vector<std::byte> prefix;
    media::write_picture_answer(answer, prefix);
    return write_all(client, prefix) && (answer.size == 0 || write_all(client, *made));
}

void serve(Desk& desk, int client) {
    if (!write_all(client, as_bytes(media::kPictureGreeting)) || !desk.take_order(client)) return;
    const auto made = desk.work(client);
    (void)answer(client, made);
}

void handle_signals() {
    struct sigaction action {};
    action.sa_handler = [](int /*signal*/) noexcept { told_to_stop = true; };
    ::sigaction(SIGTERM, &action, nullptr);
    ::signal(SIGINT, SIG_IGN);
    ::signal(SIGPIPE, SIG_IGN);
}

Outcome<void> protect(const PictureLimits& limits) {
    Limits all;
    all.memory_mib = limits.memory_mib;
    all.cpu_seconds =
        static_cast<std::uint64_t>(kOrdersOfOneProcess) * static_cast<std::uint64_t>(limits.seconds);
    all.file_mib = 0;
    return enter_sandbox(all, kPictureSocketFd, SocketUse::listener);
}

}  // namespace

int run_picture_process(const PictureLimits& limits) {
    handle_signals();
    capture_library_errors();
    if (const auto ok = protect(limits); !ok) {
        std::fprintf(stderr, "ingest_worker: %s %s\n", ok.error().reason.c_str(), ok.error().detail.c_str());
        return 1;
    }
    Desk desk;
    for (int served = 0; served < kOrdersOfOneProcess && !told_to_stop; ++served) {
        const UniqueFd client(::accept4(kPictureSocketFd, nullptr, nullptr, SOCK_CLOEXEC));
        if (!client.valid()) continue;
        set_alarm(limits.seconds);
        serve(desk, client.get());
        set_alarm(0);
    }
    return 0;
}

PictureLimits read_picture_limits(int argc, char** argv) {
    PictureLimits limits;
    if (argc < 4) return limits;
    limits.memory_mib = std::strtoull(argv[2], nullptr, 10);
    limits.seconds = std::atoi(argv[3]);
    return limits;
}

}  // namespace mezz::worker
