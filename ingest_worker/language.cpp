#include "language.hpp"

#include <algorithm>
#include <array>

#include "catalog/asset.hpp"
#include "core/language.hpp"

namespace mezz::worker {
namespace {

struct Entry {
    std::string_view code;  // ISO 639-1
    std::string_view name;
};

constexpr std::array kNames = std::to_array<Entry>({
    {"ar", "Arabic"},    {"bg", "Bulgarian"},
    {"bn", "Bengali"},   {"ca", "Catalan"},
    {"cs", "Czech"},     {"cy", "Welsh"},
    {"da", "Danish"},    {"de", "German"},
    {"el", "Greek"},     {"en", "English"},
    {"es", "Spanish"},   {"et", "Estonian"},
    {"eu", "Basque"},    {"fa", "Persian"},
    {"fi", "Finnish"},   {"fr", "French"},
    {"ga", "Irish"},     {"gl", "Galician"},
    {"he", "Hebrew"},    {"hi", "Hindi"},
    {"hr", "Croatian"},  {"hu", "Hungarian"},
    {"hy", "Armenian"},  {"id", "Indonesian"},
    {"is", "Icelandic"}, {"it", "Italian"},
    {"ja", "Japanese"},  {"ka", "Georgian"},
    {"kk", "Kazakh"},    {"ko", "Korean"},
    {"la", "Latin"},     {"lt", "Lithuanian"},
    {"lv", "Latvian"},   {"mk", "Macedonian"},
    {"ml", "Malayalam"}, {"mr", "Marathi"},
    {"ms", "Malay"},     {"nb", "Norwegian Bokmål"},
    {"nl", "Dutch"},     {"nn", "Norwegian Nynorsk"},
    {"no", "Norwegian"}, {"pa", "Punjabi"},
    {"pl", "Polish"},    {"pt", "Portuguese"},
    {"ro", "Romanian"},  {"ru", "Russian"},
    {"sk", "Slovak"},    {"sl", "Slovenian"},
    {"sq", "Albanian"},  {"sr", "Serbian"},
    {"sv", "Swedish"},   {"sw", "Swahili"},
    {"ta", "Tamil"},     {"te", "Telugu"},
    {"th", "Thai"},      {"tl", "Tagalog"},
    {"tr", "Turkish"},   {"uk", "Ukrainian"},
    {"ur", "Urdu"},      {"vi", "Vietnamese"},
    {"zh", "Chinese"},
});

}  // namespace

Language language_of(std::string_view text) {
    // What players may know is passed on though it has no name here; not the codes that mean "none".
    constexpr std::array<std::string_view, 4> kNone = {"", "mis", "mul", "zxx"};
    const std::string tag = canonical_language(text);
    const std::string_view primary = std::string_view(tag).substr(0, tag.find('-'));
    const std::string_view code = three_letter_language(tag);
    const bool is_code = std::ranges::all_of(code, [](char c) { return c >= 'a' && c <= 'z'; });
    if (code.empty() || !is_code || !catalog::is_language_tag(tag) ||
        std::ranges::find(kNone, primary) != kNone.end())
        return {"und", {}, {}};
    const auto named = std::ranges::find(kNames, primary, &Entry::code);
    return {std::string(code), tag, std::string(named == kNames.end() ? std::string_view() : named->name)};
}

}  // namespace mezz::worker
