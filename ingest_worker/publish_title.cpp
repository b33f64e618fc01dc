#include "publish_title.hpp"

#include <unistd.h>

#include <cerrno>

#include "asset_json.hpp"
#include "mezzanine_check.hpp"
#include "output_files.hpp"

namespace mezz::worker {
namespace {

Outcome<std::vector<RenditionFacts>> check_renditions(const TranscodeReport& report, const Staging& staging,
                                                      JobControl& control) {
    std::vector<RenditionFacts> all;
    const RenditionFacts* first_video = nullptr;
    all.reserve(report.renditions.size());
    for (const MadeRendition& made : report.renditions) {
        if (auto why = control.stopped()) return std::unexpected(std::move(*why));
        const auto file = staging.open(made.name + ".mp4");
        if (!file) return std::unexpected(file.error());
        auto facts = check_mezzanine(file->get());
        if (!facts) return std::unexpected(std::move(facts.error()));
        if (facts->video != made.video)
            return give_up(FailureKind::internal, "A finished rendition is of the wrong kind.", made.name);
        const RenditionFacts& kept = all.emplace_back(std::move(*facts));
        if (!made.video) continue;
        if (first_video == nullptr) first_video = &kept;
        if (!are_aligned(*first_video, kept))
            return give_up(FailureKind::internal, "The renditions' keyframes differ.", made.name);
    }
    return all;
}

}  // namespace

Outcome<Ready> publish_title(const Job& job, const TranscodeReport& report, Staging& staging,
                             JobControl& control) {
    const auto facts = check_renditions(report, staging, control);
    if (!facts) return std::unexpected(facts.error());
    auto asset = make_asset_json(job, report, *facts);
    if (!asset) return std::unexpected(std::move(asset.error()));
    const auto file = staging.create(kAssetFile);
    if (!file) return std::unexpected(file.error());
    if (auto ok = write_all(file->get(), as_bytes(*asset)); !ok) return std::unexpected(ok.error());
    if (::fsync(file->get()) != 0) return std::unexpected(write_failure(errno));
    if (auto ok = control.before_publishing(); !ok) return std::unexpected(ok.error());
    if (auto ok = staging.publish(kAssetFile, control, job.name_revision()); !ok)
        return std::unexpected(ok.error());
    Ready ready;
    ready.asset = std::move(*asset);
    ready.notes = report.notes;
    return ready;
}

}  // namespace mezz::worker
