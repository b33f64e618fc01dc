// Drives the scanner and the sample reader over bytes in memory, and checks what they ask for.
#pragma once

#include <optional>
#include <stdexcept>
#include <vector>

#include "media/file_scanner.hpp"
#include "media/sample_reader.hpp"
#include "mp4_boxes.hpp"
#include "package/bit_rate.hpp"

namespace mezz::test {

/// A copy of a range, so that reading beyond it shows. Throws if it is not inside the file.
inline Buffer range_of(Bytes file, const ByteRange& range) {
    if (range.offset > file.size() || range.length > file.size() - range.offset)
        throw std::out_of_range("a range is not inside the file");
    const Bytes part =
        file.subspan(static_cast<std::size_t>(range.offset), static_cast<std::size_t>(range.length));
    return {part.begin(), part.end()};
}

/// Scans a file and builds its index.
inline Result<Buffer> scan(Bytes file, std::uint64_t max_moov = 1 << 24) {
    package::TsPieceCost cost;
    media::FileScanner scanner(file.size(), max_moov, cost);
    while (const auto need = scanner.need())
        if (const auto ok = scanner.feed(range_of(file, *need)); !ok) return std::unexpected(ok.error());
    return scanner.take_index();
}

/// The samples of some pieces of a track.
inline Result<std::vector<media::Sample>> read_pieces(Bytes file, media::TrackView track, std::uint32_t first,
                                                      std::uint32_t last) {
    media::SampleReader reader(track, file.size(), first, last);
    while (const auto need = reader.need())
        if (const auto ok = reader.feed(range_of(file, *need)); !ok) return std::unexpected(ok.error());
    return reader.take_samples();
}

inline bool same(const media::Sample& a, const media::Sample& b) {
    return a.offset == b.offset && a.dts == b.dts && a.size == b.size && a.duration == b.duration &&
           a.composition_offset == b.composition_offset && a.sync == b.sync;
}

/// The error of a result, with no text if there is none.
template <class T>
Error error_of(const Result<T>& result) {
    return result ? Error{} : result.error();
}

/// The result is an error of that code, whose text begins so.
template <class T>
bool refused(const Result<T>& result, ErrorCode code, std::string_view text) {
    return !result && result.error().code == code && std::string_view(result.error().text).starts_with(text);
}

}  // namespace mezz::test
