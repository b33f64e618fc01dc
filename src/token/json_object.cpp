#include "token/json_object.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace mezz::token {
namespace {

using nlohmann::json;

// The receiver of nlohmann's SAX events, whose parser keeps its own stack and so never recurses. Returning
// false ends the parse.
class ObjectReader {
public:
    explicit ObjectReader(std::span<JsonField> fields) noexcept : fields_(fields) {}

    bool null() { return value(JsonKind::other); }
    bool boolean(bool) { return value(JsonKind::other); }
    bool number_integer(json::number_integer_t v) { return number(static_cast<double>(v)); }
    bool number_unsigned(json::number_unsigned_t v) { return number(static_cast<double>(v)); }
    bool number_float(json::number_float_t v, const std::string&) { return number(v); }
    bool binary(json::binary_t&) { return false; }
    bool parse_error(std::size_t, const std::string&, const json::exception&) { return false; }

    bool string(std::string& v) {
        if (depth_ == 1 && field_ != nullptr)
            field_->text = std::move(v);
        else if (in_list_ && depth_ == 2) {
            field_->texts.push_back(std::move(v));
            return true;
        }
        return value(JsonKind::text);
    }

    bool key(std::string& name) {
        const auto first = names_.begin() + static_cast<std::ptrdiff_t>(scopes_.back());
        if (++members_ > kMaxJsonMembers || std::find(first, names_.end(), name) != names_.end())
            return false;
        if (depth_ == 1) {
            const auto found = std::ranges::find(fields_, std::string_view(name), &JsonField::name);
            field_ = found == fields_.end() ? nullptr : &*found;
        }
        names_.push_back(std::move(name));
        return true;
    }

    bool start_object(std::size_t) {
        if (depth_ > 0 && !value(JsonKind::other)) return false;
        scopes_.push_back(names_.size());
        return ++depth_ <= kMaxJsonDepth;
    }

    bool end_object() {
        names_.resize(scopes_.back());
        scopes_.pop_back();
        --depth_;
        return true;
    }

    bool start_array(std::size_t) {
        if (!value(depth_ == 1 ? JsonKind::texts : JsonKind::other)) return false;
        in_list_ = in_list_ || (depth_ == 1 && field_ != nullptr);
        return ++depth_ <= kMaxJsonDepth;
    }

    bool end_array() {
        if (--depth_ == 1) in_list_ = false;
        return true;
    }

private:
    bool number(double v) {
        if (depth_ == 1 && field_ != nullptr) field_->number = v;
        return value(JsonKind::number);
    }

    // Notes a value's kind; whatever reaches here from inside a list is not a string, and spoils the list.
    bool value(JsonKind kind) {
        if (depth_ == 0) return false;
        if (field_ != nullptr && depth_ == 1) field_->kind = kind;
        if (in_list_) field_->kind = JsonKind::other;
        return true;
    }

    std::span<JsonField> fields_;
    JsonField* field_ = nullptr;
    std::vector<std::string> names_;   // of the objects that are open, innermost last
    std::vector<std::size_t> scopes_;  // where in names_ each of them starts
    std::size_t members_ = 0;
    std::size_t depth_ = 0;
    bool in_list_ = false;
};

}  // namespace

bool read_json_object(std::string_view text, std::span<JsonField> fields) {
    // The parser takes NUL for the end of its input, which would hide what follows.
    if (text.find('\0') != std::string_view::npos) return false;
    ObjectReader reader(fields);
    return json::sax_parse(text.begin(), text.end(), &reader);
}

}  // namespace mezz::token
