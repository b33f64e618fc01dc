#include "mezzanine_check.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "media/file_scanner.hpp"

namespace mezz::worker {
namespace {

using media::FileIndexView;
using media::Layout;
using media::TrackView;

// The worker has no use for what packaging would cost.
class NoCost final : public media::PieceCost {
public:
    void begin(const media::MovieTrack& /*track*/) override {}
    void add(const media::Sample& /*sample*/) override {}
    [[nodiscard]] media::Cost total() const override { return {}; }
};

std::unexpected<Failure> broken(const char* detail) {
    return give_up(FailureKind::internal, "A finished rendition cannot be indexed.", detail);
}

void add_bit_rates(const TrackView& track, RenditionFacts& facts) {
    constexpr std::uint64_t kBits = 8;
    double peak = 0;
    std::uint64_t bytes = 0;
    std::uint64_t ticks = 0;
    for (const media::Piece& piece : track.pieces()) {
        bytes += piece.bytes;
        ticks += piece.duration;
        // A short last piece says little about the rate that is needed.
        if (piece.duration >= track->timescale / 2 || peak == 0)
            peak = std::max(peak, static_cast<double>(piece.bytes) * track->timescale / piece.duration);
    }
    facts.peak_bps = static_cast<std::uint64_t>(peak * kBits);
    facts.average_bps = ticks == 0
                            ? 0
                            : static_cast<std::uint64_t>(static_cast<double>(bytes * kBits) *
                                                         track->timescale / static_cast<double>(ticks));
}

}  // namespace

Outcome<std::vector<std::byte>> index_mezzanine(int fd) {
    constexpr std::uint64_t kMostMoov = 64U << 20;
    struct stat status {};
    if (::fstat(fd, &status) != 0) return broken("fstat");
    NoCost cost;
    media::FileScanner scanner(static_cast<std::uint64_t>(status.st_size), kMostMoov, cost);
    std::vector<std::byte> bytes;
    while (const auto need = scanner.need()) {
        bytes.resize(static_cast<std::size_t>(need->length));
        const ssize_t got = ::pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(need->offset));
        if (got != static_cast<ssize_t>(bytes.size())) return broken("pread");
        if (auto ok = scanner.feed(bytes); !ok) return broken(ok.error().text);
    }
    auto index = scanner.take_index();
    if (!index) return broken(index.error().text);
    return std::move(*index);
}

Outcome<RenditionFacts> check_mezzanine(int fd) {
    const auto block = index_mezzanine(fd);
    if (!block) return std::unexpected(block.error());
    const FileIndexView index(*block);
    if (index.track_count() != 1) return broken("not one track");
    const TrackView track = index.track(0);
    if (track->layout != Layout::fragments) return broken("sidx was passed over");
    RenditionFacts facts;
    facts.video = track->kind == media::TrackKind::video;
    facts.codecs = track.codec_string();
    facts.timescale = track->timescale;
    facts.duration_ms =
        static_cast<std::uint64_t>(std::max<std::int64_t>(track->end, 0)) * 1000 / track->timescale;
    for (std::uint32_t i = 0; i < track.piece_count(); ++i) {
        const media::Piece& piece = track.pieces()[i];
        if (piece.duration == 0) return broken("sidx: a fragment lasts no time");
        if (piece.extra == 0 || piece.extra > piece.bytes) return broken("ssix: no first range");
        facts.starts.push_back(track.piece_time(i));
    }
    add_bit_rates(track, facts);
    return facts;
}

bool are_aligned(const RenditionFacts& a, const RenditionFacts& b) noexcept {
    __extension__ using Wide = __int128;
    return std::ranges::equal(a.starts, b.starts, [&](std::int64_t x, std::int64_t y) {
        return Wide{x} * b.timescale == Wide{y} * a.timescale;
    });
}

}  // namespace mezz::worker
