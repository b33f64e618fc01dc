// What is said to Redis and what it answers.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct redisReply;

namespace mezz::nginx {

/// A command and its arguments, which it copies; binary data is allowed.
class RedisCommand {
public:
    template <class... A>
    explicit RedisCommand(std::string_view name, const A&... arguments) {
        add(name);
        (add(arguments), ...);
    }

    RedisCommand& add(std::string_view argument);
    RedisCommand& add(std::integral auto number) {
        char text[24];
        const auto end = std::to_chars(text, text + sizeof(text), number).ptr;
        return add(std::string_view(text, end));
    }

    /// Number of arguments, the name included, and how they look on the wire.
    [[nodiscard]] std::size_t count() const noexcept { return count_; }
    [[nodiscard]] std::string_view encoded() const noexcept { return encoded_; }

private:
    std::string encoded_;
    std::size_t count_ = 0;
};

/// An answer, or an element of one: then it is valid as long as the answer that it was taken from.
class RedisReply {
public:
    enum class Kind : std::uint8_t { nil, text, integer, list, error };

    RedisReply() = default;
    /// Takes the reply over.
    explicit RedisReply(redisReply* reply) noexcept : owned_(reply), reply_(reply) {}

    [[nodiscard]] Kind kind() const noexcept;
    [[nodiscard]] bool is_nil() const noexcept { return kind() == Kind::nil; }
    /// The characters of a text (a status such as OK, too) or an error; empty for other kinds.
    [[nodiscard]] std::string_view text() const noexcept;
    /// The value of an integer; 0 for other kinds.
    [[nodiscard]] std::int64_t integer() const noexcept;
    /// The number of elements of a list; 0 for other kinds.
    [[nodiscard]] std::size_t size() const noexcept;
    /// An element of a list; nil if there is none.
    [[nodiscard]] RedisReply operator[](std::size_t index) const noexcept;

private:
    struct Free {
        void operator()(redisReply* reply) const noexcept;
    };
    struct Borrowed {};
    RedisReply(Borrowed, const redisReply* reply) noexcept : reply_(reply) {}

    std::unique_ptr<redisReply, Free> owned_;
    const redisReply* reply_ = nullptr;
};

}  // namespace mezz::nginx
