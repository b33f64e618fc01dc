#include "nginx/redis_link.hpp"

#include <hiredis/hiredis.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace mezz::nginx {

// Only hiredis's blocks for sending, reading and parsing are used, not its asynchronous part: that owns the
// contexts, frees them in the midst of callbacks and has no notion of a time limit.

void RedisLink::Free::operator()(redisContext* context) const noexcept {
    redisFree(context);
}

RedisLink::RedisLink(Listener& listener) noexcept : listener_(listener), fd_(*this) {}
RedisLink::~RedisLink() {
    close();
}

void RedisLink::open(const RedisAddress& address, std::size_t host) noexcept {
    close();
    context_.reset(
        address.path.empty()
            ? redisConnectNonBlock(address.hosts[host % address.hosts.size()].c_str(), address.port)
            : redisConnectUnixNonBlock(address.path.c_str()));
    if (context_ == nullptr) {
        listener_.on_lost("no memory");
    } else if (context_->err != 0) {
        lose(context_->errstr);
    } else if (!fd_.attach(context_->fd) || !fd_.want(false, true)) {
        lose("no connection is left in the worker");
    }
}

void RedisLink::close() noexcept {
    fd_.detach(true);
    connected_ = false;
    context_.reset();
}

// The text may be the context's own.
void RedisLink::lose(std::string_view why) noexcept {
    fd_.detach(true);
    connected_ = false;
    const auto context = std::exchange(context_, nullptr);
    listener_.on_lost(why);
}

bool RedisLink::send(const RedisCommand& command) noexcept {
    char head[24] = {'*'};
    const auto end = std::to_chars(head + 1, head + sizeof(head) - 2, command.count()).ptr;
    std::memcpy(end, "\r\n", 2);
    const auto size = static_cast<std::size_t>(end + 2 - head);
    if (redisAppendFormattedCommand(context_.get(), head, size) != REDIS_OK ||
        redisAppendFormattedCommand(context_.get(), command.encoded().data(), command.encoded().size()) !=
            REDIS_OK) {
        return false;
    }
    if (connected_) flush();
    return true;
}

void RedisLink::flush() noexcept {
    int done = 0;
    if (redisBufferWrite(context_.get(), &done) != REDIS_OK) {
        lose(context_->errstr);
    } else if (!fd_.want(true, done == 0)) {
        lose("the kernel does not watch the descriptor");
    }
}

void RedisLink::on_writable() noexcept {
    if (connected_) {
        flush();
        return;
    }
    int error = 0;
    socklen_t size = sizeof(error);
    if (::getsockopt(context_->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) {
        char text[128];
        lose(::strerror_r(error, text, sizeof(text)));
        return;
    }
    connected_ = true;
    if (context_->connection_type == REDIS_CONN_TCP) (void)redisEnableKeepAlive(context_.get());
    const redisContext* context = context_.get();
    listener_.on_connected();
    if (context_.get() == context) flush();
}

void RedisLink::on_readable() noexcept {
    if (redisBufferRead(context_.get()) != REDIS_OK) {
        lose(context_->errstr);
        return;
    }
    redisContext* const context = context_.get();
    while (context_.get() == context) {
        void* reply = nullptr;
        if (redisGetReplyFromReader(context, &reply) != REDIS_OK) {
            lose(context->errstr);
            return;
        }
        if (reply == nullptr) return;
        listener_.on_reply(RedisReply(static_cast<redisReply*>(reply)));
    }
}

void RedisLink::check() noexcept {
    if (connected_) on_readable();
}

void RedisLink::set_idle(bool idle) noexcept {
    if (fd_.attached()) fd_.set_idle(idle);
}

}  // namespace mezz::nginx
