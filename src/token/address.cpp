#include "token/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace mezz::token {
namespace {

constexpr std::size_t kMappedAt = 12;  // where the IPv4 address is in ::ffff:a.b.c.d
constexpr unsigned kMappedBits = 96;

bool is_ipv4(const Address& address) noexcept {
    constexpr std::array<std::byte, kMappedAt> kPrefix = {
        std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0},    std::byte{0},
        std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0}, std::byte{0xFF}, std::byte{0xFF}};
    return std::ranges::equal(kPrefix, Bytes(address.bytes).first(kMappedAt));
}

}  // namespace

std::optional<Address> parse_address(std::string_view text) noexcept {
    char copy[INET6_ADDRSTRLEN];
    if (text.size() >= sizeof copy || text.find('\0') != std::string_view::npos) return std::nullopt;
    *std::ranges::copy(text, copy).out = '\0';
    std::array<std::byte, 16> bytes;
    if (inet_pton(AF_INET, copy, bytes.data()) == 1) return address_of(Bytes(bytes).first(4));
    if (inet_pton(AF_INET6, copy, bytes.data()) == 1) return address_of(bytes);
    return std::nullopt;
}

std::optional<Address> address_of(Bytes bytes) noexcept {
    Address address;
    if (bytes.size() == 4) {
        address.bytes[kMappedAt - 2] = address.bytes[kMappedAt - 1] = std::byte{0xFF};
        std::ranges::copy(bytes, address.bytes.begin() + kMappedAt);
        return address;
    }
    if (bytes.size() != address.bytes.size()) return std::nullopt;
    std::ranges::copy(bytes, address.bytes.begin());
    return address;
}

std::optional<Network> parse_network(std::string_view text) noexcept {
    const std::size_t slash = text.find('/');
    const std::string_view head = text.substr(0, slash);
    const auto base = parse_address(head);
    if (!base) return std::nullopt;
    Network network{.base = *base};
    if (slash == std::string_view::npos) return network;

    const bool dotted = head.find(':') == std::string_view::npos;
    const std::string_view digits = text.substr(slash + 1);
    unsigned length = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    if (length > (dotted ? 32U : 128U) || (digits.size() > 1 && digits[0] == '0')) return std::nullopt;
    network.prefix = dotted ? kMappedBits + length : length;
    return network;
}

bool contains(const Network& network, const Address& address) noexcept {
    if (network.prefix < kMappedBits && is_ipv4(address)) return false;
    const unsigned whole = network.prefix / 8;
    const unsigned rest = network.prefix % 8;
    const auto& a = network.base.bytes;
    const auto& b = address.bytes;
    if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
    return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == std::byte{0};
}

}  // namespace mezz::token
