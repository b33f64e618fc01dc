#include "media/box.hpp"
#include "media/movie.hpp"

namespace mezz::media {
namespace {

constexpr std::uint32_t kMostSamples = 1U << 26;  // 300 hours of 60 fps video

struct TableShape {
    FourCc type;
    std::uint32_t entry_size;
    const char* exceeds;
};

// A FullBox that is a count and entries of one size.
Result<Table> read_table(const Box& box, const TableShape& shape) {
    ByteReader in(box.payload);
    (void)read_full_box_head(in);
    Table table;
    table.count = in.u32();
    if (!in.ok() || table.count > in.remaining() / shape.entry_size)
        return fail(ErrorCode::bad_media, shape.exceeds, box.offset);
    table.offset = box.payload_offset() + in.position();
    table.entries = in.take(std::uint64_t{table.count} * shape.entry_size);
    return table;
}

Result<Table> find_table(const Box& stbl, const TableShape& shape) {
    const auto box = find_box(stbl, shape.type);
    if (!box) return std::unexpected(box.error());
    return *box ? read_table(**box, shape) : Result<Table>(Table{});
}

Result<void> read_sizes(const Box& stbl, SampleTables& out) {
    auto box = find_box(stbl, fourcc("stsz"));
    if (!box) return std::unexpected(box.error());
    const bool compact = !*box;
    if (compact) {
        box = find_box(stbl, fourcc("stz2"));
        if (!box) return std::unexpected(box.error());
        if (!*box) return fail(ErrorCode::bad_media, "stbl: neither stsz nor stz2", stbl.offset);
    }
    ByteReader in((*box)->payload);
    (void)read_full_box_head(in);
    const std::uint32_t field = in.u32();
    out.format.sample_count = in.u32();
    out.format.constant_size = compact ? 0 : field;
    out.format.size_bits = static_cast<std::uint8_t>(compact ? field & 0xFFU : 32U);
    if (!in.ok()) return fail(ErrorCode::bad_media, "stsz: box is cut off", (*box)->offset);
    const unsigned bits = out.format.size_bits;
    if (compact && bits != 4 && bits != 8 && bits != 16)
        return fail(ErrorCode::bad_media, "stz2: field size is not 4, 8 or 16", (*box)->offset);
    // Sizes that are all equal take no bytes of the box, so nothing else bounds the count.
    if (out.format.sample_count > kMostSamples)
        return fail(ErrorCode::too_large, "stsz: over 2^26 samples", (*box)->offset);
    if (out.format.constant_size != 0) return {};
    if (std::uint64_t{out.format.sample_count} * out.format.size_bits > std::uint64_t{in.remaining()} * 8)
        return fail(ErrorCode::bad_media, "stsz: count exceeds box", (*box)->offset);
    out.sample_sizes = {in.rest(), (*box)->payload_offset() + 12, out.format.sample_count};
    return {};
}

Result<void> read_chunk_offsets(const Box& stbl, SampleTables& out) {
    auto table = find_table(stbl, {fourcc("stco"), 4, "stco: count exceeds box"});
    if (!table) return std::unexpected(table.error());
    if (table->count == 0) {
        table = find_table(stbl, {fourcc("co64"), 8, "co64: count exceeds box"});
        if (!table) return std::unexpected(table.error());
        if (table->count != 0) out.format.chunk_offset_size = 8;
    }
    out.chunk_offsets = *table;
    return {};
}

Result<void> read_sync_samples(const Box& stbl, SampleTables& out) {
    const auto box = find_box(stbl, fourcc("stss"));
    if (!box) return std::unexpected(box.error());
    if (!*box) return {};
    const auto table = read_table(**box, {fourcc("stss"), 4, "stss: count exceeds box"});
    if (!table) return std::unexpected(table.error());
    out.sync_samples = *table;
    out.format.all_sync = false;
    return {};
}

}  // namespace

Result<SampleTables> parse_sample_tables(const Box& stbl) {
    SampleTables out;
    if (auto done = read_sizes(stbl, out); !done) return std::unexpected(done.error());
    if (auto done = read_chunk_offsets(stbl, out); !done) return std::unexpected(done.error());
    if (auto done = read_sync_samples(stbl, out); !done) return std::unexpected(done.error());
    auto stts = find_table(stbl, {fourcc("stts"), 8, "stts: count exceeds box"});
    if (!stts) return std::unexpected(stts.error());
    auto ctts = find_table(stbl, {fourcc("ctts"), 8, "ctts: count exceeds box"});
    if (!ctts) return std::unexpected(ctts.error());
    auto stsc = find_table(stbl, {fourcc("stsc"), 12, "stsc: count exceeds box"});
    if (!stsc) return std::unexpected(stsc.error());
    out.time_to_sample = *stts;
    out.composition_offsets = *ctts;
    out.sample_to_chunk = *stsc;
    return out;
}

}  // namespace mezz::media
