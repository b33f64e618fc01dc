#include "job.hpp"

#include <nlohmann/json.hpp>

#include "json_field.hpp"

namespace mezz::worker {
namespace {

using Json = nlohmann::json;

bool read_flag(const Json& object, const char* key, bool& out) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_boolean()) return false;
    out = found->get<bool>();
    return true;
}

template <class T>
bool read_number(const Json& object, const char* key, T& out) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number_unsigned()) return false;
    out = found->get<T>();
    return true;
}

bool read_limits(const Json& object, Limits& limits) {
    return read_number(object, "memory_mib", limits.memory_mib) &&
           read_number(object, "cpu_seconds", limits.cpu_seconds) &&
           read_number(object, "wall_seconds", limits.wall_seconds) &&
           read_number(object, "file_mib", limits.file_mib) &&
           read_number(object, "duration_seconds", limits.duration_seconds) &&
           read_number(object, "width", limits.width) && read_number(object, "height", limits.height) &&
           read_number(object, "streams", limits.streams);
}

Json limits_to_json(const Limits& limits) {
    return {{"memory_mib", limits.memory_mib},
            {"cpu_seconds", limits.cpu_seconds},
            {"wall_seconds", limits.wall_seconds},
            {"file_mib", limits.file_mib},
            {"width", limits.width},
            {"duration_seconds", limits.duration_seconds},
            {"height", limits.height},
            {"streams", limits.streams}};
}

constexpr const char* kWorks[] = {"transcode", "remux", "chunk", "sound", "sheets"};  // by Work

bool read_work(const Json& object, Work& work) {
    const auto found = object.find("work");
    if (found == object.end()) return false;
    for (std::size_t i = 0; i < std::size(kWorks); ++i)
        if (*found == kWorks[i]) {
            work = static_cast<Work>(i);
            return true;
        }
    return false;
}

Json piece_to_json(const Piece& piece) {
    return {{"seek", piece.seek},
            {"from", piece.from},
            {"first", piece.first},
            {"end", piece.end},
            {"first_time", piece.first_time},
            {"video_end", piece.video_end},
            {"sound_end", piece.sound_end},
            {"plan", piece.plan},
            {"tile_width", piece.tile_width},
            {"tile_height", piece.tile_height},
            {"interval", piece.interval_seconds}};
}

// The worker wrote it.
Piece read_piece(const Json& object) {
    return {.seek = object.value("seek", std::int64_t{INT64_MIN}),
            .from = object.value("from", std::int64_t{0}),
            .first = object.value("first", std::int64_t{0}),
            .end = object.value("end", std::int64_t{INT64_MAX}),
            .first_time = object.value("first_time", std::int64_t{0}),
            .video_end = object.value("video_end", std::int64_t{0}),
            .sound_end = object.value("sound_end", std::int64_t{0}),
            .plan = object.value("plan", std::string()),
            .tile_width = object.value("tile_width", 0),
            .tile_height = object.value("tile_height", 0),
            .interval_seconds = object.value("interval", 0.0)};
}

}  // namespace

std::string_view to_text(JobKind kind) noexcept {
    switch (kind) {
        case JobKind::remux:
            return "remux";
        case JobKind::title:
            return "title";
        case JobKind::chunk:
            return "chunk";
        case JobKind::sound:
            return "sound";
        case JobKind::finish:
            return "finish";
    }
    return "title";
}

std::optional<JobKind> job_kind(std::string_view name) noexcept {
    for (const JobKind kind :
         {JobKind::remux, JobKind::title, JobKind::chunk, JobKind::sound, JobKind::finish})
        if (to_text(kind) == name) return kind;
    return std::nullopt;
}

std::string TranscodeOrder::to_json() const {
    return Json{{"work", kWorks[static_cast<std::size_t>(work)]},
                {"per_title", per_title},
                {"draft", draft},
                {"chunk_seconds", chunk_seconds},
                {"workers", workers},
                {"set_aside_mib", set_aside_mib},
                {"most_cost", most_cost},
                {"piece", piece_to_json(piece)},
                {"ladder", Json::parse(ladder_to_json(ladder))},
                {"limits", limits_to_json(limits)},
                {"decoder_threads", static_cast<unsigned>(decoder_threads)}}
        .dump();
}

std::optional<TranscodeOrder> parse_order(std::string_view json) {
    const Json object = Json::parse(json, nullptr, false);
    if (!object.is_object() || !object.contains("ladder") || !object.contains("limits")) return std::nullopt;
    TranscodeOrder order;
    auto ladder = parse_ladder(object["ladder"].dump());
    if (!ladder || !object["limits"].is_object() || !read_limits(object["limits"], order.limits) ||
        !read_number(object, "decoder_threads", order.decoder_threads) || !read_work(object, order.work) ||
        !read_flag(object, "per_title", order.per_title) || !read_flag(object, "draft", order.draft) ||
        !read_number(object, "chunk_seconds", order.chunk_seconds) ||
        !read_number(object, "workers", order.workers) ||
        !read_number(object, "set_aside_mib", order.set_aside_mib) ||
        !number(object, "most_cost", order.most_cost) || !object.contains("piece") ||
        !object["piece"].is_object())
        return std::nullopt;
    order.ladder = std::move(*ladder);
    order.piece = read_piece(object["piece"]);
    return order;
}

}  // namespace mezz::worker
