#include "ladder.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "catalog/asset.hpp"

namespace mezz::worker {
namespace {

using Json = nlohmann::json;

constexpr int kSmallestSide = 16;
constexpr int kLowestRung = 64;
constexpr int kHighestRung = 4320;

// Columns and lines of a rung by those of a picture; below 1 the picture must shrink.
struct Ratio {
    double columns = 0;
    double lines = 0;
};

Ratio ratio(const Rung& rung, Size picture) {
    const double high = rung.height;
    const double wide = high * 16 / 9;
    return {wide / std::max(picture.width, picture.height), high / std::min(picture.width, picture.height)};
}

bool is_reached(const Rung& rung, Size picture) {
    constexpr double kNearly = 1 / 0.9;
    const Ratio r = ratio(rung, picture);
    return r.columns <= kNearly || r.lines <= kNearly;
}

// The nearest even number that is not above the source's.
int even(double value, int source) {
    const int nearest = 2 * static_cast<int>(std::lround(value / 2));
    return std::max(kSmallestSide, std::min(nearest, source / 2 * 2));
}

SizedRung sized(const Rung& rung, Size picture) {
    const Ratio r = ratio(rung, picture);
    const double by = std::min({1.0, r.columns, r.lines});
    return {rung, {even(picture.width * by, picture.width), even(picture.height * by, picture.height)}};
}

bool read_int(const Json& object, const char* key, int low, int high, int& out) {
    const auto found = object.find(key);
    if (found == object.end()) return true;
    if (!found->is_number_integer()) return false;
    const auto value = found->get<std::int64_t>();
    if (value < low || value > high) return false;
    out = static_cast<int>(value);
    return true;
}

bool is_preset(std::string_view name) {
    constexpr std::string_view kPresets[] = {"ultrafast", "superfast", "veryfast", "faster",  "fast",
                                             "medium",    "slow",      "slower",   "veryslow"};
    return std::ranges::find(kPresets, name) != std::end(kPresets);
}

constexpr const char* kCodecs[] = {"h264", "hevc", "av1"};  // by VideoCodec
constexpr int kUsualCrf[] = {23, 26, 35};                   // of equal quality, about

bool read_codec(const Json& item, VideoCodec& codec) {
    const auto found = item.find("codec");
    if (found == item.end()) return true;
    for (std::size_t i = 0; i < std::size(kCodecs); ++i)
        if (*found == kCodecs[i]) {
            codec = static_cast<VideoCodec>(i);
            return true;
        }
    return false;
}

Outcome<void> read_encoding(const Json& item, Rung& rung) {
    const auto wrong = [](const char* text) { return give_up(FailureKind::internal, text); };
    if (!read_codec(item, rung.codec))
        return wrong("ladder: \"codec\" must be \"h264\", \"hevc\" or \"av1\"");
    rung.crf = kUsualCrf[static_cast<std::size_t>(rung.codec)];
    const int most = rung.codec == VideoCodec::av1 ? 63 : 51;
    if (!read_int(item, "crf", 0, most, rung.crf))
        return wrong("ladder: \"crf\" must be from 0 to 51, or 63 of AV1");
    if (!read_int(item, "threads", 1, 32, rung.threads)) return wrong("ladder: \"threads\" must be 1 to 32");
    const auto preset = item.find("preset");
    if (preset == item.end()) return {};
    if (!preset->is_string() || !is_preset(preset->get_ref<const std::string&>()))
        return wrong("ladder: \"preset\" must be one of x264's, ultrafast to veryslow");
    rung.preset = preset->get<std::string>();
    return {};
}

Outcome<Rung> read_rung(const Json& item) {
    constexpr int kMostKbps = 60000;
    const auto wrong = [](const char* text) { return give_up(FailureKind::internal, text); };
    Rung rung;
    if (!item.is_object()) return wrong("ladder: a rung must be an object");
    const auto name = item.find("name");
    if (name == item.end() || !name->is_string()) return wrong("ladder: \"name\" must be a text");
    rung.name = name->get<std::string>();
    if (!catalog::is_rendition_name(rung.name) || rung.name.starts_with("audio-") || rung.name == "source" ||
        rung.name == "draft")
        return wrong("ladder: \"name\" must be made of letters, digits, '-' and '.', as in \"720p\"");
    if (!read_int(item, "height", kLowestRung, kHighestRung, rung.height) || rung.height == 0)
        return wrong("ladder: \"height\" must be a number from 64 to 4320");
    if (!read_int(item, "max_kbps", 50, kMostKbps, rung.max_kbps) || rung.max_kbps == 0)
        return wrong("ladder: \"max_kbps\" must be a number from 50 to 60000");
    if (auto ok = read_encoding(item, rung); !ok) return std::unexpected(std::move(ok.error()));
    return rung;
}

}  // namespace

std::vector<Rung> default_ladder() {
    return {
        {.name = "2160p", .height = 2160, .max_kbps = 16000},
        {.name = "1440p", .height = 1440, .max_kbps = 9000},
        {.name = "1080p", .height = 1080, .max_kbps = 5500},
        {.name = "720p", .height = 720, .max_kbps = 3000},
        {.name = "480p", .height = 480, .max_kbps = 1400},
        {.name = "360p", .height = 360, .max_kbps = 800},
        {.name = "240p", .height = 240, .max_kbps = 400},
    };
}

Outcome<std::vector<Rung>> parse_ladder(std::string_view json) {
    constexpr std::size_t kMostRungs = 16;
    const Json list = Json::parse(json, nullptr, false);
    if (!list.is_array() || list.empty() || list.size() > kMostRungs)
        return give_up(FailureKind::internal, "ladder: must be a JSON list of 1 to 16 rungs");
    std::vector<Rung> ladder;
    for (const Json& item : list) {
        auto rung = read_rung(item);
        if (!rung) return std::unexpected(std::move(rung.error()));
        if (std::ranges::find(ladder, rung->name, &Rung::name) != ladder.end())
            return give_up(FailureKind::internal, "ladder: two rungs have the name " + rung->name);
        ladder.push_back(std::move(*rung));
    }
    return ladder;
}

std::string ladder_to_json(const std::vector<Rung>& ladder) {
    Json list = Json::array();
    for (const Rung& rung : ladder)
        list.push_back({{"name", rung.name},
                        {"height", rung.height},
                        {"codec", kCodecs[static_cast<std::size_t>(rung.codec)]},
                        {"max_kbps", rung.max_kbps},
                        {"crf", rung.crf},
                        {"threads", rung.threads},
                        {"preset", rung.preset}});
    return list.dump();
}

std::vector<SizedRung> choose_rungs(std::vector<Rung> ladder, Size displayed) {
    std::ranges::stable_sort(ladder, std::greater{}, &Rung::height);
    std::vector<SizedRung> chosen;
    for (std::size_t i = 0; i < ladder.size(); ++i) {
        const bool last = i + 1 == ladder.size();
        if (!is_reached(ladder[i], displayed) && !(last && chosen.empty())) continue;
        const SizedRung rung = sized(ladder[i], displayed);
        const bool there = std::ranges::any_of(chosen, [&rung](const SizedRung& other) {
            return other.size == rung.size && other.rung.codec == rung.rung.codec;
        });
        if (!there) chosen.push_back(rung);
    }
    return chosen;
}

}  // namespace mezz::worker
