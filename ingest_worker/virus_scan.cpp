#include "virus_scan.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "core/bytes.hpp"
#include "unique_fd.hpp"

namespace mezz::worker {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kBetweenTries(2);
constexpr std::chrono::minutes kPatience(10);
constexpr int kTick = 250;  // ms

UniqueFd connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path)) return {};
    std::memcpy(address.sun_path, path.data(), path.size());
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd.valid() || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
        return {};
    return fd;
}

// One exchange with clamd. What it answers, or empty if the connection failed.
class Exchange {
public:
    Exchange(int file, UniqueFd socket, JobControl& control)
        : file_(file), socket_(std::move(socket)), control_(control) {}

    Outcome<std::string> run() {
        auto sent = send(as_bytes(std::string_view("zINSTREAM\0", 10)));
        if (sent && *sent) sent = send_file();
        if (!sent) return std::unexpected(std::move(sent.error()));
        return receive();
    }

private:
    // False if clamd is silent for too long; it may take long over a large file.
    Outcome<bool> wait_for(short events) {
        const auto deadline = Clock::now() + kPatience;
        for (;;) {
            if (auto why = control_.stopped()) return std::unexpected(std::move(*why));
            pollfd waiting{socket_.get(), events, 0};
            if (::poll(&waiting, 1, kTick) > 0) return true;
            if (Clock::now() > deadline) return false;
        }
    }

    Outcome<bool> send(Bytes bytes) {
        while (!bytes.empty()) {
            const ssize_t done = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (done >= 0) {
                bytes = bytes.subspan(static_cast<std::size_t>(done));
                continue;
            }
            if (errno == EINTR) continue;
            if (errno != EAGAIN) return false;
            auto ready = wait_for(POLLOUT);
            if (!ready || !*ready) return ready;
        }
        return true;
    }

    // Each piece behind its length; an empty one ends the file.
    Outcome<bool> send_file() {
        constexpr std::size_t kPiece = 256U << 10;
        constexpr std::size_t kLength = 4;
        std::vector<std::byte> piece(kLength + kPiece);
        for (off_t position = 0;;) {
            const ssize_t got = ::pread(file_, piece.data() + kLength, kPiece, position);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0)
                return give_up(FailureKind::system, "The upload cannot be read.", std::strerror(errno));
            const auto size = static_cast<std::size_t>(got);
            for (std::size_t i = 0; i < kLength; ++i)
                piece[i] = static_cast<std::byte>(size >> (8 * (kLength - 1 - i)) & 0xFF);
            auto sent = send(Bytes(piece).first(kLength + size));
            // Clamd says why it hangs up, as for a file that is too large: that is still to be read.
            if (!sent || size == 0 || !*sent) return sent ? Outcome<bool>(true) : sent;
            position += got;
        }
    }

    Outcome<std::string> receive() {
        constexpr std::size_t kLongest = 4096;
        std::string answer;
        std::array<char, 512> buffer{};
        while (answer.size() < kLongest) {
            const auto ready = wait_for(POLLIN);
            if (!ready) return std::unexpected(ready.error());
            const ssize_t got = *ready ? ::recv(socket_.get(), buffer.data(), buffer.size(), 0) : 0;
            if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
            if (got <= 0) break;
            answer.append(buffer.data(), static_cast<std::size_t>(got));
            if (answer.back() == '\0') {
                answer.pop_back();
                return answer;
            }
        }
        return std::string();
    }

    int file_;
    UniqueFd socket_;
    JobControl& control_;
};

// True if the answer says that all is well, false if it says nothing of use.
Outcome<bool> judge(const std::string& answer) {
    constexpr std::string_view kStart = "stream: ";
    constexpr std::string_view kFound = " FOUND";
    if (answer == "stream: OK") return true;
    if (answer.starts_with(kStart) && answer.ends_with(kFound))
        return give_up(FailureKind::source,
                       "The file is infected: " +
                           answer.substr(kStart.size(), answer.size() - kStart.size() - kFound.size()) + ".");
    if (answer.find("size limit exceeded") != std::string::npos)
        return give_up(FailureKind::limit, "The file is larger than the virus scanner accepts.", answer);
    return false;
}

}  // namespace

Outcome<void> scan_for_viruses(int fd, const std::string& path, JobControl& control) {
    const auto deadline = Clock::now() + kPatience;
    std::string last = "no connection";
    while (Clock::now() < deadline) {
        if (UniqueFd socket = connect_to(path); socket.valid()) {
            auto answer = Exchange(fd, std::move(socket), control).run();
            if (!answer) return std::unexpected(std::move(answer.error()));
            const auto well = judge(*answer);
            if (!well) return std::unexpected(well.error());
            if (*well) return {};
            last = answer->empty() ? "no answer" : *answer;
        }
        for (const auto next = Clock::now() + kBetweenTries; Clock::now() < next;) {
            if (auto why = control.stopped()) return std::unexpected(std::move(*why));
            std::this_thread::sleep_for(std::chrono::milliseconds(kTick));
        }
    }
    return give_up(FailureKind::system, "The virus scanner cannot be reached.", path + ": " + last);
}

}  // namespace mezz::worker
