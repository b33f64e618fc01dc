// The folder beside the final places in which a title grows: hidden, locked while in use, and removed unless
// its files are published.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "failure.hpp"
#include "job.hpp"
#include "unique_fd.hpp"

namespace mezz::worker {

/// Of the descriptor, which is published last.
inline constexpr std::string_view kAssetFile = "asset.json";

/// True for what a title may consist of: asset.json, *.mp4 and *.vtt, and *.jpg and *.vtt in the folder of
/// pictures.
[[nodiscard]] bool is_title_file(std::string_view name) noexcept;

/// What a file of the title is called once it is published: from revision 2 on media and texts bear its
/// number ("720p.r2.mp4"), so that those of the revision before stay as they are.
[[nodiscard]] std::string published_name(std::string_view name, std::uint64_t revision);

/// The folder of a part: "chunk12", "sound0", below Job::parts.
[[nodiscard]] std::string part_folder(const std::string& parts, JobKind kind, std::size_t number);

/// Removes what killed workers left in a title's folder.
void remove_leftovers(const std::string& title_folder);

class Staging {
public:
    /// Makes the title's folder where needed, removes what a killed worker left in it, and makes a new hidden
    /// folder. Fails with kind system.
    [[nodiscard]] static Outcome<Staging> make(const std::string& title_folder);

    Staging(Staging&& other) noexcept;
    Staging& operator=(Staging&&) = delete;
    ~Staging();

    /// A new file; its name must be one that is_title_file() accepts and must be new.
    [[nodiscard]] Outcome<UniqueFd> create(std::string_view name);

    /// A file without a name on the same file system.
    [[nodiscard]] Outcome<UniqueFd> scratch();

    /// A file made before, to be read. Fails if it is no regular file.
    [[nodiscard]] Outcome<UniqueFd> open(std::string_view name) const;

    /// Renames every file to its final place, under its published_name(), `last` (if not empty) after all
    /// others, and makes the names durable. `control` is asked before each; what it says ends the renaming.
    [[nodiscard]] Outcome<void> publish(std::string_view last, JobControl& control,
                                        std::uint64_t revision = 1);

private:
    Staging(std::string parent_path, bool made_parent, std::string name, UniqueFd parent, UniqueFd folder)
        : parent_path_(std::move(parent_path)),
          made_parent_(made_parent),
          name_(std::move(name)),
          parent_(std::move(parent)),
          folder_(std::move(folder)) {}

    void remove_old_pictures() const;
    [[nodiscard]] Outcome<void> move_out(std::string_view name, JobControl& control,
                                         std::uint64_t revision) const;

    std::string parent_path_;
    bool made_parent_;  // it was not there before
    std::string name_;
    UniqueFd parent_;
    UniqueFd folder_;
    std::vector<std::string> files_;
};

}  // namespace mezz::worker
