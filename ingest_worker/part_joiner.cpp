#include "part_joiner.hpp"

#include <unistd.h>

#include <cerrno>
#include <vector>

#include "media/box.hpp"
#include "media/file_index.hpp"
#include "mezzanine_check.hpp"
#include "output_files.hpp"
#include "segment_boxes.hpp"

namespace mezz::worker {
namespace {

using media::Box;
using media::fourcc;

constexpr std::uint32_t kTrackId = 1;

std::unexpected<Failure> broken(const char* detail) {
    return give_up(FailureKind::internal, "A part of a rendition cannot be read.", detail);
}

Outcome<std::vector<std::byte>> read_at(int fd, std::uint64_t offset, std::uint64_t length) {
    std::vector<std::byte> bytes(static_cast<std::size_t>(length));
    if (::pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)) !=
        static_cast<ssize_t>(bytes.size()))
        return broken("pread");
    return bytes;
}

void put(std::span<std::byte> to, std::uint64_t value) {
    for (std::size_t i = to.size(); i-- > 0; value >>= 8)
        to[i] = static_cast<std::byte>(value & 0xFF);
}

bool add_to_time(std::span<std::byte> moof, const Box& tfdt, std::uint64_t add) {
    ByteReader in(tfdt.payload);
    const bool is_long = in.u8() == 1;
    in.skip(3);
    const std::uint64_t old = is_long ? in.u64() : in.u32();
    const std::uint64_t most = is_long ? std::uint64_t{INT64_MAX} : UINT32_MAX;
    if (!in.ok() || old > most || add > most - old) return false;
    put(moof.subspan(static_cast<std::size_t>(tfdt.payload_offset()) + 4, is_long ? 8 : 4), old + add);
    return true;
}

// What is needed of a part, and where it goes.
struct Part {
    int fd = -1;
    std::uint64_t first_byte = 0;
    std::uint64_t add_time = 0;
    std::vector<FragmentFacts> fragments;  // times of the joined file
};

class Joiner {
public:
    Outcome<void> add(int fd) {
        Part part{.fd = fd, .first_byte = 0, .add_time = end_, .fragments = {}};
        auto index = index_mezzanine(fd);
        if (!index) return std::unexpected(std::move(index.error()));
        const media::FileIndexView view(*index);
        if (view.track_count() != 1) return broken("not one track");
        const media::TrackView track = view.track(0);
        if (track->layout != media::Layout::fragments || track->init_bytes == 0) return broken("no sidx");
        auto head = read_at(fd, 0, track->init_bytes);
        if (!head) return std::unexpected(std::move(head.error()));
        if (head_.empty()) {
            head_ = std::move(*head);
            timescale_ = track->timescale;
        } else if (*head != head_) {
            return give_up(FailureKind::indivisible, "The file can only be read in one go.",
                           "parts of a rendition have different heads");
        }
        part.first_byte = track->first_byte;
        for (const media::Piece& piece : track.pieces()) {
            part.fragments.push_back(
                {.bytes = piece.bytes, .head = piece.extra, .time = static_cast<std::int64_t>(end_)});
            end_ += piece.duration;
        }
        count_ += part.fragments.size();
        if (count_ > kMostFragments)
            return give_up(FailureKind::limit, "The video lasts longer than a file can list.");
        parts_.push_back(std::move(part));
        return {};
    }

    Outcome<void> write(int to) {
        std::vector<FragmentFacts> all;
        for (const Part& part : parts_)
            all.insert(all.end(), part.fragments.begin(), part.fragments.end());
        const auto index = segment_boxes(all, kTrackId, timescale_, static_cast<std::int64_t>(end_));
        head_.insert(head_.end(), index.begin(), index.end());
        if (auto ok = write_all(to, head_); !ok) return ok;
        for (const Part& part : parts_)
            if (auto ok = copy(part, to); !ok) return ok;
        if (::fsync(to) != 0) return std::unexpected(write_failure(errno));
        return {};
    }

private:
    Outcome<void> copy(const Part& part, int to) {
        std::uint64_t offset = part.first_byte;
        for (const FragmentFacts& fragment : part.fragments) {
            const auto start = read_at(part.fd, offset, std::min<std::uint64_t>(fragment.bytes, 8));
            if (!start) return std::unexpected(start.error());
            const auto header = media::read_box_header(*start, 0, fragment.bytes);
            if (!header || header->type != fourcc("moof") || header->size > fragment.head)
                return broken("a fragment without moof");
            auto moof = read_at(part.fd, offset, header->size);
            if (!moof) return std::unexpected(std::move(moof.error()));
            if (!renumber_fragment(*moof, ++number_, part.add_time)) return broken("moof");
            if (auto ok = write_all(to, *moof); !ok) return ok;
            if (auto ok = append_range(to, part.fd, offset + header->size, fragment.bytes - header->size);
                !ok)
                return ok;
            offset += fragment.bytes;
        }
        return {};
    }

    std::vector<Part> parts_;
    std::vector<std::byte> head_;
    std::uint32_t timescale_ = 0;
    std::uint64_t end_ = 0;  // ticks
    std::size_t count_ = 0;
    std::uint32_t number_ = 0;
};

}  // namespace

bool renumber_fragment(std::span<std::byte> moof, std::uint32_t number, std::uint64_t add_time) {
    const auto header = media::read_box_header(moof, 0, moof.size());
    if (!header || header->type != fourcc("moof") || header->size != moof.size()) return false;
    const Box whole{header->type, 0, header->header_size, Bytes(moof).subspan(header->header_size)};
    const auto mfhd = media::find_box(whole, fourcc("mfhd"));
    const auto traf = media::find_box(whole, fourcc("traf"));
    if (!mfhd || !*mfhd || (*mfhd)->payload.size() < 8 || !traf || !*traf) return false;
    const auto tfdt = media::find_box(**traf, fourcc("tfdt"));
    if (!tfdt || !*tfdt) return false;
    put(moof.subspan(static_cast<std::size_t>((*mfhd)->payload_offset()) + 4, 4), number);
    return add_to_time(moof, **tfdt, add_time);
}

Outcome<void> join_parts(std::span<const UniqueFd> parts, int to) {
    Joiner joiner;
    for (const UniqueFd& part : parts)
        if (auto ok = joiner.add(part.get()); !ok) return ok;
    return joiner.write(to);
}

}  // namespace mezz::worker
