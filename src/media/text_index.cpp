#include "media/text_index.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace mezz::media {

std::string_view TextIndexView::body(std::uint32_t i) const noexcept {
    const auto all = records();
    const std::string_view bodies = as_text(block_.subspan(header().bodies.offset, header().bodies.count));
    return bodies.substr(all[i].body, all[i + 1].body - all[i].body);
}

std::uint32_t TextIndexView::first_ending_after(std::uint32_t ms) const noexcept {
    const auto all = cues();
    const auto found = std::ranges::upper_bound(all, ms, {}, &CueRecord::latest_end);
    return static_cast<std::uint32_t>(found - all.begin());
}

Result<std::vector<std::byte>> build_text_index(std::span<const Cue> cues) {
    constexpr std::size_t kMostText = 32 << 20;
    std::vector<std::uint32_t> order(cues.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::sort(order, {}, [&](std::uint32_t i) { return std::pair(cues[i].start, i); });
    std::vector<CueRecord> records;
    records.reserve(cues.size() + 1);
    std::string bodies;
    std::uint32_t latest = 0;
    for (const std::uint32_t i : order) {
        const Cue& cue = cues[i];
        latest = std::max(latest, cue.end);
        records.push_back({cue.start, cue.end, latest, static_cast<std::uint32_t>(bodies.size())});
        if (!cue.settings.empty()) bodies += ' ';
        bodies += cue.settings;
        bodies += '\n';
        bodies += cue.text;
        bodies += '\n';
        if (bodies.size() > kMostText) return fail(ErrorCode::too_large, "text track: over 32 MiB of text");
    }
    records.push_back({0, 0, latest, static_cast<std::uint32_t>(bodies.size())});
    TextIndexHeader header{.version = kTextIndexVersion, .cues = {}, .bodies = {}};
    BlockWriter writer;
    (void)writer.put(std::span<const TextIndexHeader>(&header, 1));
    header.cues = writer.put(std::span<const CueRecord>(records));
    header.bodies = writer.put(as_bytes(bodies));
    writer.overwrite(0, header);
    return writer.take();
}

}  // namespace mezz::media
