#include "asset_json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "catalog/asset.hpp"
#include "output_files.hpp"
#include "staging.hpp"

namespace mezz::worker {
namespace {

using Json = nlohmann::ordered_json;

Json tagged(const std::string& name, const char* extension, std::uint64_t revision,
            const std::string& language, const std::string& label) {
    Json item{{"name", name}, {"file", published_name(name + extension, revision)}};
    if (!language.empty()) item["language"] = language;
    if (!label.empty()) item["label"] = label;
    return item;
}

Json loudness(const Loudness& measured) {
    const auto tenths = [](double value) { return std::round(value * 10) / 10; };
    return {{"integrated_lufs", tenths(measured.integrated_lufs)},
            {"range_lu", tenths(measured.range_lu)},
            {"true_peak_dbtp", tenths(measured.true_peak_dbtp)}};
}

Json chapters(const std::vector<MadeChapter>& made) {
    Json list = Json::array();
    for (const MadeChapter& chapter : made)
        list.push_back(
            {{"start_ms", chapter.start_ms}, {"end_ms", chapter.end_ms}, {"title", chapter.title}});
    return list;
}

Json rendition(const MadeRendition& made, const RenditionFacts& facts, std::uint64_t revision) {
    Json item = tagged(made.name, ".mp4", revision, made.language, made.label);
    if (made.is_default) item["default"] = true;
    if (made.is_described) item["described"] = true;
    if (made.is_commentary) item["commentary"] = true;
    if (made.video) {
        item["width"] = made.width;
        item["height"] = made.height;
    }
    if (made.video && made.max_kbps > 0) {
        item["crf"] = made.crf;
        item["max_kbps"] = made.max_kbps;
    }
    if (made.loudness) item["loudness"] = loudness(*made.loudness);
    item["codecs"] = facts.codecs;
    item["bandwidth"] = facts.peak_bps;
    item["average_bandwidth"] = facts.average_bps;
    return item;
}

Json subtitles(const MadeSubtitles& made, std::uint64_t revision) {
    Json item = tagged(made.name, ".vtt", revision, made.language, made.label);
    if (made.is_default) item["default"] = true;
    if (made.is_forced) item["forced"] = true;
    if (made.is_sdh) item["sdh"] = true;
    return item;
}

Json thumbs(const MadeThumbs& made) {
    const std::string folder = std::string(kThumbsFolder) + '/';
    Json item{{"poster", folder + "poster.jpg"}};
    if (made.sheets == 0) return item;
    item["storyboard"] = folder + "storyboard.vtt";
    item["sheets"] = made.sheets;
    item["columns"] = made.columns;
    item["rows"] = made.rows;
    item["tile_width"] = made.tile_width;
    item["tile_height"] = made.tile_height;
    item["interval"] = made.interval_seconds;
    return item;
}

}  // namespace

Outcome<std::string> make_asset_json(const Job& job, const TranscodeReport& report,
                                     const std::vector<RenditionFacts>& facts) {
    Json asset{{"version", 1}, {"revision", job.revision}};
    asset["title"] = !job.title.empty() ? job.title : report.title;
    if (!job.video_id.empty()) asset["video_id"] = job.video_id;
    asset["duration_ms"] = report.duration_ms;
    if (report.frame_rate > 0) asset["frame_rate"] = report.frame_rate;
    asset["renditions"] = Json::array();
    for (std::size_t i = 0; i < report.renditions.size(); ++i)
        asset["renditions"].push_back(rendition(report.renditions[i], facts[i], job.name_revision()));
    asset["subtitles"] = Json::array();
    for (const MadeSubtitles& made : report.subtitles)
        asset["subtitles"].push_back(subtitles(made, job.name_revision()));
    if (!report.chapters.empty()) asset["chapters"] = chapters(report.chapters);
    if (report.thumbs) asset["thumbs"] = thumbs(*report.thumbs);
    asset["notes"] = report.notes;
    std::string text = asset.dump(2, ' ', false, Json::error_handler_t::replace);
    text += '\n';
    if (const auto read = catalog::parse_asset(text); !read)
        return give_up(FailureKind::internal, "The title's descriptor is not valid.", read.error().text);
    return text;
}

}  // namespace mezz::worker
