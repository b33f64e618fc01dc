// What one worker process has done, as text for Prometheus.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace mezz::worker {

/// Thread-safe counters and gauges; names are whole series: `mezz_ingest_jobs_total{kind="chunk"}`.
class Metrics {
public:
    void add(const std::string& series, double by = 1);
    void set(const std::string& series, double value);

    /// Forgets the gauges of a metric: those that are not set again are gone.
    void clear(std::string_view metric);

    /// In the text exposition format, with a TYPE line for each metric: counters end in "_total", "_sum" or
    /// "_count".
    [[nodiscard]] std::string text() const;

    /// Writes the text to a file that is always whole. False if that cannot be done.
    [[nodiscard]] bool write(const std::string& path) const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, double> values_;
};

/// name{label="value"}; the value is quoted as the format wants it.
[[nodiscard]] std::string series(std::string_view name, std::string_view label, std::string_view value);

}  // namespace mezz::worker
