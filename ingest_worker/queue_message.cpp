#include "queue_message.hpp"

#include <span>
#include <string_view>

#include "source_path.hpp"

namespace mezz::worker {
namespace {

std::span<redisReply* const> elements(const redisReply* reply) {
    if (reply == nullptr || reply->type != REDIS_REPLY_ARRAY) return {};
    return {reply->element, reply->elements};
}

std::string_view text(const redisReply* reply) {
    if (reply == nullptr || (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS))
        return {};
    return {reply->str, reply->len};
}

std::string uuid_in(const redisReply& fields, std::string_view name) {
    const std::string_view value = text(member(fields, name));
    return is_uuid(value) ? std::string(value) : std::string();
}

std::optional<QueueMessage> first(const redisReply* list) {
    auto messages = parse_entries(list);
    if (messages.empty()) return std::nullopt;
    return std::move(messages.front());
}

}  // namespace

const redisReply* member(const redisReply& flat, std::string_view name) {
    const auto items = elements(&flat);
    for (std::size_t i = 0; i + 1 < items.size(); i += 2)
        if (text(items[i]) == name) return items[i + 1];
    return nullptr;
}

std::vector<QueueMessage> parse_entries(const redisReply* list) {
    std::vector<QueueMessage> messages;
    for (const redisReply* entry : elements(list)) {
        const auto parts = elements(entry);
        if (parts.size() != 2 || text(parts[0]).empty()) continue;
        messages.push_back(
            {std::string(text(parts[0])), uuid_in(*parts[1], "job_id"), uuid_in(*parts[1], "video_id")});
    }
    return messages;
}

std::optional<QueueMessage> parse_read(const redisReply& reply) {
    const auto streams = elements(&reply);
    if (streams.empty()) return std::nullopt;
    const auto parts = elements(streams.front());
    return parts.size() == 2 ? first(parts[1]) : std::nullopt;
}

std::optional<QueueMessage> parse_autoclaim(const redisReply& reply) {
    const auto parts = elements(&reply);
    return parts.size() >= 2 ? first(parts[1]) : std::nullopt;
}

}  // namespace mezz::worker
