#include "transcode_report.hpp"

#include <nlohmann/json.hpp>

#include "catalog/asset.hpp"
#include "json_field.hpp"

namespace mezz::worker {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongestText = 300;
constexpr std::size_t kMostItems = 200;

bool text(const Json& object, const char* key, std::string& out) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_string()) return false;
    out = found->get<std::string>();
    return out.size() <= kLongestText;
}

bool flag(const Json& object, const char* key, bool& out) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_boolean()) return false;
    out = found->get<bool>();
    return true;
}

bool tagged(const Json& item, std::string& name, std::string& language, std::string& label) {
    return item.is_object() && text(item, "name", name) && catalog::is_rendition_name(name) &&
           text(item, "language", language) && (language.empty() || catalog::is_language_tag(language)) &&
           text(item, "label", label);
}

bool read(const Json& item, Loudness& out) {
    return item.is_object() && number(item, "integrated_lufs", out.integrated_lufs) &&
           number(item, "range_lu", out.range_lu) && number(item, "true_peak_dbtp", out.true_peak_dbtp);
}

bool read(const Json& item, MadeRendition& out) {
    if (!tagged(item, out.name, out.language, out.label) || !flag(item, "video", out.video) ||
        !number(item, "width", out.width) || !number(item, "height", out.height) ||
        !flag(item, "default", out.is_default) || !flag(item, "described", out.is_described) ||
        !flag(item, "commentary", out.is_commentary) || !number(item, "crf", out.crf) ||
        !number(item, "max_kbps", out.max_kbps))
        return false;
    const auto loudness = item.find("loudness");
    return loudness == item.end() || read(*loudness, out.loudness.emplace());
}

bool read(const Json& item, MadeChapter& out) {
    return item.is_object() && number(item, "start_ms", out.start_ms) && number(item, "end_ms", out.end_ms) &&
           text(item, "title", out.title);
}

Json to_object(const MadeRendition& r) {
    Json item{{"name", r.name},
              {"video", r.video},
              {"width", r.width},
              {"height", r.height},
              {"language", r.language},
              {"label", r.label},
              {"default", r.is_default},
              {"described", r.is_described},
              {"commentary", r.is_commentary},
              {"crf", r.crf},
              {"max_kbps", r.max_kbps}};
    if (r.loudness)
        item["loudness"] = {{"integrated_lufs", r.loudness->integrated_lufs},
                            {"range_lu", r.loudness->range_lu},
                            {"true_peak_dbtp", r.loudness->true_peak_dbtp}};
    return item;
}

bool read(const Json& item, MadeSubtitles& out) {
    return tagged(item, out.name, out.language, out.label) && flag(item, "default", out.is_default) &&
           flag(item, "forced", out.is_forced) && flag(item, "sdh", out.is_sdh);
}

bool read(const Json& item, std::string& out) {
    if (!item.is_string()) return false;
    out = item.get<std::string>();
    return out.size() <= kLongestText;
}

bool read(const Json& item, Needs& out) {
    constexpr double kMostCost = 1e6;
    return item.is_object() && number(item, "mib", out.mib) && number(item, "cost", out.cost) &&
           out.cost >= 0 && out.cost <= kMostCost;
}

bool read(const Json& item, MadeThumbs& out) {
    return item.is_object() && number(item, "columns", out.columns) && number(item, "rows", out.rows) &&
           number(item, "tile_width", out.tile_width) && number(item, "tile_height", out.tile_height) &&
           number(item, "sheets", out.sheets) && number(item, "interval", out.interval_seconds);
}

template <class T>
bool list(const Json& object, const char* key, std::vector<T>& out) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_array() || found->size() > kMostItems) return false;
    for (const Json& item : *found)
        if (!read(item, out.emplace_back())) return false;
    return true;
}

}  // namespace

std::string damage_note(int errors) {
    return "Parts of the file are damaged (" + std::to_string(errors) + "); the rest was kept.";
}

std::string TranscodeReport::to_json() const {
    Json made = Json::array();
    for (const MadeRendition& r : renditions)
        made.push_back(to_object(r));
    Json subs = Json::array();
    for (const MadeSubtitles& s : subtitles)
        subs.push_back({{"name", s.name},
                        {"language", s.language},
                        {"label", s.label},
                        {"default", s.is_default},
                        {"forced", s.is_forced},
                        {"sdh", s.is_sdh}});
    Json marks = Json::array();
    for (const MadeChapter& c : chapters)
        marks.push_back({{"start_ms", c.start_ms}, {"end_ms", c.end_ms}, {"title", c.title}});
    Json report{{"chapters", marks},        {"title", title},        {"duration_ms", duration_ms},
                {"frame_rate", frame_rate}, {"renditions", made},    {"subtitles", subs},
                {"notes", notes},           {"errors", errors},      {"ticks", ticks},
                {"sound_end", sound_end},   {"title_mib", title_mib}};
    if (needs) report["needs"] = {{"mib", needs->mib}, {"cost", needs->cost}};
    if (split) report["split"] = Json::parse(split->to_json());
    if (thumbs)
        report["thumbs"] = {{"columns", thumbs->columns},       {"rows", thumbs->rows},
                            {"tile_width", thumbs->tile_width}, {"tile_height", thumbs->tile_height},
                            {"sheets", thumbs->sheets},         {"interval", thumbs->interval_seconds}};
    return report.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<TranscodeReport> parse_report(std::string_view json) {
    const Json object = Json::parse(json, nullptr, false);
    TranscodeReport report;
    if (!object.is_object() || !text(object, "title", report.title) ||
        !number(object, "duration_ms", report.duration_ms) ||
        !number(object, "frame_rate", report.frame_rate) || !list(object, "renditions", report.renditions) ||
        !list(object, "subtitles", report.subtitles) || !list(object, "chapters", report.chapters) ||
        !list(object, "notes", report.notes) || !number(object, "errors", report.errors) ||
        !number(object, "ticks", report.ticks) || !number(object, "sound_end", report.sound_end) ||
        !number(object, "title_mib", report.title_mib))
        return std::nullopt;
    const auto needs = object.find("needs");
    if (needs != object.end() && !read(*needs, report.needs.emplace())) return std::nullopt;
    const auto split = object.find("split");
    if (split != object.end() && !(report.split = parse_split(split->dump()))) return std::nullopt;
    const auto thumbs = object.find("thumbs");
    if (thumbs != object.end() && !read(*thumbs, report.thumbs.emplace())) return std::nullopt;
    return report;
}

}  // namespace mezz::worker
