#include "language.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace mezz::worker {
namespace {

struct Entry {
    std::string_view terminology;   // ISO 639-2/T
    std::string_view bibliography;  // ISO 639-2/B where it differs
    std::string_view tag;           // ISO 639-1
    std::string_view name;
};

constexpr std::array kLanguages = std::to_array<Entry>({
    {"ara", "", "ar", "Arabic"},
    {"ben", "", "bn", "Bengali"},
    {"bul", "", "bg", "Bulgarian"},
    {"cat", "", "ca", "Catalan"},
    {"ces", "cze", "cs", "Czech"},
    {"cym", "wel", "cy", "Welsh"},
    {"dan", "", "da", "Danish"},
    {"deu", "ger", "de", "German"},
    {"ell", "gre", "el", "Greek"},
    {"eng", "", "en", "English"},
    {"est", "", "et", "Estonian"},
    {"eus", "baq", "eu", "Basque"},
    {"fas", "per", "fa", "Persian"},
    {"fin", "", "fi", "Finnish"},
    {"fra", "fre", "fr", "French"},
    {"gle", "", "ga", "Irish"},
    {"glg", "", "gl", "Galician"},
    {"heb", "", "he", "Hebrew"},
    {"hin", "", "hi", "Hindi"},
    {"hrv", "", "hr", "Croatian"},
    {"hun", "", "hu", "Hungarian"},
    {"hye", "arm", "hy", "Armenian"},
    {"ind", "", "id", "Indonesian"},
    {"isl", "ice", "is", "Icelandic"},
    {"ita", "", "it", "Italian"},
    {"jpn", "", "ja", "Japanese"},
    {"kat", "geo", "ka", "Georgian"},
    {"kaz", "", "kk", "Kazakh"},
    {"kor", "", "ko", "Korean"},
    {"lat", "", "la", "Latin"},
    {"lav", "", "lv", "Latvian"},
    {"lit", "", "lt", "Lithuanian"},
    {"mal", "", "ml", "Malayalam"},
    {"mar", "", "mr", "Marathi"},
    {"mkd", "mac", "mk", "Macedonian"},
    {"msa", "may", "ms", "Malay"},
    {"nld", "dut", "nl", "Dutch"},
    {"nno", "", "nn", "Norwegian Nynorsk"},
    {"nob", "", "nb", "Norwegian Bokmål"},
    {"nor", "", "no", "Norwegian"},
    {"pan", "", "pa", "Punjabi"},
    {"pol", "", "pl", "Polish"},
    {"por", "", "pt", "Portuguese"},
    {"ron", "rum", "ro", "Romanian"},
    {"rus", "", "ru", "Russian"},
    {"slk", "slo", "sk", "Slovak"},
    {"slv", "", "sl", "Slovenian"},
    {"spa", "", "es", "Spanish"},
    {"sqi", "alb", "sq", "Albanian"},
    {"srp", "", "sr", "Serbian"},
    {"swa", "", "sw", "Swahili"},
    {"swe", "", "sv", "Swedish"},
    {"tam", "", "ta", "Tamil"},
    {"tel", "", "te", "Telugu"},
    {"tgl", "", "tl", "Tagalog"},
    {"tha", "", "th", "Thai"},
    {"tur", "", "tr", "Turkish"},
    {"ukr", "", "uk", "Ukrainian"},
    {"urd", "", "ur", "Urdu"},
    {"vie", "", "vi", "Vietnamese"},
    {"zho", "chi", "zh", "Chinese"},
});

bool is_code(std::string_view text) {
    return text.size() == 3 && std::ranges::all_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
}

}  // namespace

Language language_of(std::string_view text) {
    std::string primary(text.substr(0, text.find_first_of("-_")));
    std::ranges::transform(primary, primary.begin(), [](unsigned char c) { return std::tolower(c); });
    for (const Entry& entry : kLanguages) {
        if (primary != entry.terminology && primary != entry.tag &&
            (entry.bibliography.empty() || primary != entry.bibliography))
            continue;
        return {std::string(entry.terminology), std::string(entry.tag), std::string(entry.name)};
    }
    // A language that players may know though this list does not; not the codes that mean "none".
    constexpr std::array<std::string_view, 4> kNone = {"und", "mis", "mul", "zxx"};
    if (is_code(primary) && std::ranges::find(kNone, primary) == kNone.end()) return {primary, primary, {}};
    return {"und", {}, {}};
}

}  // namespace mezz::worker
