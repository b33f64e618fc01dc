// One order to the picture service (ingest_worker pictures), whose wire is media/picture_call.hpp. What may
// crash a decoder crashes a process there, never this one.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "media/picture_call.hpp"
#include "nginx/backend_op.hpp"
#include "nginx/foreign_fd.hpp"

namespace mezz::nginx {

/// What `mezz_pictures` says.
struct PictureConf {
    std::string socket;  ///< path; empty: off
    ngx_msec_t time_limit = 5000;
    std::uint16_t max_width = 1920;  ///< pixels
};

class PictureOp;

/// A connection for one order. When it is destroyed before its time the service notices and stops.
class PictureLink final : private ForeignFd::Listener {
public:
    /// `conf` outlives it.
    explicit PictureLink(const PictureConf& conf) noexcept : conf_(conf), watch_(*this) {}
    PictureLink(const PictureLink&) = delete;
    PictureLink& operator=(const PictureLink&) = delete;
    ~PictureLink() { close(); }

    /// `co_await link.ready()` connects and waits until a process of the service is free. Fails with busy if
    /// too many wait already, or that takes too long, or the service is not there.
    [[nodiscard]] PictureOp ready(std::source_location where = std::source_location::current()) noexcept;

    /// `co_await link.exchange(order)` sends a whole order and takes the JPEG; the vector is a variable of
    /// the coroutine's. Fails with bad_media if the pictures cannot be decoded, or the process died of them;
    /// with busy if that takes too long. Once, after ready().
    [[nodiscard]] PictureOp exchange(const std::vector<std::byte>& order,
                                     std::source_location where = std::source_location::current()) noexcept;
    PictureOp exchange(std::vector<std::byte>&& order) = delete;

    /// The JPEG, after exchange().
    [[nodiscard]] std::string take_jpeg() noexcept { return std::move(jpeg_); }

private:
    friend class PictureOp;

    void begin(PictureOp& op) noexcept;
    void forget() noexcept { op_ = nullptr; }

    void connect() noexcept;
    void on_readable() noexcept override;
    void on_writable() noexcept override;
    void on_shutdown() noexcept override;
    [[nodiscard]] std::size_t receive(std::span<std::byte> to) noexcept;
    void receive_greeting() noexcept;
    void receive_answer() noexcept;
    void take_prefix() noexcept;
    void lose(int error) noexcept;
    void settle(Result<bool> result) noexcept;
    void close() noexcept;

    const PictureConf& conf_;
    ForeignFd watch_;
    int fd_ = -1;
    PictureOp* op_ = nullptr;
    Bytes unsent_;
    bool ordered_ = false;
    std::size_t received_ = 0;  // of greeting, prefix or JPEG
    std::array<std::byte, media::kPictureAnswerPrefix> prefix_{};
    std::string jpeg_;  // as long as it will be, once the prefix is there
};

/// See PictureLink.
class PictureOp final : public BackendOp<PictureOp, bool> {
public:
    PictureOp(PictureLink& link, Bytes order, const char* what, std::source_location where) noexcept
        : BackendOp(what, link.conf_.time_limit, where), link_(link), order_(order) {}
    ~PictureOp() { link_.forget(); }

    bool start() noexcept {
        link_.begin(*this);
        return true;
    }
    void on_time_limit() noexcept override;

private:
    friend class PictureLink;

    PictureLink& link_;
    Bytes order_;  // empty: wait for the greeting
};

}  // namespace mezz::nginx
