#include "metrics.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace mezz::worker {

std::string series(std::string_view name, std::string_view label, std::string_view value) {
    std::string text(name);
    text += '{';
    text += label;
    text += "=\"";
    for (const char c : value) {
        if (c == '"' || c == '\\') text += '\\';
        if (c == '\n')
            text += "\\n";
        else
            text += c;
    }
    text += "\"}";
    return text;
}

void Metrics::add(const std::string& series, double by) {
    const std::lock_guard lock(mutex_);
    values_[series] += by;
}

void Metrics::set(const std::string& series, double value) {
    const std::lock_guard lock(mutex_);
    values_[series] = value;
}

void Metrics::clear(std::string_view metric) {
    const std::lock_guard lock(mutex_);
    std::erase_if(values_, [metric](const auto& item) {
        return std::string_view(item.first).substr(0, item.first.find('{')) == metric;
    });
}

std::string Metrics::text() const {
    const std::lock_guard lock(mutex_);
    std::string all;
    std::string_view last;
    for (const auto& [name, value] : values_) {
        const std::string_view metric = std::string_view(name).substr(0, name.find('{'));
        const bool counter =
            metric.ends_with("_total") || metric.ends_with("_sum") || metric.ends_with("_count");
        if (metric != last) {
            all += "# TYPE ";
            all += metric;
            all += counter ? " counter\n" : " gauge\n";
        }
        last = metric;
        char number[40];
        std::snprintf(number, sizeof number, " %.15g\n", value);
        all += name;
        all += number;
    }
    return all;
}

bool Metrics::write(const std::string& path) const {
    const std::string aside = path + ".new";
    std::ofstream file(aside, std::ios::trunc);
    file << text();
    file.close();
    std::error_code error;
    if (file) std::filesystem::rename(aside, path, error);
    return file && !error;
}

}  // namespace mezz::worker
