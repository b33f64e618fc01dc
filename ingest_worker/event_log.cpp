#include "event_log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

namespace mezz::worker {
namespace {

std::shared_ptr<spdlog::logger>& logger() {
    static std::shared_ptr<spdlog::logger> instance;
    return instance;
}

bool is_plain(std::string_view value) {
    constexpr std::string_view kOthers = "-_.:/@+,";
    return !value.empty() && std::ranges::all_of(value, [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               kOthers.find(c) != std::string_view::npos;
    });
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return spdlog::level::debug;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::warning:
            return spdlog::level::warn;
        case LogLevel::error:
            return spdlog::level::err;
    }
    return spdlog::level::err;
}

}  // namespace

void start_event_log(std::string_view level) {
    logger() = spdlog::stderr_logger_mt("ingest_worker");
    logger()->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    logger()->set_level(spdlog::level::from_str(std::string(level)));
    logger()->flush_on(spdlog::level::trace);
}

std::string event_line(std::string_view event, std::span<const LogField> fields) {
    using Json = nlohmann::json;
    std::string line(event);
    for (const LogField& field : fields) {
        line += ' ';
        line += field.name;
        line += '=';
        line += is_plain(field.value)
                    ? field.value
                    : Json(field.value).dump(-1, ' ', false, Json::error_handler_t::replace);
    }
    return line;
}

void log_event(LogLevel level, std::string_view event, std::span<const LogField> fields) {
    if (logger()) logger()->log(to_spdlog(level), event_line(event, fields));
}

}  // namespace mezz::worker
