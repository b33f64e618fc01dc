#include "core/language.hpp"

#include <algorithm>

#include "core/text.hpp"

namespace mezz {
namespace {

// The languages of ISO 639-2 that have a code of two letters: terminological code, code of ISO 639-1.
constexpr std::string_view kLanguages =
    "aaraa abkab afraf akaak amham araar argan asmas avaav aveae aymay azeaz bakba bambm belbe benbn "
    "bihbh bisbi bodbo bosbs brebr bulbg catca cescs chach chece chucu chvcv corkw cosco crecr cymcy "
    "danda deude divdv dzodz ellel engen epoeo estet euseu eweee faofo fasfa fijfj finfi frafr fryfy "
    "fulff glagd glega glggl glvgv grngn gujgu hatht hauha hebhe herhz hinhi hmoho hrvhr hunhu hyehy "
    "iboig idoio iiiii ikuiu ileie inaia indid ipkik islis itait javjv jpnja kalkl kankn kasks katka "
    "kaukr kazkk khmkm kikki kinrw kirky komkv konkg korko kuakj kurku laolo latla lavlv limli linln "
    "litlt ltzlb lublu luglg mahmh malml marmr mkdmk mlgmg mltmt monmn mrimi msams myamy nauna navnv "
    "nblnr ndend ndong nepne nldnl nnonn nobnb norno nyany ocioc ojioj orior ormom ossos panpa plipi "
    "polpl porpt pusps quequ rohrm ronro runrn rusru sagsg sansa sinsi slksk slvsl smese smosm snasn "
    "sndsd somso sotst spaes sqisq srdsc srpsr sswss sunsu swasw swesv tahty tamta tattt telte tgktg "
    "tgltl thath tirti tonto tsntn tsots tuktk turtr twitw uigug ukruk urdur uzbuz venve vievi volvo "
    "wlnwa wolwo xhoxh yidyi yoryo zhaza zhozh zulzu ";

// The bibliographical codes of ISO 639-2 where they differ, and two that were withdrawn.
constexpr std::string_view kBibliographic =
    "albsq armhy baqeu burmy chizh czecs dutnl frefr geoka gerde greel iceis macmk maomi mayms perfa "
    "rumro sccsr scrhr slosk tibbo welcy ";

// Codes of ISO 639-1 that others have replaced.
constexpr std::string_view kWithdrawn = "inid iwhe jiyi jwjv moro ";

// A table of entries of equal size, each with a space behind it, that rise by their first letters.
class Codes {
public:
    constexpr Codes(std::string_view table, std::size_t key) noexcept : table_(table), key_(key) {}

    [[nodiscard]] constexpr std::size_t count() const noexcept { return table_.size() / (key_ + 3); }
    [[nodiscard]] constexpr std::string_view key(std::size_t i) const noexcept {
        return table_.substr(i * (key_ + 3), key_);
    }
    [[nodiscard]] constexpr std::string_view value(std::size_t i) const noexcept {
        return table_.substr(i * (key_ + 3) + key_, 2);
    }
    [[nodiscard]] constexpr bool rises() const noexcept {
        for (std::size_t i = 1; i < count(); ++i)
            if (key(i - 1) >= key(i)) return false;
        return true;
    }
    // Empty if there is none.
    [[nodiscard]] std::string_view find(std::string_view code) const noexcept {
        std::size_t low = 0;
        std::size_t high = count();
        while (low < high) {
            const std::size_t middle = (low + high) / 2;
            if (key(middle) < code)
                low = middle + 1;
            else
                high = middle;
        }
        return low < count() && key(low) == code ? value(low) : std::string_view();
    }

private:
    std::string_view table_;
    std::size_t key_;
};

constexpr Codes kTerminological(kLanguages, 3);
constexpr Codes kOther(kBibliographic, 3);
constexpr Codes kReplaced(kWithdrawn, 2);
static_assert(kTerminological.count() == 184 && kTerminological.rises() && kOther.rises() &&
              kReplaced.rises());

char upper(char c) noexcept {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

std::string_view shortest(std::string_view code) noexcept {
    if (code.size() == 2) return kReplaced.find(code);
    const std::string_view found = kTerminological.find(code);
    return found.empty() ? kOther.find(code) : found;
}

}  // namespace

std::string canonical_language(std::string_view tag) {
    std::string out;
    bool behind_single = false;
    while (!tag.empty()) {
        const std::size_t end = std::min(tag.find_first_of("-_"), tag.size());
        std::string part(tag.substr(0, end));
        tag.remove_prefix(std::min(end + 1, tag.size()));
        std::ranges::transform(part, part.begin(), to_lower);
        if (out.empty()) {
            const std::string_view code = shortest(part);
            if (!code.empty()) part = code;
        } else {
            if (part.size() == 2 && !behind_single) std::ranges::transform(part, part.begin(), upper);
            if (part.size() == 4 && !behind_single) part[0] = upper(part[0]);
            out += '-';
        }
        behind_single = behind_single || part.size() == 1;
        out += part;
    }
    if (out == "und") out.clear();
    return out;
}

std::string_view three_letter_language(std::string_view tag) noexcept {
    const std::string_view code = tag.substr(0, tag.find('-'));
    if (code.size() == 3) return code;
    for (std::size_t i = 0; i < kTerminological.count(); ++i)
        if (kTerminological.value(i) == code) return kTerminological.key(i);
    return {};
}

}  // namespace mezz
