#include "job_queue.hpp"

#include <cstdlib>
#include <span>

#include "lane.hpp"

namespace mezz::worker {
namespace {

constexpr const char* kJobs = "mezz:jobs";
constexpr const char* kDead = "mezz:dead";
constexpr const char* kGroup = "workers";
constexpr const char* kWorkers = "mezz:workers";  // each with the time of its last sign of life
constexpr const char* kAlive = "30";              // seconds that one holds

std::int64_t number(const redisReply* reply) {
    return reply != nullptr && reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
}

}  // namespace

Answer<void> JobQueue::run(const std::vector<std::string>& words) {
    if (auto reply = link_.command(words); !reply) return std::unexpected(std::move(reply.error()));
    return {};
}

// A command about the group; makes the group where Redis has lost it, from the stream's beginning.
Answer<RedisReply> JobQueue::in_group(const std::vector<std::string>& words) {
    auto reply = link_.command(words);
    if (reply || reply.error().lost || !reply.error().text.starts_with("NOGROUP")) return reply;
    if (auto made = make_group(kGroup, "0"); !made) return std::unexpected(std::move(made.error()));
    return link_.command(words);
}

Answer<void> JobQueue::make_group(const std::string& group, const char* from) {
    auto made = run({"XGROUP", "CREATE", kJobs, group, from, "MKSTREAM"});
    if (!made && made.error().text.starts_with("BUSYGROUP")) return {};
    return made;
}

Answer<std::optional<QueueMessage>> JobQueue::read_group(const char* from, const char* wait_ms) {
    const auto reply = in_group(
        {"XREADGROUP", "GROUP", kGroup, consumer_, "COUNT", "1", "BLOCK", wait_ms, "STREAMS", kJobs, from});
    if (!reply) return std::unexpected(reply.error());
    return parse_read(**reply);
}

Answer<std::optional<QueueMessage>> JobQueue::take_over() {
    constexpr const char* kIdle = "60000";  // ms
    const auto reply = in_group({"XAUTOCLAIM", kJobs, kGroup, consumer_, kIdle, "0", "COUNT", "1"});
    if (!reply) return std::unexpected(reply.error());
    return parse_autoclaim(**reply);
}

Answer<std::optional<QueueMessage>> JobQueue::read() {
    constexpr seconds kBetweenTakeOvers{10};
    // A reply may have been lost with a connection: what it delivered is still this worker's.
    if (connection_ == 0 || connection_ != link_.reconnection().count()) {
        auto own = read_group("0", "1");
        if (!own || *own) return own;
        connection_ = link_.reconnection().count();
    }
    if (Clock::now() >= next_take_over_) {
        auto left = take_over();
        if (!left || *left) return left;
        next_take_over_ = Clock::now() + kBetweenTakeOvers;
    }
    return read_group(">", "1000");
}

Answer<std::optional<QueueMessage>> JobQueue::listen(const std::string& group) {
    listens_in_ = group;
    auto reply = link_.command({"XREADGROUP", "GROUP", group, consumer_, "COUNT", "1", "BLOCK", "1000",
                                "NOACK", "STREAMS", kJobs, ">"});
    if (reply) return parse_read(**reply);
    if (reply.error().lost || !reply.error().text.starts_with("NOGROUP"))
        return std::unexpected(std::move(reply.error()));
    if (auto made = make_group(group, "$"); !made) return std::unexpected(std::move(made.error()));
    return std::nullopt;
}

Answer<void> JobQueue::add(const std::string& job_id, const std::string& video_id) {
    return run({"XADD", kJobs, "MAXLEN", "~", "100000", "*", "job_id", job_id, "video_id", video_id});
}

Answer<void> JobQueue::settle(const std::string& message_id) {
    if (auto ok = run({"XACK", kJobs, kGroup, message_id}); !ok) return ok;
    return run({"XDEL", kJobs, message_id});
}

Answer<void> JobQueue::keep(const std::string& message_id) {
    auto reply = in_group({"XCLAIM", kJobs, kGroup, consumer_, "0", message_id, "JUSTID"});
    if (!reply) return std::unexpected(std::move(reply.error()));
    return {};
}

Answer<void> JobQueue::bury(const DeadLetter& letter) {
    return run({"XADD", kDead, "MAXLEN", "~", "10000", "*", "job_id", letter.job_id, "video_id",
                letter.video_id, "reason", letter.reason, "error", letter.error});
}

Answer<void> JobQueue::announce(const std::string& video_id, const std::string& entry) {
    if (auto ok = run({"SET", "mezz:asset:" + video_id, entry, "EX", "300"}); !ok) return ok;
    return run({"PUBLISH", "mezz:invalidate", video_id});
}

Answer<void> JobQueue::show_worker(const std::string& json, bool counts) {
    if (auto ok = run({"SET", "mezz:worker:" + consumer_, json, "EX", kAlive}); !ok || !counts) return ok;
    const auto now = time();
    if (!now) return std::unexpected(now.error());
    if (auto ok = run({"ZADD", kWorkers, std::to_string(*now), consumer_}); !ok) return ok;
    return run({"EXPIRE", kWorkers, kAlive});
}

Answer<void> JobQueue::hide_worker() {
    if (auto ok = run({"ZREM", kWorkers, consumer_}); !ok) return ok;
    return run({"DEL", "mezz:worker:" + consumer_});
}

// Redis's own clock: those of the workers need not agree.
Answer<std::int64_t> JobQueue::time() {
    const auto reply = link_.command({"TIME"});
    if (!reply) return std::unexpected(reply.error());
    const redisReply& parts = **reply;
    if (parts.type != REDIS_REPLY_ARRAY || parts.elements == 0 || parts.element[0]->str == nullptr) return 0;
    return std::strtoll(parts.element[0]->str, nullptr, 10);
}

Answer<std::int64_t> JobQueue::workers() {
    const auto now = time();
    if (!now) return std::unexpected(now.error());
    const std::string since = std::to_string(*now - std::strtoll(kAlive, nullptr, 10));
    if (auto ok = run({"ZREMRANGEBYSCORE", kWorkers, "-inf", "(" + since}); !ok)
        return std::unexpected(std::move(ok.error()));
    const auto count = link_.command({"ZCARD", kWorkers});
    if (!count) return std::unexpected(count.error());
    return number(count->get());
}

Answer<QueueDepth> JobQueue::depth() {
    const auto length = link_.command({"XLEN", kJobs});
    if (!length) return std::unexpected(length.error());
    const auto pending = in_group({"XPENDING", kJobs, kGroup});
    if (!pending) return std::unexpected(pending.error());
    const redisReply& summary = **pending;
    const bool known = summary.type == REDIS_REPLY_ARRAY && summary.elements > 0;
    return QueueDepth{number(length->get()), known ? number(summary.element[0]) : 0};
}

Answer<void> JobQueue::forget_consumers() {
    for (const char* group : {kGroup, kExpressLane.name, kCopiesLane.name})
        if (auto ok = forget_consumers_of(group); !ok) return ok;
    return {};
}

Answer<void> JobQueue::forget_consumers_of(const std::string& group) {
    constexpr std::int64_t kHour = 3600000;  // ms
    const auto reply = link_.command({"XINFO", "CONSUMERS", kJobs, group});
    if (!reply && !reply.error().lost) return {};  // nobody has made it yet
    if (!reply) return std::unexpected(reply.error());
    if ((*reply)->type != REDIS_REPLY_ARRAY) return {};
    for (const redisReply* consumer : std::span((*reply)->element, (*reply)->elements)) {
        const redisReply* const name = member(*consumer, "name");
        if (name == nullptr || name->type != REDIS_REPLY_STRING ||
            number(member(*consumer, "pending")) != 0 || number(member(*consumer, "idle")) < kHour)
            continue;
        if (auto ok = run({"XGROUP", "DELCONSUMER", kJobs, group, std::string(name->str, name->len)}); !ok)
            return ok;
    }
    return {};
}

void JobQueue::leave() {
    if (!listens_in_.empty()) {
        (void)run({"XGROUP", "DELCONSUMER", kJobs, listens_in_, consumer_});
        return;
    }
    const auto own = read_group("0", "1");
    if (own && !*own) (void)run({"XGROUP", "DELCONSUMER", kJobs, kGroup, consumer_});
}

}  // namespace mezz::worker
