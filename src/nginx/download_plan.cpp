#include "nginx/download_plan.hpp"

#include <algorithm>

#include "core/block_writer.hpp"
#include "core/text.hpp"
#include "media/sample_reader.hpp"
#include "nginx/conf.hpp"
#include "nginx/flight.hpp"
#include "nginx/thread_op.hpp"

namespace mezz::nginx {
namespace {

// The form in which a plan is kept.
struct PlanHeader {
    std::uint64_t size = 0;
    std::uint32_t whole_file = 0;
    std::uint32_t pad = 0;
    ArrayRef head;
    ArrayRef spans;
};

// One of the (up to) two tracks of a download.
struct Part {
    FileRef file;
    media::TrackView track;
    package::PieceRange pieces;
    std::uint32_t source = 0;
};

// Of which title a download is made, and which part.
struct Wanted {
    const LoadedTitle& title;
    std::span<const package::RenditionRecord* const> renditions;
    const std::optional<package::Clip>& clip;
};

// The file is the download if it holds just these tracks and begins with moov.
class WholeFileCheck {
public:
    void track(const Part& part) noexcept {
        fits_ = fits_ && part.source == 0 && part.pieces.first == 0 &&
                part.track->layout == media::Layout::sample_tables;
        tables_ = std::max(tables_, part.track->tables.time_to_sample.offset);
    }
    void first_sample(const media::Sample& sample) noexcept { media_ = std::min(media_, sample.offset); }
    [[nodiscard]] bool holds() const noexcept { return fits_ && tables_ < media_; }

private:
    bool fits_ = true;
    std::uint64_t tables_ = 0;
    std::uint64_t media_ = kNoOffset;
};

// Reads the sample tables or fragments of all tracks, and lays the download out.
struct PlanJob {
    std::vector<Part> parts;
    std::optional<package::Clip> clip;
    bool only_tracks = false;  // of their one file
    std::uint64_t max_moov = 0;
    Result<std::vector<std::byte>> result{std::unexpect, Error{ErrorCode::internal, "download: no memory"}};

    void run() noexcept {
        try {
            result = plan();
        } catch (const std::bad_alloc&) {
            return;
        }
    }

private:
    static constexpr std::uint32_t kPiecesAtOnce = 256;

    [[nodiscard]] Result<std::vector<std::byte>> plan() const {
        std::vector<package::ProgressiveTrack> tracks;
        WholeFileCheck whole;
        for (const Part& part : parts) {
            whole.track(part);
            auto track = read(part, whole);
            // Sound may have ended where the picture goes on.
            const bool beside = !tracks.empty();
            if (!track && beside && track.error().code == ErrorCode::not_found) continue;
            if (!track) return std::unexpected(track.error());
            tracks.push_back(std::move(*track));
        }
        if (only_tracks && whole.holds())
            return keep({.head = {}, .spans = {}, .size = static_cast<std::uint64_t>(parts[0].file.size)},
                        true);
        auto laid_out = package::write_progressive(tracks);
        if (!laid_out) return std::unexpected(laid_out.error());
        return keep(*laid_out, false);
    }

    Result<package::ProgressiveTrack> read(const Part& part, WholeFileCheck& whole) const {
        package::ProgressiveTrack track(part.track, part.source, max_moov);
        if (clip) track.show_only(*clip);
        for (std::uint32_t at = part.pieces.first; at < part.pieces.last; at += kPiecesAtOnce) {
            const auto samples = read(part, at, std::min(at + kPiecesAtOnce, part.pieces.last));
            if (!samples) return std::unexpected(samples.error());
            if (at == part.pieces.first && !samples->empty()) whole.first_sample(samples->front());
            if (const auto added = track.add(*samples); !added) return std::unexpected(added.error());
        }
        if (clip && track.empty())
            return fail(ErrorCode::not_found, "query: the rendition has nothing of the clip");
        if (const auto done = track.finish(); !done) return std::unexpected(done.error());
        return track;
    }

    static Result<std::vector<media::Sample>> read(const Part& part, std::uint32_t first,
                                                   std::uint32_t last) {
        media::SampleReader reader(part.track, static_cast<std::uint64_t>(part.file.size), first, last);
        std::vector<std::byte> buffer;
        while (const auto need = reader.need()) {
            buffer.resize(static_cast<std::size_t>(need->length));
            const auto n = read_blocking(part.file, buffer, need->offset);
            if (!n) return fail(ErrorCode::io, "file: cannot be read", need->offset);
            if (*n != buffer.size())
                return fail(ErrorCode::io, "file: shorter than it was", need->offset + *n);
            if (const auto fed = reader.feed(buffer); !fed) return std::unexpected(fed.error());
        }
        return reader.take_samples();
    }

    static std::vector<std::byte> keep(const package::Progressive& laid_out, bool whole_file) {
        BlockWriter writer;
        PlanHeader header;
        header.size = laid_out.size;
        header.whole_file = whole_file ? 1 : 0;
        (void)writer.put(std::span<const PlanHeader>(&header, 1));
        header.head = writer.put(Bytes(laid_out.head));
        header.spans = writer.put(std::span<const package::FileSpan>(laid_out.spans));
        writer.overwrite(0, header);
        return writer.take();
    }
};

// With the files as they are: a catalog's revision does not tell.
std::string plan_key(const Wanted& wanted, std::span<const LoadedFile> files) {
    std::string key = with_clip("download ", wanted.clip);
    key += wanted.title.view().revision();
    for (const LoadedFile& file : files)
        append_identity(key, file.media);
    key += ' ';
    key += wanted.renditions[0]->name.data();
    key += ' ';
    key += wanted.title.path.view();
    return key;
}

// Copied out of the zone: a slow client may take hours.
void take_plan(Bytes block, DownloadPlan& plan) {
    const auto& header = *reinterpret_cast<const PlanHeader*>(block.data());
    const Bytes head = block.subspan(header.head.offset, header.head.count);
    const auto* spans = reinterpret_cast<const package::FileSpan*>(block.data() + header.spans.offset);
    plan.size = header.size;
    plan.whole_file = header.whole_file != 0;
    plan.head.assign(head.begin(), head.end());
    plan.spans.assign(spans, spans + header.spans.count);
}

// The renditions that a download holds.
std::vector<const package::RenditionRecord*> contents(const package::TitleView& title,
                                                      const package::RenditionRecord& rendition) {
    std::vector<const package::RenditionRecord*> all{&rendition};
    const package::RenditionRecord* audio = title.default_audio();
    if (rendition.kind == media::TrackKind::video && audio != nullptr) all.push_back(audio);
    return all;
}

Part part_of(const Wanted& wanted, const LoadedFile& file, const package::RenditionRecord& rendition,
             std::uint32_t source) noexcept {
    const media::TrackView track = file.view().track(rendition.track);
    const package::TrackTimeline line = package::timeline(wanted.title.view(), track);
    const package::PieceRange all{line.pieces(0).first, track.piece_count()};
    return {file.media.file, track, wanted.clip ? needed_pieces(line, *wanted.clip) : all, source};
}

Task<Result<Block>> make_plan(RequestFlow& flow, const Wanted& wanted, std::span<const LoadedFile> files) {
    PlanJob job;
    for (std::size_t i = 0; i < wanted.renditions.size(); ++i) {
        const std::size_t source = std::min(i, files.size() - 1);
        job.parts.push_back(
            part_of(wanted, files[source], *wanted.renditions[i], static_cast<std::uint32_t>(source)));
    }
    job.clip = wanted.clip;
    job.only_tracks =
        !wanted.clip && files.size() == 1 && files[0].view().track_count() == wanted.renditions.size();
    job.max_moov = mezz_conf(flow.request()).max_moov;
    const auto done = co_await run_in_thread(flow, job, "laying out a download");
    if (!done) co_return std::unexpected(done.error());
    if (!job.result) co_return std::unexpected(job.result.error());
    const Zone zone(mezz_main_conf(flow.request()).zone);
    co_return zone.insert(plan_key(wanted, files), std::move(*job.result));
}

// One request of this worker makes a plan; the others that need it wait for that.
Task<Result<Block>> load_plan(RequestFlow& flow, const Wanted& wanted, std::span<const LoadedFile> files) {
    const std::string key = plan_key(wanted, files);
    const Zone zone(mezz_main_conf(flow.request()).zone);
    for (;;) {
        Block block = zone.find(key);
        if (block) co_return block;
        Flight* under_way = Flight::find(key);
        if (under_way == nullptr) break;
        const auto landed = co_await wait_for(flow, *under_way);
        if (!landed) co_return std::unexpected(landed.error());
    }
    Flight flight(key);
    auto made = co_await make_plan(flow, wanted, files);
    if (!made) flight.fail(made.error());
    co_return made;
}

}  // namespace

Task<Result<DownloadPlan>> load_download(RequestFlow& flow, const LoadedTitle& title,
                                         const package::RenditionRecord& rendition,
                                         const std::optional<package::Clip>& clip) {
    const std::vector<const package::RenditionRecord*> renditions = contents(title.view(), rendition);
    std::vector<LoadedFile> files;
    for (const package::RenditionRecord* one : renditions) {
        if (!files.empty() && one->file == rendition.file) continue;
        auto file = co_await load_file(flow, title, one->file);
        if (!file) co_return std::unexpected(file.error());
        files.push_back(std::move(*file));
    }
    flow.set_subject(files[0].media.path());
    const Wanted wanted{title, renditions, clip};
    const auto block = co_await load_plan(flow, wanted, files);
    if (!block) co_return std::unexpected(block.error());
    DownloadPlan plan;
    take_plan(block->bytes(), plan);
    for (const LoadedFile& file : files)
        plan.files.push_back(file.media);
    co_return plan;
}

}  // namespace mezz::nginx
