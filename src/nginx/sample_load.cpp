#include "nginx/sample_load.hpp"

#include "media/sample_reader.hpp"

namespace mezz::nginx {

Task<Result<std::vector<media::Sample>>> load_samples(RequestFlow& flow, const MediaFile& file,
                                                      media::TrackView track, package::PieceRange pieces) {
    flow.set_subject(file.path());
    media::SampleReader reader(track, file.size, pieces.first, pieces.last);
    std::vector<std::byte> buffer;
    while (const auto need = reader.need()) {
        buffer.resize(static_cast<std::size_t>(need->length));
        const std::span<std::byte> room(buffer);
        const auto n = co_await read_file(flow, file.file, room, need->offset);
        if (!n) co_return std::unexpected(n.error());
        if (*n != room.size()) co_return fail(ErrorCode::io, "file: shorter than it was", need->offset + *n);
        if (const auto fed = reader.feed(buffer); !fed) co_return std::unexpected(fed.error());
    }
    co_return reader.take_samples();
}

}  // namespace mezz::nginx
