#include "nginx/picture_link.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace mezz::nginx {

PictureOp PictureLink::ready(std::source_location where) noexcept {
    return PictureOp(*this, {}, "waiting for the picture service", where);
}

PictureOp PictureLink::exchange(const std::vector<std::byte>& order, std::source_location where) noexcept {
    return PictureOp(*this, order, "waiting for a picture", where);
}

void PictureOp::on_time_limit() noexcept {
    settle(fail(ErrorCode::busy, "picture service: no answer in time"));
}

void PictureLink::begin(PictureOp& op) noexcept {
    op_ = &op;
    if (op.order_.empty()) {
        connect();
        return;
    }
    ordered_ = true;
    received_ = 0;
    unsent_ = op.order_;
    on_writable();
}

void PictureLink::connect() noexcept {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, conf_.socket.data(),
                std::min(conf_.socket.size(), sizeof address.sun_path - 1));
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) {
        settle(fail(ErrorCode::internal, "picture service: no socket"));
    } else if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        // A socket of this kind connects at once or not at all.
        const bool full = errno == EAGAIN;
        settle(fail(ErrorCode::busy, full ? "picture service: too many wait" : "picture service: not there"));
    } else if (!watch_.attach(fd_) || !watch_.want(true, false)) {
        settle(fail(ErrorCode::busy, "no connection is left in the worker"));
    }
}

void PictureLink::on_readable() noexcept {
    if (ordered_)
        receive_answer();
    else
        receive_greeting();
}

void PictureLink::on_writable() noexcept {
    while (!unsent_.empty()) {
        const ssize_t n = ::send(fd_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
        if (n >= 0) {
            unsent_ = unsent_.subspan(static_cast<std::size_t>(n));
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            lose(errno);
            return;
        }
    }
    if (!watch_.want(unsent_.empty(), !unsent_.empty())) lose(0);
}

void PictureLink::on_shutdown() noexcept {
    settle(fail(ErrorCode::busy, "picture service: the worker quits"));
}

// As much as is there; 0 also if the link was lost.
std::size_t PictureLink::receive(std::span<std::byte> to) noexcept {
    for (;;) {
        const ssize_t n = ::recv(fd_, to.data(), to.size(), 0);
        if (n > 0) return static_cast<std::size_t>(n);
        if (n < 0 && errno == EINTR) continue;
        if (n == 0 || errno != EAGAIN) lose(n == 0 ? 0 : errno);
        return 0;
    }
}

void PictureLink::receive_greeting() noexcept {
    const std::span<std::byte> room(prefix_);
    constexpr std::size_t kSize = media::kPictureGreeting.size();
    const std::size_t n = receive(room.first(kSize).subspan(received_));
    if (n == 0) return;
    received_ += n;
    if (received_ < kSize) return;
    if (as_text(Bytes(prefix_).first(kSize)) != media::kPictureGreeting)
        settle(fail(ErrorCode::internal, "picture service: another program answers"));
    else if (!watch_.want(false, false))
        lose(0);
    else
        settle(true);
}

void PictureLink::receive_answer() noexcept {
    while (op_ != nullptr && !op_->settled()) {
        const bool in_prefix = jpeg_.empty();
        const std::span<std::byte> room =
            in_prefix ? std::span<std::byte>(prefix_) : std::as_writable_bytes(std::span(jpeg_));
        const std::size_t n = receive(room.subspan(received_));
        if (n == 0) return;
        received_ += n;
        if (received_ < room.size()) continue;
        if (in_prefix)
            take_prefix();
        else
            settle(true);
    }
}

void PictureLink::take_prefix() noexcept {
    const auto answer = media::parse_picture_answer(prefix_);
    if (!answer) {
        settle(std::unexpected(answer.error()));
    } else if (answer->status == media::PictureStatus::made) {
        received_ = 0;
        try {
            jpeg_.resize(answer->size);
        } catch (const std::bad_alloc&) {
            settle(fail(ErrorCode::internal, "no memory"));
        }
    } else if (answer->status == media::PictureStatus::undecodable) {
        settle(fail(ErrorCode::bad_media, "picture: it cannot be decoded"));
    } else {
        settle(fail(ErrorCode::internal, "picture service: it failed"));
    }
}

// Only what has got a whole order can have died of it.
void PictureLink::lose(int error) noexcept {
    if (error != 0)
        log_line(ngx_cycle->log, NGX_LOG_WARN, error, "mezz: the connection to the picture service broke");
    settle(ordered_ && unsent_.empty() ? fail(ErrorCode::bad_media, "picture: its decoder died")
                                       : fail(ErrorCode::busy, "picture service: it ended the connection"));
}

void PictureLink::settle(Result<bool> result) noexcept {
    if (op_ == nullptr) {
        close();
        return;
    }
    // The descriptor is left alone until it is wanted again, or closed.
    if (!result || ordered_) close();
    op_->settle(std::move(result));
}

void PictureLink::close() noexcept {
    watch_.detach(true);
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

}  // namespace mezz::nginx
