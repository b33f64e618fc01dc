// The samples of a track one after the other, wherever they are described. Internal to the index builder.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "media/index_block.hpp"
#include "media/sample_cursor.hpp"

namespace mezz::media {

class SampleSource {
public:
    SampleSource() = default;
    SampleSource(const SampleSource&) = delete;
    SampleSource& operator=(const SampleSource&) = delete;
    virtual ~SampleSource() = default;

    [[nodiscard]] virtual bool at_end() const noexcept = 0;
    /// The next sample; not to be called at_end().
    [[nodiscard]] virtual Result<Sample> next() = 0;
    /// Notes in the draft where the sample stands that next() gave last, or, at_end() and with `end`, the
    /// end.
    virtual void mark(TrackDraft& draft, bool end) const = 0;
};

/// From the tables of moov.
class TableSource final : public SampleSource {
public:
    TableSource(const MovieTrack& track, std::uint64_t file_size) noexcept;
    [[nodiscard]] bool at_end() const noexcept override { return cursor_.at_end(); }
    [[nodiscard]] Result<Sample> next() override;
    void mark(TrackDraft& draft, bool end) const override;

private:
    SampleCursor cursor_;
    SamplePosition last_;
    std::uint64_t tables_offset_;
};

/// Samples of one track that were read from moof boxes.
struct ScannedTrack {
    std::vector<Sample> samples;
    std::vector<std::uint32_t> moof_starts;  ///< for each moof of the file, how many samples were before it
    std::int64_t end = 0;                    ///< of the last of them, or of those in moov; as Sample::dts
};

/// From the tables of moov, if it has samples, then from fragments; `track` and `scanned` must outlive it.
/// `shift` is added to the times of those in fragments.
class ScannedSource final : public SampleSource {
public:
    ScannedSource(const MovieTrack& track, std::uint64_t file_size, const ScannedTrack& scanned,
                  std::int64_t shift) noexcept
        : tables_(track, file_size),
          table_samples_(track.tables.format.sample_count),
          track_(scanned),
          shift_(shift) {}
    [[nodiscard]] bool at_end() const noexcept override {
        return tables_.at_end() && next_ == track_.samples.size();
    }
    [[nodiscard]] Result<Sample> next() override;
    void mark(TrackDraft& draft, bool end) const override;

private:
    TableSource tables_;
    std::uint32_t table_samples_;
    const ScannedTrack& track_;
    std::int64_t shift_;
    std::size_t next_ = 0;
    std::size_t moof_ = 0;  // that holds the last sample
};

}  // namespace mezz::media
