// Reads XML as far as a manifest needs it, and refuses what is not well formed.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace mezz::test {

struct Element {
    std::string name;
    std::map<std::string, std::string, std::less<>> attributes;
    std::vector<Element> children;
    std::string text;

    [[nodiscard]] std::vector<const Element*> all(std::string_view child) const {
        std::vector<const Element*> found;
        for (const Element& e : children)
            if (e.name == child) found.push_back(&e);
        return found;
    }
    /// The only child of that name.
    [[nodiscard]] const Element& one(std::string_view child) const {
        const auto found = all(child);
        if (found.size() != 1) throw std::runtime_error("not one " + std::string(child));
        return *found[0];
    }
    [[nodiscard]] const std::string& at(std::string_view attribute) const {
        const auto found = attributes.find(attribute);
        if (found == attributes.end()) throw std::runtime_error("no attribute " + std::string(attribute));
        return found->second;
    }
    [[nodiscard]] long long number(std::string_view attribute) const { return std::stoll(at(attribute)); }
};

class XmlReader {
public:
    static Element read(std::string_view text) {
        constexpr std::string_view kDeclaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
        if (!text.starts_with(kDeclaration)) throw std::runtime_error("no XML declaration");
        XmlReader reader(text.substr(kDeclaration.size()));
        Element root = reader.element();
        reader.space();
        if (!reader.rest_.empty()) throw std::runtime_error("text after the root");
        return root;
    }

private:
    explicit XmlReader(std::string_view text) : rest_(text) {}

    bool take(std::string_view text) {
        if (!rest_.starts_with(text)) return false;
        rest_.remove_prefix(text.size());
        return true;
    }
    void expect(std::string_view text) {
        if (!take(text)) throw std::runtime_error("expected " + std::string(text));
    }
    void space() {
        while (take(" ") || take("\n"))
            continue;
    }
    std::string name() {
        std::size_t n = 0;
        while (n < rest_.size() &&
               (std::isalnum(static_cast<unsigned char>(rest_[n])) != 0 || rest_[n] == ':'))
            ++n;
        if (n == 0) throw std::runtime_error("no name");
        const std::string out(rest_.substr(0, n));
        rest_.remove_prefix(n);
        return out;
    }
    std::string text_until(std::string_view ends) {
        std::string out;
        while (!rest_.empty() && ends.find(rest_[0]) == std::string_view::npos) {
            if (rest_[0] == '<' || static_cast<unsigned char>(rest_[0]) < 0x0A)
                throw std::runtime_error("character");
            if (take("&amp;"))
                out += '&';
            else if (take("&lt;"))
                out += '<';
            else if (take("&gt;"))
                out += '>';
            else if (take("&quot;"))
                out += '"';
            else if (rest_[0] == '&')
                throw std::runtime_error("entity");
            else {
                out += rest_[0];
                rest_.remove_prefix(1);
            }
        }
        return out;
    }
    void attributes(Element& out) {
        while (take(" ")) {
            const std::string key = name();
            expect("=\"");
            if (!out.attributes.emplace(key, text_until("\"")).second)
                throw std::runtime_error("twice " + key);
            expect("\"");
        }
    }
    Element element() {
        Element out;
        expect("<");
        out.name = name();
        attributes(out);
        if (take("/>")) return out;
        expect(">");
        for (;;) {
            out.text += text_until("<");
            if (take("</")) break;
            out.children.push_back(element());
        }
        expect(out.name);
        expect(">");
        return out;
    }

    std::string_view rest_;
};

}  // namespace mezz::test
