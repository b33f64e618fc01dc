#include "redis_link.hpp"

#include <sys/time.h>

#include <charconv>

namespace mezz::worker {
namespace {

constexpr timeval kLongestConnect{1, 500000};  // and as long again for the first reply
constexpr timeval kLongestReply{3, 0};

// Empty if all is well. A server that is stopped accepts connections; one that loads its file answers errors.
std::string fault_of(redisContext* context) {
    if (context == nullptr) return "no memory";
    if (context->err != 0 || redisSetTimeout(context, kLongestConnect) != REDIS_OK) return context->errstr;
    const RedisReply pong(static_cast<redisReply*>(redisCommand(context, "PING")));
    if (!pong || redisSetTimeout(context, kLongestReply) != REDIS_OK) return context->errstr;
    return pong->type == REDIS_REPLY_ERROR ? std::string(pong->str, pong->len) : std::string();
}

}  // namespace

std::optional<RedisAddress> parse_redis_address(std::string_view text) {
    constexpr std::string_view kUnix = "unix:";
    constexpr int kHighestPort = 65535;
    if (text.starts_with(kUnix)) {
        text.remove_prefix(kUnix.size());
        if (!text.starts_with('/')) return std::nullopt;
        return RedisAddress{{}, 0, std::string(text)};
    }
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::string_view host = text.substr(0, colon);
    const std::string_view digits = text.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string_view::npos)
        return std::nullopt;
    int port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (host.empty() || error != std::errc() || end != digits.data() + digits.size() || port < 1 ||
        port > kHighestPort)
        return std::nullopt;
    return RedisAddress{std::string(host), port, {}};
}

Answer<void> RedisLink::connect() {
    if (context_) return {};
    if (!reconnection_.may_try()) return backend_lost("waiting before the next connection");
    context_.reset(address_.host.empty()
                       ? redisConnectUnixWithTimeout(address_.path.c_str(), kLongestConnect)
                       : redisConnectWithTimeout(address_.host.c_str(), address_.port, kLongestConnect));
    if (std::string why = fault_of(context_.get()); !why.empty()) {
        context_.reset();
        reconnection_.failed(why);
        return backend_lost(std::move(why));
    }
    if (!address_.host.empty()) (void)redisEnableKeepAlive(context_.get());
    reconnection_.made();
    return {};
}

Answer<RedisReply> RedisLink::command(const std::vector<std::string>& words) {
    if (abandon_.passed()) return backend_lost("the program ends");
    if (auto ok = connect(); !ok) return std::unexpected(std::move(ok.error()));
    std::vector<const char*> texts;
    std::vector<std::size_t> lengths;
    for (const std::string& word : words) {
        texts.push_back(word.data());
        lengths.push_back(word.size());
    }
    RedisReply reply(static_cast<redisReply*>(
        redisCommandArgv(context_.get(), static_cast<int>(texts.size()), texts.data(), lengths.data())));
    if (!reply) {
        std::string why = context_->errstr;
        context_.reset();
        reconnection_.failed(why);
        return backend_lost(std::move(why));
    }
    if (reply->type == REDIS_REPLY_ERROR)
        return std::unexpected(BackendError{false, std::string(reply->str, reply->len)});
    return reply;
}

}  // namespace mezz::worker
