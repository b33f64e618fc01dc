// Reads what Redis answers about the stream of jobs.
#pragma once

#include <hiredis/hiredis.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mezz::worker {

/// An entry of the stream. Empty ids: it holds no job (any more) and is only to be acknowledged.
struct QueueMessage {
    std::string id;  ///< "1700000000000-0"
    std::string job_id;
    std::string video_id;
};

/// The entries in a list as XRANGE gives it: [[id, [field, value, …]], …]. What has another form is passed
/// over; ids that are no uuid come out empty.
[[nodiscard]] std::vector<QueueMessage> parse_entries(const redisReply* list);

/// The first entry in the reply of XREADGROUP for one stream: [[stream, entries]], or nil.
[[nodiscard]] std::optional<QueueMessage> parse_read(const redisReply& reply);

/// The first entry in the reply of XAUTOCLAIM: [cursor, entries, deleted].
[[nodiscard]] std::optional<QueueMessage> parse_autoclaim(const redisReply& reply);

/// A member of a flat list of names and values, as in XINFO; null if it has none.
[[nodiscard]] const redisReply* member(const redisReply& flat, std::string_view name);

}  // namespace mezz::worker
