// Fuzzes how parts of a rendition, which processes have written that read hostile files, are joined: two
// parts, the first of whose length the input begins with. What can be joined can be indexed, and lasts as
// long as both. And whether a Matroska file is all there, by how it begins.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <vector>

#include "matroska_size.hpp"
#include "media/file_index.hpp"
#include "mezzanine_check.hpp"
#include "part_joiner.hpp"

namespace {

using mezz::worker::UniqueFd;

UniqueFd file_of(std::span<const std::uint8_t> bytes) {
    UniqueFd file(::memfd_create("part", MFD_CLOEXEC));
    if (!file.valid() ||
        ::write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
        std::abort();
    return file;
}

std::optional<std::uint64_t> length_of(int file) {
    const auto index = mezz::worker::index_mezzanine(file);
    if (!index) return std::nullopt;
    std::uint64_t ticks = 0;
    for (const auto& piece : mezz::media::FileIndexView(*index).track(0).pieces())
        ticks += piece.duration;
    return ticks;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto head = std::as_bytes(std::span(data, size));
    if (mezz::worker::is_cut_short(head, size) && !mezz::worker::is_cut_short(head, size / 2)) std::abort();
    if (size < 2) return 0;
    const std::span rest(data + 2, size - 2);
    const std::size_t first =
        std::min<std::size_t>(static_cast<std::size_t>(data[0] << 8 | data[1]), rest.size());
    std::vector<UniqueFd> parts;
    parts.push_back(file_of(rest.first(first)));
    // Two parts that differ are seldom found by chance.
    parts.push_back(file_of(first == rest.size() ? rest : rest.subspan(first)));
    const UniqueFd joined = file_of({});
    if (!mezz::worker::join_parts(parts, joined.get())) return 0;
    const auto length = length_of(joined.get());
    if (!length || *length != length_of(parts[0].get()).value() + length_of(parts[1].get()).value())
        std::abort();
    return 0;
}
