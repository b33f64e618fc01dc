// Fuzzes subtitle files and samples of text tracks: whatever they hold, each segment is WebVTT whose cues are
// those of the index.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/asset.hpp"
#include "catalog/text_name.hpp"
#include "core/utf8.hpp"
#include "media/text_parser.hpp"
#include "media/text_samples.hpp"
#include "package/text_segments.hpp"

namespace {

using mezz::media::Cue;
using mezz::media::TextIndexView;

void require(bool holds, const std::source_location& where = std::source_location::current()) {
    if (holds) return;
    std::fprintf(stderr, "rule at line %u does not hold\n", static_cast<unsigned>(where.line()));
    std::abort();
}

// Nothing in a cue ends it, begins another, or is a tag that WebVTT does not know.
void check_text(std::string_view text) {
    require(!text.empty() && mezz::count_code_points(text));
    require(text.find("-->") == std::string_view::npos && text.find("\n\n") == std::string_view::npos);
    require(text.front() != '\n' && text.back() != '\n' &&
            text.find_first_of(std::string_view("\r\0", 2)) == std::string_view::npos);
    for (std::size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1)) {
        const char next = text[at + 1 + (text[at + 1] == '/' ? 1U : 0U)];
        require((next >= '0' && next <= '9') ||
                std::string_view("ibucvlr").find(next) != std::string_view::npos);
        require(text.find('>', at) != std::string_view::npos);
    }
}

void check_cues(const std::vector<Cue>& cues) {
    require(cues.size() <= mezz::media::kMostCues);
    for (const Cue& cue : cues) {
        require(cue.start < cue.end && cue.settings.find_first_of("\n<>&") == std::string::npos);
        check_text(cue.text);
    }
}

// What was written is read as what it was.
void check_written(const TextIndexView& index) {
    std::string text;
    mezz::package::write_text_file(index, text);
    const auto again = mezz::media::parse_text_file(text);
    if (!again) {
        require(text.size() > mezz::media::kLargestTextFile);
        return;
    }
    require(again->size() <= index.cue_count());
    std::size_t n = 0;
    for (const Cue& cue : *again) {
        while (n < index.cue_count() &&
               (index.cues()[n].start != cue.start || index.cues()[n].end != cue.end))
            ++n;  // left out: escaping made it longer than a cue may be
        require(n < index.cue_count());
        const std::string body = (cue.settings.empty() ? "" : " " + cue.settings) + '\n' + cue.text + '\n';
        require(body == index.body(static_cast<std::uint32_t>(n++)));
    }
}

void check_rates(const TextIndexView& index) {
    const std::vector<std::int64_t> boundaries{0, 2000, 2001, 9000, 3600000};
    const auto rate = mezz::package::text_bit_rate(index, boundaries, 1000);
    require(rate.peak >= rate.average && rate.peak > 0);
}

// The same bytes as samples of text tracks.
void check_samples(std::string_view bytes) {
    const mezz::Bytes sample = mezz::as_bytes(bytes);
    for (const std::uint8_t face : {std::uint8_t{0}, std::uint8_t{7}})
        if (const std::string text = mezz::media::read_tx3g_sample(sample, face); !text.empty())
            check_text(text);
    for (const Cue& cue : mezz::media::read_wvtt_sample(sample)) {
        require(cue.settings.find_first_of("\n<>&") == std::string::npos);
        check_text(cue.text);
    }
    mezz::media::CueCollector cues(mezz::media::Codec::wvtt, 0);
    for (std::uint32_t ms = 0; ms < 3; ++ms)
        require(cues.add(ms, ms + 1, sample));
    // What goes on is one cue; equal ones at once may be joined in any order.
    require(cues.cues().size() <= mezz::media::read_wvtt_sample(sample).size());
    for (const Cue& cue : cues.cues())
        require(cue.start == 0 && cue.end == 3);
}

void check_name(std::string_view name) {
    const auto said = mezz::catalog::read_text_name(name);
    if (!said) return;
    require(mezz::catalog::is_rendition_name(said->track));
    require(said->language.empty() || mezz::catalog::is_language_tag(said->language));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_name(text);
    check_samples(text);
    const auto cues = mezz::media::parse_text_file(text);
    if (!cues) return 0;
    check_cues(*cues);
    const auto block = mezz::media::build_text_index(*cues);
    if (!block) return 0;
    check_written(TextIndexView(*block));
    check_rates(TextIndexView(*block));
    return 0;
}
