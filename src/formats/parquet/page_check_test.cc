#include <gmock/gmock.h>

#include "formats/parquet/page_check_internal.h"
#include "testing/parquet_files_internal.h"

namespace robomerge::parquet {
namespace {

using ::parquet::Compression;
using ::parquet::ParquetDataPageVersion;
using testing::Column;
using ::testing::HasSubstr;
using testing::Int64s;
using testing::Range;
using testing::WriteParquet;

struct Form {
  Compression::type codec = Compression::SNAPPY;
  ParquetDataPageVersion pages = ParquetDataPageVersion::V1;
  bool has_dictionary = false;
};

std::string WriteNumbers(const Form& form) {
  ::parquet::WriterProperties::Builder properties;
  properties.compression(form.codec)->data_page_version(form.pages)->data_pagesize(16384);
  if (!form.has_dictionary) properties.disable_dictionary();
  const auto table = arrow::Table::Make(arrow::schema({arrow::field("n", arrow::int64())}),
                                        {Int64s(Range(0, 5000, 7))});
  return WriteParquet({table}, properties.build());
}

Status Check(const std::string& bytes) {
  const MemoryFile file("f.parquet", bytes);
  const Footer footer = Footer::Read(file).value();
  return PageCheck(file, footer.representation()).CheckChunk(0, 0);
}

uint64_t FirstPage(const std::string& bytes) {
  return Footer::Read(MemoryFile("f", bytes)).value().row_groups()[0].columns[0].begin;
}

// The varint at `at` becomes `number`, longer than need be; a large number becomes the largest that
// fits.
void PutZigzag(std::string& bytes, size_t at, int64_t number) {
  size_t length = 1;
  while ((bytes[at + length - 1] & 0x80) != 0) ++length;
  number = std::min(number, (int64_t{1} << (7 * length - 1)) - 1);
  auto rest = static_cast<uint64_t>(number) << 1 ^ static_cast<uint64_t>(number >> 63);
  for (size_t i = 0; i < length; ++i, rest >>= 7)
    bytes[at + i] = static_cast<char>((rest & 0x7f) | (i + 1 < length ? 0x80 : 0));
}

// A page header begins with its type and the two sizes.
std::string WithClaim(std::string bytes, int64_t claim, bool of_compressed = false) {
  size_t at = FirstPage(bytes) + 3;
  if (of_compressed) {
    while ((bytes[at] & 0x80) != 0) ++at;
    at += 2;
  }
  PutZigzag(bytes, at, claim);
  return bytes;
}

class Claims : public ::testing::TestWithParam<Form> {};
INSTANTIATE_TEST_SUITE_P(
    Forms, Claims,
    ::testing::Values(Form{Compression::UNCOMPRESSED}, Form{}, Form{Compression::ZSTD},
                      Form{Compression::GZIP}, Form{Compression::LZ4},
                      Form{Compression::SNAPPY, ParquetDataPageVersion::V2},
                      Form{Compression::ZSTD, ParquetDataPageVersion::V2},
                      Form{Compression::SNAPPY, ParquetDataPageVersion::V1, true},
                      Form{Compression::ZSTD, ParquetDataPageVersion::V2, true}));

TEST_P(Claims, TrueOnesAreAccepted) {
  const Status status = Check(WriteNumbers(GetParam()));
  EXPECT_TRUE(status.ok()) << status.ToString();
}

TEST_P(Claims, SizesThatCannotBeAreRefused) {
  const std::string bytes = WriteNumbers(GetParam());
  for (const int64_t claim : {int64_t{-1}, int64_t{0}, int64_t{INT32_MAX}}) {
    const Status status = Check(WithClaim(bytes, claim));
    ASSERT_EQ(status.code(), Code::kCorrupt) << claim;
    EXPECT_THAT(status.ToString(), HasSubstr("claims another size than it has"));
    EXPECT_EQ(status.problems().front().kind, "E-data-file");
  }
  for (const int64_t claim : {int64_t{-1}, int64_t{INT32_MAX}})
    EXPECT_EQ(Check(WithClaim(bytes, claim, true)).code(), Code::kCorrupt) << claim;
}

TEST_P(Claims, SizesThatTheBytesContradictAreRefused) {
  const bool bytes_tell =
      GetParam().codec != Compression::GZIP && GetParam().codec != Compression::LZ4;
  std::string bytes = WriteNumbers(GetParam());
  PageHeader page;
  size_t header_bytes = 0;
  ASSERT_TRUE(ReadPageHeader(std::string_view(bytes).substr(FirstPage(bytes)), page, header_bytes));
  EXPECT_EQ(Check(WithClaim(bytes, page.uncompressed_bytes + 1)).ok(), !bytes_tell);
  EXPECT_EQ(Check(WithClaim(bytes, page.uncompressed_bytes - 1)).ok(), !bytes_tell);
}

TEST(PageCheck, RefusesADamagedHeaderAndMissingValues) {
  std::string bytes = WriteNumbers({});
  bytes[FirstPage(bytes)] = '\x7f';
  EXPECT_THAT(Check(bytes).ToString(), HasSubstr("damaged header"));
  bytes = WriteNumbers({});
  bytes[FirstPage(bytes) + 1] = 2;  // an index page, whose values do not count
  EXPECT_THAT(Check(bytes).ToString(), HasSubstr("another number of values"));
}

TEST(PageCheck, BoundsWhatADictionaryMakesOfAColumn) {
  const auto most = [](const std::vector<std::optional<std::string>>& texts) {
    const auto table = arrow::Table::Make(arrow::schema({arrow::field("t", arrow::utf8())}),
                                          {Column<arrow::StringBuilder, std::string>(texts)});
    const MemoryFile file("f.parquet", WriteParquet({table}));
    const Footer footer = Footer::Read(file).value();
    return PageCheck(file, footer.representation()).MostDecodedBytes(0, 0).value();
  };
  const std::string picture(100'000, 'x');
  std::vector<std::optional<std::string>> texts(1000, picture);
  EXPECT_GE(most(texts), 100'000'000u);
  EXPECT_LE(most(texts), 110'000'000u);
  texts.assign(1000, "short");
  texts[500] = picture;  // any row may be the long one
  EXPECT_GE(most(texts), 100'000'000u);
  texts.assign(1000, "short");
  EXPECT_LE(most(texts), 20'000u);
}

}  // namespace
}  // namespace robomerge::parquet
