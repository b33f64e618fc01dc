#include "nginx/announcer.hpp"

#include "catalog/catalog_entry.hpp"

namespace mezz::nginx {
namespace {

constexpr ngx_msec_t kPause = 500;  // milliseconds between attempts
constexpr ngx_msec_t kLongest = (catalog::kEntryTtl + 60) * 1000;
constexpr std::size_t kMost = 10'000;

constexpr std::string_view kKeep =
    "redis.call('SET', KEYS[1], ARGV[3], 'EX', ARGV[4]) return redis.call('PUBLISH', ARGV[1], ARGV[2])";
constexpr std::string_view kForget =
    "redis.call('DEL', KEYS[1]) return redis.call('PUBLISH', ARGV[1], ARGV[2])";

}  // namespace

RedisCommand announcement(std::string_view video_id, std::string_view entry) {
    return RedisCommand("EVAL", kKeep, 1, catalog::asset_key(video_id), catalog::kInvalidateChannel, video_id,
                        entry, catalog::kEntryTtl);
}

Announcer::Announcer(RedisClient& redis) noexcept
    : redis_(redis), timer_(this, [](void* self) noexcept { static_cast<Announcer*>(self)->try_again(); }) {}

void Announcer::announce_later(std::string video_id) {
    if (owed_.size() >= kMost) owed_.erase(owed_.begin());
    owed_.push_back({.video_id = std::move(video_id), .since = ngx_current_msec});
    if (!timer_.running()) timer_.start(kPause, true);
}

void Announcer::try_again() noexcept {
    std::erase_if(owed_, [](const Owed& owed) { return ngx_current_msec - owed.since > kLongest; });
    if (redis_.up()) std::erase_if(owed_, [this](const Owed& owed) { return tell(owed); });
    if (!owed_.empty()) timer_.start(kPause, true);
}

// The entry is not the one of that time any more: readers are to fetch what it is now.
bool Announcer::tell(const Owed& owed) noexcept {
    try {
        return redis_.send(RedisCommand("EVAL", kForget, 1, catalog::asset_key(owed.video_id),
                                        catalog::kInvalidateChannel, owed.video_id));
    } catch (const std::bad_alloc&) {
        return false;
    }
}

}  // namespace mezz::nginx
