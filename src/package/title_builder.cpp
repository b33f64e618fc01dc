#include "package/title_builder.hpp"

#include <algorithm>
#include <set>
#include <tuple>

#include "core/block_writer.hpp"
#include "core/fixed_text.hpp"
#include "core/hash.hpp"
#include "core/rescale.hpp"
#include "core/text.hpp"
#include "package/bit_rate.hpp"
#include "package/iframes.hpp"
#include "package/segment_times.hpp"
#include "package/segmenter.hpp"
#include "package/text_segments.hpp"
#include "package/ts_codec.hpp"

namespace mezz::package {
namespace {

using media::TrackKind;
using media::TrackView;

// A rendition while the title is being built.
struct Draft {
    RenditionRecord record;
    TrackView track;
};

// The highest frame rate of a track (RFC 8216bis §4.4.6.2, FRAME-RATE), unless its shortest frame is an odd
// one.
void set_frame_rate(const TrackView& track, RenditionRecord& record) noexcept {
    const auto ticks =
        static_cast<std::uint64_t>(std::max<std::int64_t>(track->end - track.piece_time(0), 1));
    const std::uint64_t average = (track->sample_count * track->timescale * 1000 + ticks / 2) / ticks;
    record.frame_rate_milli = average;
    if (track->shortest_duration == 0) return;
    const std::uint64_t highest =
        (std::uint64_t{track->timescale} * 1000 + track->shortest_duration / 2) / track->shortest_duration;
    constexpr std::uint64_t kLikely = 120000;
    if (highest <= average * 2 || highest <= kLikely) record.frame_rate_milli = highest;
}

// As the catalog or the file writes it.
std::string_view language_of(const SourceFile& file, const TrackView& track) noexcept {
    return file.language.empty() ? track.written_language() : std::string_view(file.language);
}

Draft draft_rendition(const SourceFile& file, std::uint32_t file_number, std::uint32_t track_number) {
    const TrackView track = file.index.track(track_number);
    Draft draft{.record = {}, .track = track};
    RenditionRecord& record = draft.record;
    record.kind = track->kind;
    record.layout = track->layout;
    record.file = file_number;
    record.track = track_number;
    record.codec = track->codec;
    record.in_ts = ts_codec(track->codec) != nullptr;
    record.is_default = file.is_default;
    assign(record.codec_string, track.codec_string());
    assign(record.language, canonical_language(language_of(file, track)));
    if (track->kind == TrackKind::video) {
        record.turned = track.is_turned();
        record.width = record.turned ? track->height : track.displayed_width();
        record.height = record.turned ? track.displayed_width() : track->height;
        record.range = track->color.video_range();
        set_frame_rate(track, record);
    } else {
        record.channels = track->audio.channels;
        record.joc_complexity = track->audio.joc_complexity;
        record.sample_rate = track->audio.sample_rate;
        assign(record.label, file.label.empty() ? track->about.label.data() : file.label.c_str());
        record.is_described = file.is_described || track->about.roles.description;
        record.is_commentary = file.is_commentary || track->about.roles.commentary;
    }
    return draft;
}

// The same audio usually comes with each video file: one of each language, codec and channel count is enough.
bool is_same_audio(const Draft& a, const Draft& b) noexcept {
    return a.record.kind == TrackKind::audio && b.record.kind == TrackKind::audio &&
           a.record.file != b.record.file && a.record.codec == b.record.codec &&
           a.record.channels == b.record.channels && a.record.is_described == b.record.is_described &&
           a.record.is_commentary == b.record.is_commentary &&
           std::string_view(a.record.language.data()) == b.record.language.data();
}

std::int64_t end_ms(const Draft& draft) noexcept {
    return rescale(draft.track->end, 1000, draft.track->timescale);
}

bool is_longer(const Draft& a, const Draft& b) noexcept {
    constexpr std::int64_t kToleranceMs = 1000;
    return end_ms(a) > end_ms(b) + kToleranceMs;
}

// All times are computed in microseconds, too, and some of them threefold.
bool ends_too_late(const Draft& draft) noexcept {
    constexpr std::int64_t kLatest = std::int64_t{1}
                                     << 33;  // seconds: 272 years, as times may count from 1970
    return rescale(draft.track->end, 1, draft.track->timescale) > kLatest;
}

std::vector<Draft> draft_renditions(std::span<const SourceFile> files) {
    std::vector<Draft> drafts;
    for (std::uint32_t f = 0; f < files.size(); ++f) {
        for (std::uint32_t t = 0; t < files[f].index.track_count(); ++t) {
            const Draft draft = draft_rendition(files[f], f, t);
            const auto same =
                std::ranges::find_if(drafts, [&](const Draft& other) { return is_same_audio(other, draft); });
            if (same == drafts.end() || !files[f].rendition.empty())
                drafts.push_back(draft);
            else if (is_longer(draft, *same))
                *same = draft;
        }
    }
    return drafts;
}

// The catalog's name is that of the file's first track: its video, if it has one.
bool is_named(std::span<const SourceFile> files, const RenditionRecord& record) noexcept {
    return record.track == 0 && !files[record.file].rendition.empty();
}

std::string derived_name(std::span<const SourceFile> files, const Draft& draft) {
    std::string name;
    if (draft.record.kind == TrackKind::audio) {
        const std::string_view language = language_of(files[draft.record.file], draft.track);
        name += "audio-";
        name += language.empty() ? "und" : language;
    } else {
        append_number(name, draft.record.height);
        name += 'p';
    }
    return name;
}

// Gives each its own name: the one that it wishes, or that with a number.
class Names {
public:
    template <std::size_t N>
    void give(std::array<char, N>& to, const std::string& wished) {
        std::string free = wished;
        for (unsigned n = 2; !taken_.insert(free).second; ++n) {
            free = wished + '-';
            append_number(free, n);
        }
        assign(to, free);
    }

private:
    std::set<std::string, std::less<>> taken_;
};

// Names from the catalog come first, so that no derived one takes them.
void name_renditions(std::span<const SourceFile> files, std::vector<Draft>& drafts, Names& names) {
    for (Draft& draft : drafts)
        if (is_named(files, draft.record)) names.give(draft.record.name, files[draft.record.file].rendition);
    for (Draft& draft : drafts)
        if (!is_named(files, draft.record)) names.give(draft.record.name, derived_name(files, draft));
}

// After the renditions, so that they have the names that they would have without texts.
std::vector<TextRecord> make_texts(std::span<const SourceText> texts, Names& names) {
    std::vector<TextRecord> records;
    bool has_default = false;
    for (const SourceText& text : texts) {
        TextRecord& record = records.emplace_back();
        names.give(record.name, text.track);
        assign(record.language, text.language);
        assign(record.label, text.label);
        record.is_default = text.is_default && !has_default;
        record.is_forced = text.is_forced;
        record.is_sdh = text.is_sdh;
        record.track = text.number;
        has_default = has_default || text.is_default;
    }
    return records;
}

// One audio rendition is the default: the first that the catalog marks, or else the first of the title's own.
void choose_default_audio(std::vector<Draft>& drafts) {
    Draft* chosen = nullptr;
    const auto rank = [](const RenditionRecord& record) {
        return std::tuple(record.is_default, record.is_plain());
    };
    for (Draft& draft : drafts) {
        if (draft.record.kind != TrackKind::audio) continue;
        if (chosen == nullptr || rank(draft.record) > rank(chosen->record)) chosen = &draft;
    }
    for (Draft& draft : drafts)
        draft.record.is_default = &draft == chosen;
}

// Sound that goes on after the pictures is all in the last segment that has some.
bool goes_on_for_longer(const Draft& audio, std::span<const Draft> drafts, std::uint32_t ms) noexcept {
    std::int64_t longest = 0;
    for (const Draft& draft : drafts)
        if (draft.record.kind == TrackKind::video) longest = std::max(longest, end_ms(draft));
    return end_ms(audio) > longest + ms;
}

// Nothing else than the other, or just what each video file has beside its pictures.
bool is_copy(const Draft& draft, const Draft& other) noexcept {
    return &draft == &other || (is_same_audio(draft, other) && draft.record.track != 0);
}

// Transport streams of video carry the sound if there is only one that they can: of several, viewers who
// choose another would be sent two, and not every player comes back to what has no playlist of its own. Of
// MP3 one is carried even so, of the default's language if there is one: hls.js plays it nowhere else. None
// if a segment would become far too long.
void choose_muxed_audio(std::vector<Draft>& drafts, std::uint32_t wished_ms) {
    const auto main =
        std::ranges::find_if(drafts, [](const Draft& draft) { return draft.record.is_default; });
    Draft* chosen = nullptr;
    const auto rank = [&](const RenditionRecord& record) {
        const bool same = std::string_view(record.language.data()) == main->record.language.data();
        const bool aac = record.codec == media::Codec::aac;
        return std::tuple(record.is_plain(), same, aac, record.is_default);
    };
    for (Draft& draft : drafts) {
        if (draft.record.kind != TrackKind::audio || !draft.record.in_ts) continue;
        if (chosen == nullptr || rank(draft.record) > rank(chosen->record)) chosen = &draft;
    }
    if (chosen == nullptr || goes_on_for_longer(*chosen, drafts, wished_ms)) return;
    const bool several = std::ranges::any_of(drafts, [chosen](const Draft& draft) {
        return draft.record.kind == TrackKind::audio && draft.record.in_ts && !is_copy(draft, *chosen);
    });
    chosen->record.is_muxed = !several || chosen->record.codec == media::Codec::mp3;
}

// The first video that is as long as any, give or take a second; the first rendition if there is no video.
std::vector<Draft>::const_iterator longest_video(const std::vector<Draft>& drafts) {
    const auto is_video = [](const Draft& d) { return d.record.kind == TrackKind::video; };
    std::int64_t longest = 0;
    for (const Draft& draft : drafts)
        if (is_video(draft)) longest = std::max(longest, end_ms(draft));
    const auto found = std::ranges::find_if(
        drafts, [&](const Draft& draft) { return is_video(draft) && end_ms(draft) + 1000 > longest; });
    return found == drafts.end() ? drafts.begin() : found;
}

// Closed groups of pictures, unless there are so few that segments would become far longer than others.
CutPoints points_of(const TrackView& track, std::uint32_t wished_ms) {
    CutPoints all = cut_points(track);
    CutPoints closed = cut_points(track, true);
    const std::int64_t wished = rescale(wished_ms, all.timescale, 1000);
    return longest_gap(closed) <= 2 * std::max(longest_gap(all), wished) ? closed : all;
}

// Whether no video begins a segment with an open group of pictures.
bool is_independent(std::span<const Draft> drafts, std::span<const std::int64_t> boundaries,
                    std::uint32_t timescale) noexcept {
    for (const Draft& draft : drafts) {
        const TrackTimeline line(boundaries, timescale, draft.track);
        for (std::uint32_t n = 1; n < line.segment_count(); ++n)
            if (!line.pieces(n).empty() && draft.track.is_open(line.pieces(n).first)) return false;
    }
    return true;
}

// Sound that goes on after the pictures stays in the last of their transport stream's segments: players that
// were told of pictures wait for them in each.
std::uint32_t longest_ts_ms(std::span<const Draft> drafts, std::span<const std::int64_t> boundaries,
                            std::uint32_t timescale) noexcept {
    std::int64_t longest = 0;
    for (std::size_t n = 1; n < boundaries.size(); ++n)
        longest = std::max(longest, boundaries[n] - boundaries[n - 1]);
    for (const Draft& draft : drafts) {
        if (draft.record.kind != TrackKind::video) continue;
        const TrackTimeline line(boundaries, timescale, draft.track);
        std::uint32_t last = line.segment_count() - 1;
        while (last > 0 && line.pieces(last).empty())
            --last;
        longest = std::max(longest, draft.record.ts_end - boundaries[last]);
    }
    return static_cast<std::uint32_t>(std::min<std::int64_t>(rescale(longest, 1000, timescale), INT32_MAX));
}

// Removes video renditions that would stretch the segments: their sync points are not those of the first, or
// they are longer or shorter by over a second.
CutPoints align(std::vector<Draft>& drafts, const TitleOptions& options, std::uint32_t& unaligned) {
    const auto reference = longest_video(drafts);
    const std::uint32_t wished = *std::ranges::max_element(options.segment_ms);
    CutPoints points = points_of(reference->track, wished);
    const std::int64_t tolerable = 2 * std::max(longest_gap(points), rescale(wished, points.timescale, 1000));
    std::vector<Draft> kept;
    for (const Draft& draft : drafts) {
        if (draft.record.kind == TrackKind::video && &draft != &*reference) {
            CutPoints common = common_points(points, draft.track);
            const std::int64_t end = rescale(draft.track->end, points.timescale, draft.track->timescale);
            if (longest_gap(common) > tolerable || std::abs(end - points.end) > points.timescale) {
                ++unaligned;
                continue;
            }
            points = std::move(common);
        }
        kept.push_back(draft);
    }
    drafts = std::move(kept);
    std::int64_t end = points.end;
    for (const Draft& draft : drafts)
        end = std::max(end, rescale(draft.track->end, points.timescale, draft.track->timescale));
    extend(points, end);
    return points;
}

std::optional<TrackTimeline> muxed_line(std::span<const Draft> drafts,
                                        std::span<const std::int64_t> boundaries, std::uint32_t timescale) {
    std::optional<TrackTimeline> muxed;
    for (const Draft& draft : drafts)
        if (draft.record.is_muxed) muxed.emplace(boundaries, timescale, draft.track);
    return muxed;
}

void set_ts_ends(std::vector<Draft>& drafts, const std::optional<TrackTimeline>& muxed,
                 std::uint32_t timescale) {
    for (Draft& draft : drafts) {
        draft.record.ts_end = rescale(draft.track->end, timescale, draft.track->timescale);
        if (muxed && draft.record.kind == TrackKind::video)
            draft.record.ts_end = std::max(
                draft.record.ts_end, rescale(muxed->track()->end, timescale, muxed->track()->timescale));
    }
}

// Of sound too: its segments end with a frame, after the pictures (ISO/IEC 23009-1 §5.3.1.2).
std::uint32_t longest_ms(const SegmentStarts& starts, std::uint32_t timescale) noexcept {
    std::int64_t longest = 0;
    for (std::uint32_t n = 0; n < starts.count(); ++n)
        if (!starts.empty(n)) longest = std::max(longest, starts.start(n + 1) - starts.media_start(n));
    return static_cast<std::uint32_t>(std::min<std::int64_t>(rescale(longest, 1000, timescale), INT32_MAX));
}

void measure_segments(std::vector<Draft>& drafts, const std::optional<TrackTimeline>& muxed,
                      std::span<const std::int64_t> boundaries, TitleHeader& header) {
    const std::int64_t longest = longest_micros(boundaries, header.timescale, 0);
    const std::int64_t longest_ts = longest_micros(boundaries, header.timescale, header.longest_ts_ms);
    for (Draft& draft : drafts) {
        const TrackTimeline line(boundaries, header.timescale, draft.track);
        const SegmentTimes times(line);
        header.longest_cmaf_ms =
            std::max(header.longest_cmaf_ms, longest_ms(times.starts(), draft.track->timescale));
        draft.record.cmaf = cmaf_bit_rate(line, times, longest);
        draft.record.ts =
            draft.record.kind == TrackKind::video
                ? ts_bit_rate(line, muxed, longest_ts, to_micros(draft.record.ts_end, header.timescale))
                : ts_bit_rate(std::nullopt, line, longest_ts, 0);
        set_iframe_rates(line, draft.record);
    }
}

Result<std::vector<std::byte>> write_title(std::span<const SourceFile> files, std::span<const Draft> drafts,
                                           std::span<const std::int64_t> boundaries,
                                           std::span<const SourceText> texts,
                                           std::vector<TextRecord> text_records, std::string_view name,
                                           TitleHeader header) {
    BlockWriter writer;
    (void)writer.put(std::span<const TitleHeader>(&header, 1));
    header.boundaries = writer.put(boundaries);
    std::vector<FileRecord> file_records;
    for (const SourceFile& file : files) {
        file_records.push_back({writer.put(as_bytes(file.name)), file.size, file.modified});
        header.modified = std::max(header.modified, file.modified / 1000000000);
    }
    header.files = writer.put(std::span<const FileRecord>(file_records));
    std::vector<RenditionRecord> records;
    for (const Draft& draft : drafts)
        records.push_back(draft.record);
    header.renditions = writer.put(std::span<const RenditionRecord>(records));
    for (std::size_t i = 0; i < texts.size(); ++i) {
        TextRecord& record = text_records[i];
        record.file = {writer.put(as_bytes(texts[i].name)), texts[i].size, texts[i].modified};
        record.rate = text_bit_rate(texts[i].index, boundaries, header.timescale);
        header.modified = std::max(header.modified, texts[i].modified / 1000000000);
    }
    header.texts = writer.put(std::span<const TextRecord>(text_records));
    header.name = writer.put(as_bytes(name));
    if (writer.size() > UINT32_MAX) return fail(ErrorCode::too_large, "title: over 4 GiB");
    header.size = static_cast<std::uint32_t>(writer.size());
    writer.overwrite(0, header);
    return writer.take();
}

}  // namespace

std::string make_revision(std::span<const SourceFile> files, const TitleOptions& options,
                          std::string_view catalog_revision, std::span<const SourceText> texts) {
    std::string key = "mezz";
    const auto add = [&key](auto number) {
        key += '/';
        append_number(key, number);
    };
    add(kPackagerVersion);
    for (const std::uint32_t ms : options.segment_ms)
        add(ms);
    key += '/';
    key += catalog_revision;
    for (const SourceFile& file : files) {
        key += '/';
        key += file.name;
        add(file.size);
        add(file.modified);
        for (const std::string* text : {&file.rendition, &file.language, &file.label}) {
            key += '/';
            key += *text;
        }
        add((file.is_default ? 1 : 0) + (file.is_described ? 2 : 0) + (file.is_commentary ? 4 : 0));
    }
    for (const SourceText& text : texts) {
        key += "/text/";
        key += text.name;
        add(text.size);
        add(text.modified);
        for (const std::string* part : {&text.track, &text.language, &text.label}) {
            key += '/';
            key += *part;
        }
        add((text.is_default ? 1 : 0) + (text.is_forced ? 2 : 0) + (text.is_sdh ? 4 : 0));
    }
    return to_hex(hash_of(key));
}

Result<std::vector<std::byte>> build_title(std::span<const SourceFile> files, const TitleOptions& options,
                                           std::string_view revision, std::span<const SourceText> texts,
                                           const TitleFacts& facts) {
    std::vector<Draft> drafts = draft_renditions(files);
    if (drafts.empty()) return fail(ErrorCode::unsupported, "title: no rendition");
    if (std::ranges::any_of(drafts, ends_too_late))
        return fail(ErrorCode::bad_media, "title: a track ends later than 2^33 seconds");
    TitleHeader header;
    header.version = kPackagerVersion;
    header.storyboard = facts.storyboard;
    const CutPoints points = align(drafts, options, header.unaligned);
    header.timescale = points.timescale;
    assign(header.revision, revision);
    choose_default_audio(drafts);
    choose_muxed_audio(drafts, options.segment_ms.back());
    const std::vector<std::int64_t> boundaries = cut(points, options.segment_ms);
    header.independent = is_independent(drafts, boundaries, points.timescale) ? 1 : 0;
    const auto muxed = muxed_line(drafts, boundaries, points.timescale);
    set_ts_ends(drafts, muxed, points.timescale);
    header.longest_ts_ms = longest_ts_ms(drafts, boundaries, points.timescale);
    measure_segments(drafts, muxed, boundaries, header);
    std::ranges::sort(drafts, {}, [](const Draft& draft) {
        const RenditionRecord& record = draft.record;
        const bool audio = record.kind == TrackKind::audio;
        return std::tuple(audio, audio ? 0 : record.cmaf.average, record.file, record.track);
    });
    Names names;
    name_renditions(files, drafts, names);
    return write_title(files, drafts, boundaries, texts, make_texts(texts, names), facts.name, header);
}

}  // namespace mezz::package
