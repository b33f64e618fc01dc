#include <vector>

#include "package/nal_counter.hpp"

#include "test.hpp"

using mezz::package::NalCounter;

// Counts in pieces of `piece` bytes.
static std::uint32_t count(unsigned prefix, const std::vector<std::byte>& sample, std::size_t piece) {
    NalCounter counter(prefix, static_cast<std::uint32_t>(sample.size()));
    for (std::size_t at = 0; at < sample.size(); at += piece)
        counter.feed(mezz::Bytes(sample).subspan(at, std::min(piece, sample.size() - at)));
    return counter.count();
}

static std::vector<std::byte> sample_of(unsigned prefix, std::initializer_list<std::uint32_t> lengths) {
    std::vector<std::byte> bytes;
    for (const std::uint32_t length : lengths) {
        for (unsigned i = prefix; i-- > 0;)
            bytes.push_back(static_cast<std::byte>(length >> (8 * i) & 0xFF));
        bytes.resize(bytes.size() + length, std::byte{0x65});
    }
    return bytes;
}

static void counts_in_pieces_of_any_size() {
    bool right = true;
    for (const unsigned prefix : {1U, 2U, 4U})
        for (const std::size_t piece : {1U, 2U, 3U, 7U, 1000U})
            right = right && count(prefix, sample_of(prefix, {2, 90, 1, 0, 200}), piece) == 5;
    assert_true(right);
}

static void cuts_a_length_that_passes_the_end() {
    std::vector<std::byte> bytes = sample_of(2, {5, 300});
    bytes.erase(bytes.end() - 100, bytes.end());
    const std::uint32_t counted = count(2, bytes, 1000);
    assert_int_equal(counted, 2);
}

static void ignores_what_is_too_short_for_a_length() {
    std::vector<std::byte> bytes = sample_of(2, {5});
    bytes.push_back(std::byte{0});
    const std::uint32_t counted = count(2, bytes, 1);
    assert_int_equal(counted, 1);
}

int main() {
    const CMUnitTest tests[] = {MEZZ_TEST(counts_in_pieces_of_any_size),
                                MEZZ_TEST(cuts_a_length_that_passes_the_end),
                                MEZZ_TEST(ignores_what_is_too_short_for_a_length)};
    return cmocka_run_group_tests_name("nal_counter", tests, nullptr, nullptr);
}
