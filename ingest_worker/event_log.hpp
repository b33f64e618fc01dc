// The log of the queue worker: one line an event on standard error, "time level event key=value …".
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace mezz::worker {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

struct LogField {
    std::string_view name;
    std::string value;
};

/// To be called once, before the first event and before there are threads. `level` is a name of spdlog's:
/// debug, info, warning, error, off.
void start_event_log(std::string_view level);

/// Thread-safe. Does nothing before start_event_log().
void log_event(LogLevel level, std::string_view event, std::span<const LogField> fields);
inline void log_event(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {}) {
    log_event(level, event, std::span(fields.begin(), fields.size()));
}

/// "event key=value key="with \"quotes\""": values are quoted, as JSON, where a reader could not tell their
/// end.
[[nodiscard]] std::string event_line(std::string_view event, std::span<const LogField> fields);

}  // namespace mezz::worker
