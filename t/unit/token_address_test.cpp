#include "token/address.hpp"

#include "check.hpp"

using mezz::test::kFine;
using mezz::token::address_of;
using mezz::token::contains;
using mezz::token::parse_address;
using mezz::token::parse_network;

namespace {

bool holds(std::string_view network, std::string_view address) {
    const auto n = parse_network(network);
    const auto a = parse_address(address);
    return n && a && contains(*n, *a);
}

}  // namespace

static const char* addresses() {
    constexpr std::byte kFour[] = {std::byte{192}, std::byte{0}, std::byte{2}, std::byte{1}};
    MEZZ_CHECK(parse_address("192.0.2.1") == address_of(kFour));
    MEZZ_CHECK(parse_address("::ffff:192.0.2.1") == parse_address("192.0.2.1"));
    MEZZ_CHECK(parse_address("2001:DB8::1") == parse_address("2001:db8:0:0:0:0:0:1"));
    MEZZ_CHECK(!address_of({}) && !address_of(mezz::Bytes(kFour).first(3)));
    for (const char* text : {"", "unix:", "192.0.2", "192.0.2.256", "192.0.2.1 ", " 192.0.2.1", "0x7f.0.0.1",
                             "127.1", "[::1]", ":::", "2001:db8::1%eth0", "192.0.2.1:80", "example.org",
                             "1:2:3:4:5:6:7:8:9", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"})
        MEZZ_CHECK(!parse_address(text));
    MEZZ_CHECK(!parse_address(std::string_view("192.0.2.1\0", 10)));
    return kFine;
}

static const char* networks() {
    MEZZ_CHECK(holds("192.0.2.1", "192.0.2.1") && !holds("192.0.2.1", "192.0.2.2"));
    MEZZ_CHECK(holds("192.0.2.0/25", "192.0.2.127") && !holds("192.0.2.0/25", "192.0.2.128"));
    MEZZ_CHECK(holds("192.0.2.77/24", "192.0.2.0") && holds("0.0.0.0/0", "255.255.255.255"));
    MEZZ_CHECK(holds("10.0.0.0/7", "11.255.0.0") && !holds("10.0.0.0/7", "12.0.0.0"));
    MEZZ_CHECK(holds("2001:db8::/32", "2001:db8:ffff::") && !holds("2001:db8::/32", "2001:db9::"));
    MEZZ_CHECK(holds("::/0", "fe80::1") && holds("::1", "::1") && holds("2001:db8::/33", "2001:db8:7fff::1"));
    return kFine;
}

static const char* families_do_not_mix() {
    MEZZ_CHECK(!holds("::/0", "192.0.2.1") && !holds("0.0.0.0/0", "2001:db8::1"));
    MEZZ_CHECK(!holds("0.0.0.0/0", "::1") && !holds("::/64", "0.0.0.0"));
    MEZZ_CHECK(holds("192.0.2.0/24", "::ffff:192.0.2.9") && holds("::ffff:192.0.2.0/120", "192.0.2.9"));
    return kFine;
}

static const char* junk_is_no_network() {
    for (const char* text : {"", "/", "/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "192.0.2.0/+8",
                             "192.0.2.0/08", "192.0.2.0/8 ", "192.0.2.0/8/8", "192.0.2.0/255.255.255.0",
                             "::/129", "::/0x10", "::/", "192.0.2.0/4294967304"})
        MEZZ_CHECK(!parse_network(text));
    return kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(addresses), MEZZ_CHECKED(networks),
                                MEZZ_CHECKED(families_do_not_mix), MEZZ_CHECKED(junk_is_no_network)};
    return cmocka_run_group_tests_name("token_address", tests, nullptr, nullptr);
}
