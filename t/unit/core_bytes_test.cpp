#include "core/bytes.hpp"

#include "check.hpp"
#include "core/block_writer.hpp"

using mezz::ArrayRef;
using mezz::BlockWriter;
using mezz::ByteReader;
using mezz::Bytes;
using mezz::ByteWriter;

namespace {

constexpr std::string_view kTen("\x00\x01\x02\x03\x04\x05\x06\x07\xF8\xFF", 10);

}  // namespace

static const char* reads_big_endian() {
    ByteReader in(mezz::as_bytes(kTen));
    MEZZ_CHECK(in.u8() == 0 && in.u16() == 0x0102 && in.u24() == 0x030405 && in.position() == 6);
    MEZZ_CHECK(in.u32() == 0x0607F8FF && in.remaining() == 0 && in.ok());
    ByteReader wide(mezz::as_bytes(kTen.substr(2)));
    MEZZ_CHECK(wide.u64() == 0x020304050607F8FF && wide.ok());
    ByteReader negative(mezz::as_bytes("\xFF\xFE\xFF\xFF\xFF\xFD"));
    MEZZ_CHECK(negative.i16() == -2 && negative.i32() == -3);
    return mezz::test::kFine;
}

static const char* a_read_past_the_end_fails_for_good() {
    ByteReader in(mezz::as_bytes(kTen));
    in.skip(8);
    MEZZ_CHECK(in.has(2) && !in.has(3) && !in.has(UINT64_MAX));
    MEZZ_CHECK(in.u32() == 0 && !in.ok());
    MEZZ_CHECK(in.u8() == 0 && in.rest().empty() && !in.has(0));
    ByteReader huge(mezz::as_bytes(kTen));
    huge.u8();
    MEZZ_CHECK(huge.take(UINT64_MAX).empty() && !huge.ok());
    ByteReader none;
    MEZZ_CHECK(none.rest().empty() && none.ok() && none.u8() == 0 && !none.ok());
    return mezz::test::kFine;
}

static const char* writes_big_endian() {
    std::vector<std::byte> bytes;
    ByteWriter out(bytes);
    out.u8(0x100);
    out.u16(0x0102);
    out.u24(0x030405);
    out.u32(0x0607F8FF);
    MEZZ_CHECK(mezz::as_text(bytes) == kTen && out.size() == 10);
    out.zeros(3);
    out.patch_u32(9, 0xAABBCCDD);
    MEZZ_CHECK(mezz::as_text(bytes).substr(8) == "\xF8\xAA\xBB\xCC\xDD");
    out.u64(1);
    out.text("x");
    MEZZ_CHECK(bytes.size() == 22 && bytes[20] == std::byte{1} && bytes[21] == std::byte{'x'});
    return mezz::test::kFine;
}

static const char* arrays_of_a_block_are_aligned() {
    BlockWriter writer;
    const std::uint64_t head = 1;
    const ArrayRef first = writer.put(std::span<const std::uint64_t>(&head, 1));
    const ArrayRef text = writer.put(mezz::as_bytes("abc"));
    const ArrayRef empty = writer.put(std::span<const std::uint32_t>());
    const std::uint64_t numbers[] = {7, 8, 9};
    const ArrayRef last = writer.put(std::span<const std::uint64_t>(numbers));
    writer.overwrite(0, std::uint64_t{42});
    MEZZ_CHECK(first.offset == 0 && first.count == 1 && text.offset == 8 && text.count == 3);
    MEZZ_CHECK(empty.count == 0 && last.offset % 8 == 0 && last.offset == 16 && last.count == 3);
    const auto block = writer.take();
    MEZZ_CHECK(block.size() == 40 && reinterpret_cast<std::uintptr_t>(block.data()) % 8 == 0);
    std::uint64_t read[5];
    std::memcpy(read, block.data(), sizeof read);
    MEZZ_CHECK(read[0] == 42 && read[2] == 7 && read[4] == 9);
    return mezz::test::kFine;
}

int main() {
    const CMUnitTest tests[] = {MEZZ_CHECKED(reads_big_endian),
                                MEZZ_CHECKED(a_read_past_the_end_fails_for_good),
                                MEZZ_CHECKED(writes_big_endian), MEZZ_CHECKED(arrays_of_a_block_are_aligned)};
    return cmocka_run_group_tests_name("bytes", tests, nullptr, nullptr);
}
