#include "media/text_entry.hpp"

namespace mezz::media {
namespace {

// displayFlags (QuickTime File Format, subtitle sample description), justification, background, the box of
// the text and its style, of which the face counts.
Result<bool> read_tx3g(const Box& entry, MovieTrack& track) {
    constexpr std::uint32_t kAllForced = 0x80000000;
    ByteReader in(entry.payload);
    in.skip(8);
    track.text.all_forced = (in.u32() & kAllForced) != 0;
    in.skip(2 + 4 + 8 + 6);
    track.text.face = in.u8() & 7U;
    in.skip(5);
    if (!in.ok()) return fail(ErrorCode::bad_media, "tx3g: sample entry is cut off", entry.offset);
    return true;
}

}  // namespace

Result<bool> read_text_entry(const Box& stbl, MovieTrack& track) {
    const auto stsd = require_box(stbl, fourcc("stsd"), "stbl: stsd is missing");
    if (!stsd) return std::unexpected(stsd.error());
    if (stsd->payload.size() < 8) return fail(ErrorCode::bad_media, "stsd: box is cut off", stsd->offset);
    BoxIterator entries(stsd->payload.subspan(8), stsd->payload_offset() + 8);
    const auto entry = entries.next();
    if (!entry) return std::unexpected(entry.error());
    if (!*entry) return false;
    track.kind = TrackKind::text;
    track.codec = (*entry)->type == fourcc("tx3g") ? Codec::tx3g : Codec::wvtt;
    if (track.codec == Codec::tx3g) return read_tx3g(**entry, track);
    return (*entry)->type == fourcc("wvtt");
}

}  // namespace mezz::media
