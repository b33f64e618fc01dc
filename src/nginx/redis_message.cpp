#include "nginx/redis_message.hpp"

#include <hiredis/hiredis.h>

namespace mezz::nginx {

RedisCommand& RedisCommand::add(std::string_view argument) {
    char text[24];
    char* const end = std::to_chars(text, text + sizeof(text), argument.size()).ptr;
    encoded_.append("$")
        .append(text, static_cast<std::size_t>(end - text))
        .append("\r\n")
        .append(argument)
        .append("\r\n");
    ++count_;
    return *this;
}

void RedisReply::Free::operator()(redisReply* reply) const noexcept {
    freeReplyObject(reply);
}

RedisReply::Kind RedisReply::kind() const noexcept {
    if (reply_ == nullptr) return Kind::nil;
    switch (reply_->type) {
        case REDIS_REPLY_STRING:
        case REDIS_REPLY_STATUS:
            return Kind::text;
        case REDIS_REPLY_INTEGER:
            return Kind::integer;
        case REDIS_REPLY_ARRAY:
            return Kind::list;
        case REDIS_REPLY_ERROR:
            return Kind::error;
        default:
            return Kind::nil;
    }
}

std::string_view RedisReply::text() const noexcept {
    const Kind k = kind();
    if (k != Kind::text && k != Kind::error) return {};
    return {reply_->str, reply_->len};
}

std::int64_t RedisReply::integer() const noexcept {
    return kind() == Kind::integer ? reply_->integer : 0;
}

std::size_t RedisReply::size() const noexcept {
    return kind() == Kind::list ? reply_->elements : 0;
}

RedisReply RedisReply::operator[](std::size_t index) const noexcept {
    if (index >= size()) return {};
    return {Borrowed(), reply_->element[index]};
}

}  // namespace mezz::nginx
