#include "media/set_collector.hpp"

#include <algorithm>

#include "media/nal_units.hpp"
#include "media/parameter_sets.hpp"

namespace mezz::media {
namespace {

constexpr std::uint32_t kLongestBeginning = 16384;  // bytes of a key frame that hold its parameter sets
constexpr std::size_t kMostOfTrack = 16;

// Calls `take` with each key frame that has bytes.
template <class Take>
Result<void> each_key_frame(const MovieTrack& track, const ScannedTrack& scanned, std::uint64_t file_size,
                            Take take) {
    ScannedSource source(track, file_size, scanned, 0);
    while (!source.at_end()) {
        const auto sample = source.next();
        if (!sample) return std::unexpected(sample.error());
        if (sample->sync && sample->size > 0) take(*sample);
    }
    return {};
}

bool has_mp3_header(const Sample& sample) noexcept {
    return sample.size >= kMp3Header;
}

// The first sample of MP3, if it is long enough for a header.
Result<std::optional<Sample>> first_frame(const MovieTrack& track, const ScannedTrack& scanned,
                                          std::uint64_t file_size) {
    ScannedSource source(track, file_size, scanned, 0);
    if (source.at_end()) return std::nullopt;
    const auto sample = source.next();
    if (!sample) return std::unexpected(sample.error());
    return has_mp3_header(*sample) ? std::optional(*sample) : std::nullopt;
}

// What the pictures say of colours counts as it does where the sample entry has their parameter sets.
Color merged(const Color& boxed, const Color& told, Codec codec) noexcept {
    Color color = told.specified() && !(codec == Codec::h264 && boxed.specified()) ? told : boxed;
    color.boxed = boxed.boxed;
    return color;
}

Result<void> complete(MovieTrack& track, Bytes config) {
    auto details = track.codec == Codec::hevc ? read_hevc(config) : read_avc(config);
    if (!details) return std::unexpected(details.error());
    details->color = merged(track.details.color, details->color, track.codec);
    track.details = std::move(*details);
    track.config = config;
    return {};
}

// Whether a decoder that was told of the first sets knows these.
bool is_told(const MovieTrack& track, const ParameterSets& sets) {
    std::vector<Bytes> units;
    split_start_codes(track.details.parameter_sets, units);
    return are_among(sets, units);
}

}  // namespace

bool lacks_parameter_sets(std::span<const MovieTrack> tracks) noexcept {
    return std::ranges::any_of(tracks,
                               [](const MovieTrack& track) { return track.details.sets_in_pictures; });
}

Result<void> SetCollector::plan(std::span<const MovieTrack> tracks, std::span<const ScannedTrack> scanned,
                                std::uint64_t file_size) {
    const ScannedTrack none;
    for (std::size_t i = 0; i < tracks.size(); ++i) {
        const ScannedTrack& fragments = i < scanned.size() ? scanned[i] : none;
        if (tracks[i].details.sets_in_pictures) {
            if (auto ok = plan_pictures(i, tracks[i], fragments, file_size); !ok) return ok;
        } else if (tracks[i].codec == Codec::mp3) {
            const auto frame = first_frame(tracks[i], fragments, file_size);
            if (!frame) return std::unexpected(frame.error());
            if (*frame) beginnings_.push_back({i, {(*frame)->offset, kMp3Header}, true});
        }
    }
    return {};
}

void SetCollector::plan(const MovieTrack& track, std::span<const Sample> first) {
    if (track.codec == Codec::mp3 && !first.empty() && has_mp3_header(first.front()))
        beginnings_.push_back({0, {first.front().offset, kMp3Header}, true});
}

Result<void> SetCollector::plan_pictures(std::size_t i, const MovieTrack& track, const ScannedTrack& scanned,
                                         std::uint64_t file_size) {
    std::size_t count = 0;
    const auto counted = each_key_frame(track, scanned, file_size, [&count](const Sample&) { ++count; });
    if (!counted) return counted;
    const std::size_t wanted = std::min(count, kMostOfTrack);
    std::size_t at = 0;
    std::size_t chosen = 0;
    const auto choose = [&](const Sample& sample) {
        // From the first to the last, at equal distances.
        const std::size_t next = wanted < 2 ? 0 : chosen * (count - 1) / (wanted - 1);
        if (at++ != next || chosen == wanted) return;
        beginnings_.push_back({i, {sample.offset, std::min(sample.size, kLongestBeginning)}, chosen++ == 0});
    };
    return each_key_frame(track, scanned, file_size, choose);
}

std::optional<ByteRange> SetCollector::need() const noexcept {
    return next_ < beginnings_.size() ? std::optional(beginnings_[next_].bytes) : std::nullopt;
}

Result<void> SetCollector::feed(Bytes bytes, std::span<MovieTrack> tracks) {
    const Beginning& beginning = beginnings_[next_++];
    MovieTrack& track = tracks[beginning.track];
    if (track.codec == Codec::mp3) {
        if (const auto channels = mp3_channels(bytes)) track.details.audio.channels = *channels;
        return {};
    }
    const std::size_t length_size = track.details.nal_length_size;
    const ParameterSets sets = find_parameter_sets(track.codec, bytes, length_size);
    if (!beginning.is_first) {
        const std::string_view name = track.codec == Codec::hevc ? "hev1" : "avc3";
        if (!is_told(track, sets)) track.details.codec_string.replace(0, name.size(), name);
        return {};
    }
    auto config = write_decoder_config(track.codec, sets, length_size);
    if (!config) return fail(config.error().code, config.error().text, beginning.bytes.offset);
    configs_.push_back(std::move(*config));
    return complete(track, configs_.back());
}

}  // namespace mezz::media
