#include "output_files.hpp"

#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

namespace mezz::worker {

Failure write_failure(int error) {
    switch (error) {
        case ENOSPC:
        case EDQUOT:
            return {FailureKind::system, "The disk is full.", {}};
        case EFBIG:
            return {FailureKind::limit, "A rendition would be larger than an output file may be.", {}};
        default:
            return {FailureKind::system, "A file could not be written.", std::strerror(error)};
    }
}

Outcome<UniqueFd> OutputFiles::create(std::string_view name) const {
    return ask(nlohmann::json{{"create", name}}.dump());
}

Outcome<UniqueFd> OutputFiles::scratch() const {
    return ask(R"({"scratch":true})");
}

Outcome<UniqueFd> OutputFiles::ask(const std::string& question) const {
    const std::lock_guard lock(asking_);
    if (!worker_.send(question)) return give_up(FailureKind::system, "The worker is gone.");
    auto answer = worker_.receive();
    if (!answer) return give_up(FailureKind::system, "The worker is gone.");
    if (!answer->fd.valid())
        return give_up(FailureKind::system, "A file could not be made.", std::move(answer->text));
    return std::move(answer->fd);
}

Outcome<void> write_all(int fd, Bytes bytes) {
    while (!bytes.empty()) {
        const ssize_t done = ::write(fd, bytes.data(), bytes.size());
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return std::unexpected(write_failure(errno));
        bytes = bytes.subspan(static_cast<std::size_t>(done));
    }
    return {};
}

Outcome<void> append_range(int to, int from, std::uint64_t offset, std::uint64_t length) {
    constexpr std::uint64_t kPiece = 16U << 20;
    auto position = static_cast<off_t>(offset);
    while (length > 0) {
        const ssize_t done = ::sendfile(to, from, &position, std::min(length, kPiece));
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return std::unexpected(write_failure(errno));
        if (done == 0) return give_up(FailureKind::system, "A file became shorter while it was copied.");
        length -= static_cast<std::uint64_t>(done);
    }
    return {};
}

Outcome<void> write_file(const OutputFiles& files, std::string_view name, Bytes bytes) {
    const auto file = files.create(name);
    if (!file) return std::unexpected(file.error());
    if (auto ok = write_all(file->get(), bytes); !ok) return ok;
    if (::fsync(file->get()) != 0) return std::unexpected(write_failure(errno));
    return {};
}

}  // namespace mezz::worker
