#include "job.hpp"

#include <nlohmann/json.hpp>

namespace mezz::worker {
namespace {

using Json = nlohmann::json;

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

constexpr const char* kWorks[] = {"transcode", "remux"};  // by Work

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

}  // namespace

std::string TranscodeOrder::to_json() const {
    return Json{{"work", kWorks[static_cast<std::size_t>(work)]},
                {"per_title", per_title},
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
        !object.contains("per_title") || !object["per_title"].is_boolean())
        return std::nullopt;
    order.per_title = object["per_title"].get<bool>();
    order.ladder = std::move(*ladder);
    return order;
}

}  // namespace mezz::worker
