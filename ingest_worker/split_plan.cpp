#include "split_plan.hpp"

#include <nlohmann/json.hpp>

#include "json_field.hpp"

namespace mezz::worker {
namespace {

using Json = nlohmann::json;

bool read(const Json& item, ChunkPlan& out) {
    return item.is_object() && number(item, "seek", out.seek) && number(item, "from", out.from) &&
           number(item, "first", out.first) && number(item, "end", out.end) &&
           number(item, "seconds", out.seconds);
}

bool is_gapless(const std::vector<ChunkPlan>& chunks) {
    std::int64_t next = 0;
    for (const ChunkPlan& chunk : chunks) {
        if (chunk.first != next || chunk.end <= chunk.first || !(chunk.seconds > 0)) return false;
        next = chunk.end;
    }
    return next == INT64_MAX;
}

}  // namespace

Piece SplitPlan::piece(std::size_t chunk) const {
    const ChunkPlan& part = chunks.at(chunk);
    Piece piece;
    piece.seek = part.seek;
    piece.from = part.from;
    piece.first = part.first;
    piece.end = part.end;
    piece.first_time = first_time;
    piece.video_end = video_end;
    piece.plan = plan;
    return piece;
}

std::string SplitPlan::to_json() const {
    Json list = Json::array();
    for (const ChunkPlan& chunk : chunks)
        list.push_back({{"seek", chunk.seek},
                        {"from", chunk.from},
                        {"first", chunk.first},
                        {"end", chunk.end},
                        {"seconds", chunk.seconds}});
    return Json{{"chunks", list},
                {"first_time", first_time},
                {"video_end", video_end},
                {"sound", sound},
                {"memory_mib", memory_mib},
                {"plan", plan},
                {"ladder", Json::parse(ladder_to_json(ladder))}}
        .dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<SplitPlan> parse_split(std::string_view json) {
    constexpr std::size_t kLongestPlan = 64 * 1024;
    const Json object = Json::parse(json, nullptr, false);
    if (!object.is_object() || !object.contains("chunks") || !object["chunks"].is_array() ||
        object["chunks"].size() > kMostChunks || !object.contains("plan") || !object["plan"].is_string() ||
        !object.contains("sound") || !object["sound"].is_boolean() || !object.contains("ladder"))
        return std::nullopt;
    SplitPlan split;
    for (const Json& item : object["chunks"])
        if (!read(item, split.chunks.emplace_back())) return std::nullopt;
    split.plan = object["plan"].get<std::string>();
    split.sound = object["sound"].get<bool>();
    auto ladder = parse_ladder(object["ladder"].dump());
    if (!ladder || split.plan.size() > kLongestPlan || !number(object, "first_time", split.first_time) ||
        !number(object, "video_end", split.video_end) || !number(object, "memory_mib", split.memory_mib) ||
        !is_gapless(split.chunks))
        return std::nullopt;
    split.ladder = std::move(*ladder);
    return split;
}

}  // namespace mezz::worker
