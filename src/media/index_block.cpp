#include "media/index_block.hpp"

#include <algorithm>

#include "media/index_builder.hpp"

namespace mezz::media {
namespace {

TableRef table_ref(const Table& table) noexcept {
    return {table.offset, table.count, 0};
}

TableRefs table_refs(const SampleTables& tables) noexcept {
    return {table_ref(tables.time_to_sample),
            table_ref(tables.composition_offsets),
            table_ref(tables.sample_sizes),
            table_ref(tables.sample_to_chunk),
            table_ref(tables.chunk_offsets),
            table_ref(tables.sync_samples),
            tables.format};
}

ArrayRef put_records(BlockWriter& writer, std::size_t count) {
    const std::vector<TrackRecord> records(count);
    return writer.put(std::span<const TrackRecord>(records));
}

// Writes what the records refer to, and then them in their place.
void put_tracks(BlockWriter& writer, std::span<const TrackDraft> drafts, ArrayRef place) {
    for (std::size_t i = 0; i < drafts.size(); ++i) {
        const TrackDraft& draft = drafts[i];
        TrackRecord record = draft.record;
        record.config = writer.put(draft.config);
        record.parameter_sets = writer.put(Bytes(draft.parameter_sets));
        record.side_boxes = writer.put(Bytes(draft.side_boxes));
        record.codec_string = writer.put(as_bytes(draft.codec_string));
        record.pieces = writer.put(std::span<const Piece>(draft.pieces));
        record.blocks = writer.put(std::span<const PieceBlock>(draft.blocks));
        record.positions = writer.put(std::span<const SamplePosition>(draft.positions));
        record.fragment_positions = writer.put(std::span<const FragmentPosition>(draft.fragment_positions));
        record.open_pieces = writer.put(std::span<const std::uint32_t>(draft.open_pieces));
        record.uneven_pieces = writer.put(std::span<const std::uint32_t>(draft.uneven_pieces));
        record.key_sizes = writer.put(std::span<const std::uint32_t>(draft.key_sizes));
        writer.overwrite(place.offset + i * sizeof(TrackRecord), record);
    }
}

}  // namespace

TrackDraft draft_track(const MovieTrack& track) {
    TrackDraft draft;
    TrackRecord& record = draft.record;
    record.kind = track.kind;
    record.codec = track.codec;
    record.nal_length_size = track.details.nal_length_size;
    record.id = track.id;
    record.timescale = track.timescale;
    record.language = track.language;
    record.about = track.about;
    record.enabled = track.enabled;
    record.all_forced = track.text.all_forced;
    record.text_face = track.text.face;
    record.width = track.width;
    record.height = track.height;
    record.pixel_aspect_h = track.pixel_aspect_h;
    record.pixel_aspect_v = track.pixel_aspect_v;
    record.audio = track.details.audio;
    record.color = track.details.color;
    record.matrix = track.matrix;
    record.default_duration = track.default_duration;
    record.trex_duration = track.default_duration;
    record.trex_size = track.default_size;
    record.trex_flags = track.default_flags;
    record.description = track.description;
    record.edit_shift = track.edit_shift;
    record.priming = std::max<std::int64_t>(-track.edit_shift, 0);
    record.tables = table_refs(track.tables);
    draft.config = track.config;
    draft.parameter_sets = track.details.parameter_sets;
    draft.side_boxes = track.side_boxes;
    draft.codec_string = track.details.codec_string;
    return draft;
}

void append_piece(TrackDraft& draft, std::int64_t time, const Piece& piece) {
    if (draft.pieces.size() % kPiecesPerBlock == 0) draft.blocks.push_back({time, draft.record.bytes});
    draft.pieces.push_back(piece);
    draft.record.bytes += piece.bytes;
    draft.record.end = time + piece.duration;
}

Result<std::vector<std::byte>> write_index(std::vector<TrackDraft>& drafts, std::uint64_t file_size,
                                           std::span<const MoofRef> moofs, std::span<const DefaultSize> sizes,
                                           TextDrafts texts) {
    BlockWriter writer;
    FileIndexHeader header;
    header.version = kFileIndexVersion;
    header.file_size = file_size;
    header.broken_texts = texts.broken;
    (void)writer.put(std::span<const FileIndexHeader>(&header, 1));
    header.tracks = put_records(writer, drafts.size());
    header.texts = put_records(writer, texts.tracks.size());
    header.moofs = writer.put(moofs);
    header.default_sizes = writer.put(sizes);
    put_tracks(writer, drafts, header.tracks);
    put_tracks(writer, texts.tracks, header.texts);
    if (writer.size() > UINT32_MAX) return fail(ErrorCode::too_large, "index: over 4 GiB");
    header.size = static_cast<std::uint32_t>(writer.size());
    writer.overwrite(0, header);
    return writer.take();
}

}  // namespace mezz::media
