// How loud a track is (EBU R 128, ITU-R BS.1770), measured and not changed.
#pragma once

#include <optional>

#include "av.hpp"
#include "transcode_report.hpp"

namespace mezz::worker {

class LoudnessMeter {
public:
    /// For planar 32-bit floats of `channels` channels in their usual arrangement.
    [[nodiscard]] static Outcome<LoudnessMeter> open(int rate, int channels);

    /// Takes samples as they follow each other.
    [[nodiscard]] Outcome<void> add(const AVFrame& samples);

    /// Of all that was added up to the last tenth of a second; nullopt for less than that, or for silence.
    [[nodiscard]] std::optional<Loudness> result() const noexcept { return result_; }

private:
    explicit LoudnessMeter(Av<AVFilterGraph> graph) noexcept : graph_(std::move(graph)) {}

    void read(const AVDictionary* metadata);

    Av<AVFilterGraph> graph_;
    AVFilterContext* input_ = nullptr;
    AVFilterContext* output_ = nullptr;
    std::int64_t position_ = 0;
    std::optional<Loudness> result_;
};

}  // namespace mezz::worker
