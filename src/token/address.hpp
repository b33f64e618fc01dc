// Internet addresses and networks, for the `ip` claim.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "core/bytes.hpp"

namespace mezz::token {

/// An IPv6 address, or an IPv4 one as ::ffff:a.b.c.d, in network order.
struct Address {
    std::array<std::byte, 16> bytes{};

    bool operator==(const Address&) const = default;
};

/// The addresses whose first `prefix` bits are those of `base`. Of IPv4 networks the prefix counts from the
/// start of the 128 bits, so it is 96 or more.
struct Network {
    Address base;
    unsigned prefix = 128;
};

/// Reads "192.0.2.1", "2001:db8::1" or "::ffff:192.0.2.1". Nothing for any other text, such as "unix:".
[[nodiscard]] std::optional<Address> parse_address(std::string_view text) noexcept;

/// The address in 4 or 16 bytes in network order, as a socket address holds it.
[[nodiscard]] std::optional<Address> address_of(Bytes bytes) noexcept;

/// Reads an address, or one with the length of a prefix: "192.0.2.0/24". Bits behind the prefix do not count.
[[nodiscard]] std::optional<Network> parse_network(std::string_view text) noexcept;

/// Whether the network holds the address. An IPv6 network such as ::/0 holds no IPv4 address.
[[nodiscard]] bool contains(const Network& network, const Address& address) noexcept;

}  // namespace mezz::token
