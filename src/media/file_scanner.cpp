#include "media/file_scanner.hpp"

#include <algorithm>

namespace mezz::media {
namespace {

constexpr std::uint64_t kFirstRead = 65536;  // holds ftyp, and most of a track file's head
constexpr std::uint64_t kHeaderRead = 4096;
constexpr std::uint64_t kSmallestBox = 8;      // fewer bytes at the end are junk
constexpr std::uint32_t kMostBoxes = 1000000;  // at the top of a file

FragmentDefaults defaults_of(const Movie& movie, const MovieTrack& track) noexcept {
    return {track.id,         track.default_duration, track.default_size, track.default_flags,
            track.edit_shift, track.description,      movie.default_sizes};
}

// Where the samples end that the tables of moov describe; what is later than any time may be is cut off.
std::int64_t end_of_tables(const MovieTrack& track) noexcept {
    constexpr std::uint64_t kLatest = std::uint64_t{1} << 56;
    std::uint64_t ticks = 0;
    std::uint32_t left = track.tables.format.sample_count;
    ByteReader in(track.tables.time_to_sample.entries);
    while (left > 0 && in.remaining() >= 8 && ticks < kLatest) {
        const std::uint32_t count = std::min(in.u32(), left);
        left -= count;
        ticks += std::min(std::uint64_t{count} * in.u32(), kLatest);
    }
    return static_cast<std::int64_t>(std::min(ticks, kLatest)) + track.edit_shift;
}

std::vector<ScannedTrack> begin_tracks(std::span<const MovieTrack> tracks) {
    std::vector<ScannedTrack> scanned(tracks.size());
    for (std::size_t i = 0; i < tracks.size(); ++i)
        scanned[i].end = end_of_tables(tracks[i]);
    return scanned;
}

// A writer may have stopped using the tables of moov at any time.
bool has_table_samples(const Movie& movie) noexcept {
    return std::ranges::any_of(movie.tracks,
                               [](const MovieTrack& track) { return track.tables.format.sample_count != 0; });
}

// Whether ftyp names one of the structural brands of CMAF (ISO/IEC 23000-19 §7.2): only then header and
// fragments can be sent as they are.
bool has_cmaf_brand(Bytes ftyp) noexcept {
    ByteReader in(ftyp);
    while (in.has(4)) {
        const FourCc brand = in.u32();
        if (brand == fourcc("cmfc") || brand == fourcc("cmf2")) return true;
    }
    return false;
}

}  // namespace

std::optional<ByteRange> FileScanner::need() const noexcept {
    if (done_) return sets_.need();
    const std::uint64_t left = file_size_ - position_;
    if (goal_ == Goal::body) return ByteRange{position_, body_length_};
    return ByteRange{position_, std::min(left, position_ == 0 ? kFirstRead : kHeaderRead)};
}

bool FileScanner::wanted(FourCc type) const noexcept {
    switch (type) {
        case fourcc("moov"):
            return !movie_;
        case fourcc("sidx"):
        case fourcc("ssix"):
        case fourcc("moof"):
            return movie_.has_value();
        default:
            return false;
    }
}

// The end of the file is reached.
Result<void> FileScanner::finish() {
    if (!movie_) return fail(ErrorCode::bad_media, "moov: not found", file_size_);
    if (scanned_.moofs.empty() && !has_table_samples(*movie_))
        return fail(ErrorCode::bad_media, "moof: not found", file_size_);
    return end_boxes();
}

// All boxes are known. What they do not say is in the samples.
Result<void> FileScanner::end_boxes() {
    done_ = true;
    return sets_.plan(movie_->tracks, scanned_.tracks, file_size_);
}

Result<void> FileScanner::feed(Bytes bytes) {
    if (done_) return sets_.feed(bytes, movie_->tracks);
    const std::uint64_t base = position_;
    while (!done_) {
        if (file_size_ - position_ < kSmallestBox) return finish();
        const std::uint64_t at = position_ - base;
        const bool up_to_end = base + bytes.size() == file_size_;
        if (at > bytes.size() || (bytes.size() - at < kMaxBoxHeader && !up_to_end)) break;
        const Bytes here = bytes.subspan(static_cast<std::size_t>(at));
        const auto header = read_box_header(here, position_, file_size_);
        if (!header) return std::unexpected(header.error());
        if (++boxes_ > kMostBoxes)
            return fail(ErrorCode::unsupported, "file: over a million boxes", position_);
        if (wanted(header->type)) {
            if (header->size > max_moov_)
                return fail(ErrorCode::too_large, "moov: over mezz_max_moov", position_);
            if (header->size > here.size()) {
                goal_ = Goal::body;
                // Behind the index of a track file stands its first fragment, which is wanted too.
                const std::uint64_t more = fragmented_ ? kHeaderRead : 0;
                body_length_ = std::min(header->size + more, file_size_ - position_);
                return {};
            }
            const auto size = static_cast<std::size_t>(header->payload_size());
            if (auto ok = take_box(*header, here.subspan(header->header_size, size)); !ok) return ok;
        } else if (header->type == fourcc("ftyp")) {
            const std::size_t size = std::min(here.size(), static_cast<std::size_t>(header->size));
            is_cmaf_ = has_cmaf_brand(here.first(size).subspan(header->header_size));
        } else if (!movie_ && header->type != fourcc("free")) {
            media_before_moov_ = true;
        }
        position_ = header->end();
        goal_ = Goal::header;
    }
    return {};
}

Result<void> FileScanner::take_moov(const BoxHeader& header, Bytes payload) {
    moov_.assign(payload.begin(), payload.end());
    auto movie = parse_movie(moov_, header.offset, header.header_size);
    if (!movie) return std::unexpected(movie.error());
    movie_ = std::move(*movie);
    init_end_ = header.end();
    return movie_->fragmented ? Result<void>() : end_boxes();
}

// Its pieces can be byte ranges of the file only if it is a CMAF track file, and if the index covers all of
// it and says that each subsegment can be decoded by itself. Any other index is passed over: the moof boxes
// tell all.
Result<void> FileScanner::take_sidx(const Box& sidx) {
    if (!is_cmaf_ || fragmented_ || media_before_moov_ || movie_->tracks.size() != 1 ||
        movie_->track_count != 1 || has_table_samples(*movie_) || lacks_parameter_sets(movie_->tracks))
        return {};
    auto index = parse_segment_index(sidx, file_size_);
    const bool usable = index && index->all_sync && index->end == file_size_ && !index->subsegments.empty() &&
                        index->timescale == movie_->tracks.front().timescale;
    if (usable) fragmented_.emplace(FragmentedFile{std::move(*index), {}, init_end_});
    return {};
}

Result<void> FileScanner::take_moof(const Box& moof, std::uint64_t size) {
    if (fragmented_ && !is_chunk(moof)) fragmented_.reset();
    if (!fragmented_) return scan_moof(moof, size);
    done_ = true;
    const MovieTrack& track = movie_->tracks.front();
    const auto ok = read_fragment(moof, defaults_of(*movie_, track), file_size_, fragmented_->first_fragment);
    if (ok) sets_.plan(track, fragmented_->first_fragment);
    return ok;
}

Result<void> FileScanner::scan_moof(const Box& moof, std::uint64_t size) {
    if (size > UINT32_MAX) return fail(ErrorCode::unsupported, "moof: over 4 GiB", moof.offset);
    if (scanned_.moofs.empty()) {
        scanned_.tracks = begin_tracks(movie_->tracks);
        scanned_.texts = begin_tracks(movie_->texts);
    }
    scanned_.moofs.push_back({moof.offset, static_cast<std::uint32_t>(size), 0});
    std::uint64_t memory = scanned_.moofs.size() * sizeof(MoofRef);
    const auto scan = [&](const MovieTrack& source, ScannedTrack& track) {
        track.moof_starts.push_back(static_cast<std::uint32_t>(track.samples.size()));
        const std::size_t before = track.samples.size();
        FragmentDefaults defaults = defaults_of(*movie_, source);
        defaults.begin = track.end;
        const auto ok = read_fragment(moof, defaults, file_size_, track.samples);
        if (track.samples.size() > before)
            track.end = track.samples.back().dts + track.samples.back().duration;
        memory += track.samples.size() * sizeof(Sample) + track.moof_starts.size() * sizeof(std::uint32_t);
        return ok;
    };
    for (std::size_t i = 0; i < scanned_.tracks.size(); ++i)
        if (auto ok = scan(movie_->tracks[i], scanned_.tracks[i]); !ok) return ok;
    for (std::size_t i = 0; i < scanned_.texts.size();) {
        if (scan(movie_->texts[i], scanned_.texts[i])) {
            ++i;
            continue;
        }
        ++movie_->broken_texts;
        movie_->texts.erase(movie_->texts.begin() + static_cast<std::ptrdiff_t>(i));
        scanned_.texts.erase(scanned_.texts.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (memory > max_moov_)
        return fail(ErrorCode::too_large, "moof: samples are over mezz_max_moov", moof.offset);
    return {};
}

Result<void> FileScanner::take_box(const BoxHeader& header, Bytes payload) {
    const Box box{header.type, header.offset, header.header_size, payload};
    switch (header.type) {
        case fourcc("moov"):
            return take_moov(header, payload);
        case fourcc("moof"):
            return take_moof(box, header.size);
        case fourcc("sidx"):
            return take_sidx(box);
        case fourcc("ssix"):
            return fragmented_ ? add_subsegment_index(box, fragmented_->index) : Result<void>();
        default:
            return {};
    }
}

Result<std::vector<std::byte>> FileScanner::take_index() {
    if (!movie_) return fail(ErrorCode::internal, "scanner: asked for an index too early");
    if (fragmented_) return build_index(*movie_, *fragmented_, file_size_, cost_);
    if (!scanned_.moofs.empty()) return build_index(*movie_, scanned_, file_size_, cost_);
    return build_index(*movie_, file_size_, cost_);
}

}  // namespace mezz::media
