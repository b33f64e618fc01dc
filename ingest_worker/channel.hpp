// Messages between the worker and the process that reads a file: JSON texts, with a descriptor where one is
// handed over. A message arrives whole or not at all.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "unique_fd.hpp"

namespace mezz::worker {

struct Message {
    std::string text;
    UniqueFd fd;  ///< not valid if none came along
};

class Channel {
public:
    Channel() = default;
    explicit Channel(UniqueFd socket) noexcept : socket_(std::move(socket)) {}

    /// Both ends, closed on exec; nullopt if the system gives none.
    [[nodiscard]] static std::optional<std::pair<Channel, Channel>> make_pair();

    /// Longest text that can be sent, bytes.
    static constexpr std::size_t kLongest = 160 * 1024;

    /// False if the other end is gone or the text is too long. Blocks while the other end is busy.
    [[nodiscard]] bool send(std::string_view text, int fd = -1) const;

    /// The next message; nullopt if the other end is gone. Blocks.
    [[nodiscard]] std::optional<Message> receive() const;

    [[nodiscard]] int fd() const noexcept { return socket_.get(); }
    void close() noexcept { socket_.reset(); }

private:
    UniqueFd socket_;
};

}  // namespace mezz::worker
