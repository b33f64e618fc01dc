// How the process without a file system gets files to write: it asks the worker over the channel.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "channel.hpp"
#include "core/bytes.hpp"
#include "failure.hpp"

namespace mezz::worker {

/// Folder of pictures, within the title's.
inline constexpr std::string_view kThumbsFolder = "thumbs";

/// What a chunk leaves of its storyboard's tiles in that folder: one after the other, each the planes of a
/// yuvj420p picture without padding.
inline constexpr std::string_view kTilesFile = "tiles.raw";

/// May be used by several threads.
class OutputFiles {
public:
    /// The channel outlives this.
    explicit OutputFiles(const Channel& worker) noexcept : worker_(worker) {}

    /// A new file of the title: "720p.mp4", "thumbs/poster.jpg". It becomes visible only when the whole job
    /// has succeeded.
    [[nodiscard]] Outcome<UniqueFd> create(std::string_view name) const;

    /// A file without a name, gone when closed.
    [[nodiscard]] Outcome<UniqueFd> scratch() const;

private:
    [[nodiscard]] Outcome<UniqueFd> ask(const std::string& question) const;

    const Channel& worker_;
    mutable std::mutex asking_;
};

/// Writes all bytes at the file's position. Fails with kind system, naming a full disk.
[[nodiscard]] Outcome<void> write_all(int fd, Bytes bytes);

/// Appends `length` bytes of one file from `offset` on to another, within the kernel.
[[nodiscard]] Outcome<void> append_range(int to, int from, std::uint64_t offset, std::uint64_t length);

/// The same of a file's first bytes.
[[nodiscard]] inline Outcome<void> append_file(int to, int from, std::uint64_t length) {
    return append_range(to, from, 0, length);
}

/// Writes a whole small file and makes it durable.
[[nodiscard]] Outcome<void> write_file(const OutputFiles& files, std::string_view name, Bytes bytes);

/// The failure of a system call that wrote, from errno.
[[nodiscard]] Failure write_failure(int error);

}  // namespace mezz::worker
