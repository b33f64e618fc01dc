#include "nginx/catalog_lookup.hpp"

#include <optional>

#include "api/statements.hpp"
#include "nginx/flight.hpp"
#include "nginx/metrics.hpp"
#include "nginx/worker_state.hpp"

namespace mezz::nginx {
namespace {

using catalog::EntryStatus;

constexpr ngx_msec_t kKnownTtl = 60'000;
constexpr ngx_msec_t kPassingTtl = 2'000;  // of what is about to change: being made, or not there yet
constexpr ngx_msec_t kStaleTtl = 5'000;    // until the backends are asked again for what they did not tell
constexpr int kMostAttempts = 4;

// Entries of this worker's that were fetched before this moment are not believed.
ngx_msec_t doubted_until = 0;

std::string zone_key_of(std::string_view video_id) {
    std::string key = "video ";
    key += video_id;
    return key;
}

Zone zone_of(const RequestFlow& flow) noexcept {
    return Zone(mezz_main_conf(flow.request()).zone);
}

ngx_msec_t time_to_live(EntryStatus status) noexcept {
    switch (status) {
        case EntryStatus::ready:
        case EntryStatus::failed:
        case EntryStatus::gone:
            return kKnownTtl;
        case EntryStatus::unknown:
        case EntryStatus::uploading:
        case EntryStatus::processing:
            return kPassingTtl;
    }
    return kPassingTtl;
}

bool is_fresh(const CatalogStamp& stamp) noexcept {
    // Another worker's clock may be ahead of this one's, which stands still while events are handled.
    const auto age = static_cast<ngx_msec_int_t>(ngx_current_msec - stamp.fetched);
    return stamp.fetched >= doubted_until && age < static_cast<ngx_msec_int_t>(time_to_live(stamp.status));
}

const CatalogStamp& stamp_of(const Block& block) noexcept {
    return *reinterpret_cast<const CatalogStamp*>(block.bytes().data());
}

std::vector<std::byte> make_record(const catalog::CatalogEntry& entry, std::string_view text,
                                   ngx_msec_t fetched) {
    const CatalogStamp stamp{.revision = entry.revision,
                             .fetched = fetched,
                             .title_bytes = static_cast<std::uint32_t>(entry.title.size()),
                             .status = entry.status};
    std::vector<std::byte> bytes(sizeof stamp + entry.title.size() + text.size());
    std::memcpy(bytes.data(), &stamp, sizeof stamp);
    std::ranges::copy(as_bytes(entry.title), bytes.begin() + sizeof stamp);
    std::ranges::copy(as_bytes(text), bytes.end() - static_cast<std::ptrdiff_t>(text.size()));
    return bytes;
}

void warn_of_entry(RequestFlow& flow, const char* where, const Error& error) noexcept {
    log_line(flow.log(), NGX_LOG_ERR, 0, "mezz: %s holds a catalog entry that cannot be used: %s", where,
             error.text);
}

// The text that Redis holds; empty if it holds none or does not answer.
Task<Result<std::string>> ask_redis(RequestFlow& flow, const std::string& video_id) {
    RedisClient* redis = redis_client();
    if (redis == nullptr) co_return std::string();
    const RedisCommand get("GET", catalog::asset_key(video_id));
    const auto reply = co_await run(flow, *redis, get);
    if (!reply) co_return std::string();
    co_return std::string(reply->text());
}

void keep_in_redis(const std::string& video_id, std::string_view text, int ttl) {
    RedisClient* redis = redis_client();
    if (redis == nullptr) return;
    // NX: somebody who changed the video meanwhile has written what is right.
    redis->send(RedisCommand("SET", catalog::asset_key(video_id), text, "EX", ttl, "NX"));
}

Task<Result<std::string>> ask_postgres(Flow& flow, const std::string& video_id) {
    const PgQuery query{.sql = api::kCatalogEntry, .parameters = {video_id}};
    const auto rows = co_await run(flow, postgres_client(), query);
    if (!rows) co_return std::unexpected(rows.error());
    const auto text = rows->rows() == 0 ? std::nullopt : rows->text(0, 0);
    co_return std::string(text.value_or(catalog::kUnknownEntry));
}

struct Fetched {
    catalog::CatalogEntry entry;
    std::string text;
};

// Whoever makes a video ready tells Redis after that is committed, so Redis may lag; nobody is refused
// meanwhile.
bool may_be_ready_by_now(EntryStatus status) noexcept {
    return status == EntryStatus::processing || status == EntryStatus::uploading;
}

Task<Result<Fetched>> fetch(RequestFlow& flow, const std::string& video_id) {
    std::optional<Fetched> cached;
    const auto held = co_await ask_redis(flow, video_id);
    if (held && !held->empty()) {
        auto entry = catalog::parse_catalog_entry(*held, video_id);
        if (entry)
            cached = Fetched{.entry = std::move(*entry), .text = *held};
        else
            warn_of_entry(flow, "Redis", entry.error());
    }
    if (cached && !may_be_ready_by_now(cached->entry.status)) {
        count_lookup(LookUp::redis);
        co_return std::move(*cached);
    }
    const auto text = co_await ask_postgres(flow, video_id);
    if (!text && cached) {
        count_lookup(LookUp::redis);
        co_return std::move(*cached);
    }
    if (!text) co_return std::unexpected(text.error());
    auto entry = catalog::parse_catalog_entry(*text, video_id);
    if (!entry) {
        warn_of_entry(flow, "PostgreSQL", entry.error());
        co_return fail(ErrorCode::internal, "catalog: an entry cannot be used");
    }
    count_lookup(LookUp::postgres);
    const bool known = entry->status != EntryStatus::unknown;
    keep_in_redis(video_id, *text, known ? catalog::kEntryTtl : catalog::kUnknownTtl);
    co_return Fetched{.entry = std::move(*entry), .text = *text};
}

// What was known is good for a while longer, so that not each request waits for backends that are away.
Result<CatalogRecord> keep_stale(RequestFlow& flow, const std::string& key, const std::string& video_id,
                                 const CatalogRecord& known) {
    const auto entry = catalog::parse_catalog_entry(known.text(), video_id);
    if (!entry) return std::unexpected(entry.error());
    const ngx_msec_t ttl = time_to_live(entry->status);
    const ngx_msec_t fetched = ngx_current_msec - (ttl > kStaleTtl ? ttl - kStaleTtl : 0);
    return CatalogRecord(zone_of(flow).replace(key, make_record(*entry, known.text(), fetched)));
}

}  // namespace

Task<Result<CatalogRecord>> look_up_video(RequestFlow& flow, std::string video_id) {
    const std::string key = zone_key_of(video_id);
    Block known;
    for (;;) {
        known = zone_of(flow).find(key);
        if (known && is_fresh(stamp_of(known))) {
            count_lookup(LookUp::memory);
            co_return CatalogRecord(std::move(known));
        }
        Flight* under_way = Flight::find(key);
        if (under_way == nullptr) break;
        known = {};
        const auto landed = co_await wait_for(flow, *under_way);
        if (!landed) co_return std::unexpected(landed.error());
    }
    Flight flight(key);
    for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
        const ngx_msec_t begun = ngx_current_msec;
        const auto fetched = co_await fetch(flow, video_id);
        if (flight.take_spoiled()) {
            known = {};  // it has changed since: not even good enough while the backends are away
            continue;
        }
        if (!fetched) {
            count_lookup(known ? LookUp::stale : LookUp::failed);
            if (known) {
                const CatalogRecord record(std::move(known));
                co_return keep_stale(flow, key, video_id, record);
            }
            flight.fail(fetched.error());
            co_return std::unexpected(fetched.error());
        }
        co_return CatalogRecord(
            zone_of(flow).replace(key, make_record(fetched->entry, fetched->text, begun)));
    }
    co_return fail(ErrorCode::busy, "catalog: the video changes all the time");
}

void forget_video(std::string_view video_id) noexcept {
    try {
        const std::string key = zone_key_of(video_id);
        if (Flight* under_way = Flight::find(key); under_way != nullptr) under_way->spoil();
        Zone(worker_zone()).remove(key);
    } catch (const std::bad_alloc&) {
        doubt_all_videos();
    }
}

void doubt_all_videos() noexcept {
    doubted_until = ngx_current_msec;
}

namespace {

// The message must not overtake the entry, or a node fetches the old one once more: each waits for an answer.
Task<Result<void>> tell_nodes(BackgroundFlow& flow, RedisClient& redis, const std::string& video_id,
                              const std::string& entry) {
    const RedisCommand set("SET", catalog::asset_key(video_id), entry, "EX", catalog::kEntryTtl);
    const auto kept = co_await run(flow, redis, set);
    if (!kept) co_return std::unexpected(kept.error());
    const RedisCommand publish("PUBLISH", catalog::kInvalidateChannel, video_id);
    const auto told = co_await run(flow, redis, publish);
    if (!told) co_return std::unexpected(told.error());
    co_return {};
}

}  // namespace

Task<Result<void>> announce_takedown(BackgroundFlow& flow, const std::string& video_id,
                                     const std::string& entry) {
    constexpr ngx_msec_t kBetween = 1000;
    constexpr ngx_msec_t kLongest = ngx_msec_t{catalog::kEntryTtl} * 1000;
    forget_video(video_id);
    RedisClient* redis = redis_client();
    if (redis == nullptr) co_return {};
    const ngx_msec_t begun = ngx_current_msec;
    for (;;) {
        const auto told = co_await tell_nodes(flow, *redis, video_id, entry);
        flow.tell(true);
        if (told || ngx_current_msec - begun >= kLongest) co_return told;
        co_await Nap(flow, kBetween);
    }
}

// Between the question and our word somebody else may change the video, and take it down at worst; his word
// would then be undone. So PostgreSQL is asked until nothing has changed.
Task<Result<void>> announce_change(BackgroundFlow& flow, const std::string& video_id) {
    forget_video(video_id);
    RedisClient* redis = redis_client();
    if (redis == nullptr) co_return {};
    for (std::string told;;) {
        auto entry = co_await ask_postgres(flow, video_id);
        if (!entry) co_return std::unexpected(entry.error());
        if (*entry == told) co_return {};
        told = std::move(*entry);
        const auto sent = co_await tell_nodes(flow, *redis, video_id, told);
        if (!sent) co_return std::unexpected(sent.error());
    }
}

}  // namespace mezz::nginx
