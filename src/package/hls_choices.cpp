#include "package/hls_choices.hpp"

#include <algorithm>
#include <vector>

#include "core/text.hpp"

namespace mezz::package {
namespace {

constexpr std::string_view kDescribes = "public.accessibility.describes-video";
constexpr std::string_view kTranscribes =
    "public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound";

// What all members of a group have in common.
struct Choice {
    std::string name;  ///< as wished
    std::string_view language;
    std::string_view characteristics;
    bool is_forced = false;
    bool is_default = false;
    bool never_by_itself = false;  ///< a player without the viewer's word does not choose it
    bool is_auto = false;
};

// A player chooses by language, FORCED and CHARACTERISTICS: of several that these do not tell apart only one
// may be chosen by itself, the default or else the first.
void set_auto(std::vector<Choice>& choices) {
    const auto alike = [](const Choice& a, const Choice& b) {
        return a.language == b.language && a.characteristics == b.characteristics &&
               a.is_forced == b.is_forced;
    };
    for (Choice& choice : choices)
        choice.is_auto = choice.is_default;
    for (Choice& choice : choices)
        choice.is_auto =
            choice.is_auto || (!choice.never_by_itself && std::ranges::none_of(choices, [&](const Choice& c) {
                return c.is_auto && alike(c, choice);
            }));
}

// Names differ in a group.
void set_names(std::vector<Choice>& choices) {
    std::vector<std::string> taken;
    for (Choice& choice : choices) {
        std::string free;
        append_quoted(free, choice.name);
        const std::size_t length = free.size();
        for (unsigned n = 2; std::ranges::find(taken, free) != taken.end(); ++n) {
            free.resize(length);
            free += ' ';
            append_number(free, n);
        }
        taken.push_back(free);
        choice.name = std::move(free);
    }
}

std::string name_of(std::string_view label, std::string_view language, std::string_view otherwise,
                    std::string_view kind) {
    if (!label.empty()) return std::string(label);
    std::string name(language.empty() ? otherwise : language);
    name += kind;
    return name;
}

// Up to where the attributes of audio and text differ.
void append_choice(std::string_view type, std::string_view group, const Choice& choice, std::string& out) {
    out += "#EXT-X-MEDIA:TYPE=";
    out += type;
    out += ",GROUP-ID=\"";
    out += group;
    out += "\",NAME=\"";
    out += choice.name;
    out += '"';
    if (!choice.language.empty()) {
        out += ",LANGUAGE=\"";
        append_quoted(out, choice.language);
        out += '"';
    }
    out += choice.is_default ? ",DEFAULT=YES" : ",DEFAULT=NO";
    out += choice.is_auto ? ",AUTOSELECT=YES" : ",AUTOSELECT=NO";
}

void append_characteristics(const Choice& choice, std::string& out) {
    if (choice.characteristics.empty()) return;
    out += ",CHARACTERISTICS=\"";
    out += choice.characteristics;
    out += '"';
}

void append_uri(std::string_view base, const TitleView& title, std::string_view name, std::string_view query,
                std::string& out) {
    out += ",URI=\"";
    out += base;
    out += title.revision();
    out += '/';
    out += name;
    out += ".m3u8";
    out += query;
    out += '"';
}

// Of Dolby Atmos not channels are told, but how many objects and channels it is made of.
void append_channels(const RenditionRecord& audio, std::string& out) {
    out += ",CHANNELS=\"";
    append_number(out, audio.joc_complexity != 0 ? audio.joc_complexity : audio.channels);
    out += audio.joc_complexity != 0 ? "/JOC\"" : "\"";
}

}  // namespace

void append_audio_choices(const TitleView& title, std::span<const AudioGroup> groups,
                          const RenditionRecord* muxed, std::string_view query, std::string& out) {
    std::vector<Choice> choices;
    for (const RenditionRecord* audio : groups.front().members)
        choices.push_back({.name = name_of(audio->label.data(), audio->language.data(), "Audio",
                                           audio->is_described    ? " described"
                                           : audio->is_commentary ? " commentary"
                                                                  : ""),
                           .language = audio->language.data(),
                           .characteristics = audio->is_described ? kDescribes : std::string_view(),
                           .is_default = audio == groups.front().main,
                           .never_by_itself = audio->is_commentary});
    set_names(choices);
    set_auto(choices);
    for (const AudioGroup& group : groups)
        for (std::size_t i = 0; i < choices.size(); ++i) {
            const RenditionRecord& audio = *group.members[i];
            append_choice("AUDIO", group.id, choices[i], out);
            append_characteristics(choices[i], out);
            append_channels(audio, out);
            if (&audio != muxed) append_uri("", title, audio.name.data(), query, out);
            out += '\n';
        }
}

void append_text_choices(const TitleView& title, Format format, std::string_view query, std::string& out) {
    std::vector<Choice> choices;
    for (const TextRecord& text : title.texts()) {
        std::string kind(text.is_sdh ? " SDH" : "");
        if (text.is_forced) kind += " forced";
        choices.push_back({.name = name_of(text.label.data(), text.language.data(), "Subtitles", kind),
                           .language = text.language.data(),
                           .characteristics = text.is_sdh ? kTranscribes : std::string_view(),
                           .is_forced = text.is_forced,
                           .is_default = text.is_default});
    }
    set_names(choices);
    set_auto(choices);
    for (std::size_t i = 0; i < choices.size(); ++i) {
        append_choice("SUBTITLES", kTextGroup, choices[i], out);
        out += choices[i].is_forced ? ",FORCED=YES" : ",FORCED=NO";
        append_characteristics(choices[i], out);
        append_uri(format == Format::hls ? "" : "../subs/", title, title.texts()[i].name.data(), query, out);
        out += '\n';
    }
}

}  // namespace mezz::package
