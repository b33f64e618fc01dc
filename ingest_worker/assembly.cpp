#include "assembly.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "chapter_list.hpp"
#include "child_job.hpp"
#include "output_files.hpp"
#include "part_joiner.hpp"
#include "publish_title.hpp"
#include "storyboard.hpp"

namespace mezz::worker {
namespace {

std::unexpected<Failure> unfit(std::string why) {
    return give_up(FailureKind::indivisible, "The file can only be read in one go.", std::move(why));
}

Outcome<UniqueFd> open_part(const std::string& folder, const std::string& name) {
    UniqueFd fd(::open((folder + '/' + name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat status {};
    if (!fd.valid() || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))
        return give_up(FailureKind::system, "A part of the title is missing.",
                       folder + '/' + name + ": " + std::strerror(errno));
    return fd;
}

class Assembly {
public:
    Assembly(const Job& job, Staging& staging, ProgressSink& progress, JobControl& control)
        : job_(job), staging_(staging), progress_(progress), control_(control) {}

    Outcome<TranscodeReport> run() {
        auto ok = read_reports();
        if (ok) ok = join_video();
        if (ok) ok = take_sound();
        if (ok) ok = take_pictures();
        if (!ok) return std::unexpected(std::move(ok.error()));
        if (errors_ > 0) report_.notes.push_back(damage_note(errors_));
        std::ranges::sort(report_.notes);
        report_.notes.erase(std::ranges::unique(report_.notes).begin(), report_.notes.end());
        return std::move(report_);
    }

private:
    [[nodiscard]] std::string chunk_folder(std::size_t chunk) const {
        return part_folder(job_.parts, JobKind::chunk, chunk);
    }

    Outcome<void> read_reports() {
        for (const std::string& text : job_.made) {
            auto report = parse_report(text);
            if (!report)
                return give_up(FailureKind::internal, "What a part of the title reported is not valid.");
            errors_ += report->errors;
            report_.notes.insert(report_.notes.end(), report->notes.begin(), report->notes.end());
            if (chunks_.size() < job_.split->chunks.size())
                chunks_.push_back(std::move(*report));
            else
                sound_ = std::move(*report);
        }
        if (chunks_.size() != job_.split->chunks.size() || sound_.has_value() != job_.split->sound)
            return give_up(FailureKind::internal, "A part of the title did not report.");
        return check_chunks();
    }

    Outcome<void> check_chunks() {
        for (std::size_t i = 0; i < chunks_.size(); ++i) {
            const ChunkPlan& plan = job_.split->chunks[i];
            if (plan.end != INT64_MAX && chunks_[i].ticks != plan.end - plan.first)
                return unfit("a chunk has not as many pictures as it should have");
            if (!std::ranges::equal(chunks_[i].renditions, chunks_[0].renditions, {}, &MadeRendition::name,
                                    &MadeRendition::name))
                return unfit("chunks have different renditions");
        }
        report_.title = chunks_.front().title;
        report_.frame_rate = chunks_.front().frame_rate;
        report_.duration_ms = chunks_.back().duration_ms;
        return {};
    }

    Outcome<void> join_video() {
        const auto& renditions = chunks_.front().renditions;
        for (std::size_t r = 0; r < renditions.size(); ++r) {
            if (auto why = control_.stopped()) return std::unexpected(std::move(*why));
            const std::string name = renditions[r].name + ".mp4";
            std::vector<UniqueFd> parts;
            for (std::size_t i = 0; i < chunks_.size(); ++i) {
                auto part = open_part(chunk_folder(i), name);
                if (!part) return std::unexpected(std::move(part.error()));
                parts.push_back(std::move(*part));
            }
            const auto file = staging_.create(name);
            if (!file) return std::unexpected(file.error());
            if (auto ok = join_parts(parts, file->get()); !ok) return ok;
            report_.renditions.push_back(renditions[r]);
            progress_.progressed(
                {"publish", {}, 90.0 * static_cast<double>(r + 1) / static_cast<double>(renditions.size())});
        }
        return {};
    }

    Outcome<void> take_sound() {
        if (!sound_) return {};
        const std::string folder = part_folder(job_.parts, JobKind::sound, 0);
        for (const MadeRendition& made : sound_->renditions) {
            if (auto ok = copy(folder, made.name + ".mp4"); !ok) return ok;
            report_.renditions.push_back(made);
        }
        for (const MadeSubtitles& made : sound_->subtitles) {
            if (auto ok = copy(folder, made.name + ".vtt"); !ok) return ok;
            report_.subtitles.push_back(made);
        }
        report_.chapters = sound_->chapters;
        return report_.chapters.empty() ? Outcome<void>() : copy(folder, kChaptersFile);
    }

    Outcome<void> copy(const std::string& folder, const std::string& name) {
        const auto from = open_part(folder, name);
        if (!from) return std::unexpected(from.error());
        const auto to = staging_.create(name);
        if (!to) return std::unexpected(to.error());
        if (auto ok = append_all(to->get(), from->get()); !ok) return ok;
        if (::fsync(to->get()) != 0) return std::unexpected(write_failure(errno));
        return {};
    }

    static Outcome<void> append_all(int to, int from) {
        struct stat status {};
        if (::fstat(from, &status) != 0) return give_up(FailureKind::system, "A part cannot be read.");
        return append_file(to, from, static_cast<std::uint64_t>(status.st_size));
    }

    // In all its forms.
    Outcome<void> take_poster() {
        const std::string pictures(kThumbsFolder);
        std::error_code error;
        for (std::filesystem::directory_iterator entry(chunk_folder(0) + '/' + pictures, error), end;
             !error && entry != end; entry.increment(error)) {
            const std::filesystem::path name = entry->path().filename();
            if (name.stem() != "poster") continue;
            if (auto ok = copy(chunk_folder(0), pictures + '/' + name.string()); !ok) return ok;
        }
        return {};
    }

    Outcome<void> take_pictures() {
        const auto& first = chunks_.front().thumbs;
        if (!first) return {};
        if (auto ok = take_poster(); !ok) return ok;
        report_.thumbs.emplace();
        if (first->tile_width <= 0 || first->tile_height <= 0) return {};
        const auto tiles = staging_.scratch();
        if (!tiles) return std::unexpected(tiles.error());
        for (std::size_t i = 0; i < chunks_.size(); ++i) {
            const auto part =
                open_part(chunk_folder(i), std::string(kThumbsFolder) + '/' + std::string(kTilesFile));
            if (!part) return std::unexpected(part.error());
            if (auto ok = append_all(tiles->get(), part->get()); !ok) return ok;
        }
        TranscodeOrder order = job_.order;
        order.work = Work::sheets;
        order.piece.tile_width = first->tile_width;
        order.piece.tile_height = first->tile_height;
        order.piece.interval_seconds = first->interval_seconds;
        order.piece.video_end = report_.duration_ms * 1000;
        const auto made = run_order(order, tiles->get(), staging_, progress_, control_);
        if (!made) return std::unexpected(made.error());
        report_.thumbs = made->thumbs;
        return {};
    }

    const Job& job_;
    Staging& staging_;
    ProgressSink& progress_;
    JobControl& control_;
    std::vector<TranscodeReport> chunks_;
    std::optional<TranscodeReport> sound_;
    TranscodeReport report_;
    int errors_ = 0;
};

}  // namespace

Outcome<Ready> assemble_title(const Job& job, ProgressSink& progress, JobControl& control) {
    if (!job.split) return give_up(FailureKind::internal, "The title's plan is missing.");
    auto staging = Staging::make(job.folder);
    if (!staging) return std::unexpected(std::move(staging.error()));
    const auto report = Assembly(job, *staging, progress, control).run();
    if (!report) return std::unexpected(report.error());
    auto ready = publish_title(job, *report, *staging, control);
    if (ready) progress.progressed({"publish", {}, 100});
    return ready;
}

}  // namespace mezz::worker
