#include "formats/npy/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace robomerge::npy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// As numpy.save writes it: version 1, the header padded to 64 bytes.
std::string FileOf(std::string header, size_t num_bytes) {
  header.resize(117, ' ');
  header += '\n';
  std::string file = "\x93NUMPY";
  file += '\x01';
  file += '\0';
  file += static_cast<char>(header.size());
  file += '\0';
  return file + header + std::string(num_bytes, '\x01');
}

std::string Header(const std::string& descr, const std::string& shape, bool fortran = false) {
  return "{'descr': " + descr + ", 'fortran_order': " + (fortran ? "True" : "False") +
         ", 'shape': " + shape + ", }";
}

TEST(Npy, ReadsTypeAndShape) {
  const Result<Array> array = ReadHeader(FileOf(Header("'<f4'", "(3, 2)"), 24), "a.npy");
  ASSERT_TRUE(array.ok()) << array.status().ToString();
  EXPECT_EQ(array->dtype, "float32");
  EXPECT_EQ(array->item_bytes, 4u);
  EXPECT_THAT(array->shape, ElementsAre(3u, 2u));
  EXPECT_EQ(array->data_begin, 128u);
  const Result<Array> flags = ReadHeader(FileOf(Header("'|b1'", "(5,)", true), 5), "a.npy");
  ASSERT_TRUE(flags.ok()) << flags.status().ToString();
  EXPECT_EQ(flags->dtype, "bool");
  EXPECT_TRUE(ReadHeader(FileOf(Header("'<i8'", "(0,)"), 0), "a.npy").ok());
}

TEST(Npy, RefusesWhatIsNoFeatureInWords) {
  const auto refusal = [](const std::string& file) {
    const Result<Array> array = ReadHeader(file, "a.npy");
    return array.ok() ? "taken"
                      : array.status().ToString() + " " + array.status().problems().front().hint;
  };
  EXPECT_THAT(refusal(FileOf(Header("'<f4'", "(3, 2)", true), 24)), HasSubstr("Fortran order"));
  EXPECT_THAT(refusal(FileOf(Header("'>f4'", "(3,)"), 12)), HasSubstr("big-endian"));
  EXPECT_THAT(refusal(FileOf(Header("'|O'", "(3,)"), 12)), HasSubstr("Python objects"));
  EXPECT_THAT(refusal(FileOf(Header("'<U5'", "(3,)"), 60)), HasSubstr(".parquet"));
  EXPECT_THAT(refusal(FileOf(Header("''", "(3,)"), 12)), HasSubstr("a.npy"));
  EXPECT_THAT(refusal(FileOf(Header("'<f2'", "(3,)"), 6)), HasSubstr("float32"));
  EXPECT_THAT(refusal(FileOf(Header("[('x', '<f4')]", "(3,)"), 12)), HasSubstr("structured"));
  EXPECT_THAT(refusal(FileOf(Header("'<f4'", "()"), 4)), HasSubstr("no rows"));
  EXPECT_THAT(refusal(FileOf(Header("'<f4'", "(3,)"), 11)), HasSubstr("3 numbers"));
  EXPECT_THAT(refusal(FileOf(Header("'<f4'", "(3,)"), 16)), HasSubstr("3 numbers"));
  EXPECT_THAT(refusal(FileOf(Header("'<f4'", "(4294967296, 4294967296, 4)"), 8)),
              HasSubstr("numbers"));
  EXPECT_THAT(refusal("PAR1 and more than twelve bytes"), HasSubstr("no whole .npy file"));
  // Cut anywhere.
  const std::string whole = FileOf(Header("'<f4'", "(3,)"), 12);
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_THAT(refusal(whole.substr(0, size)), HasSubstr("no whole .npy file"));
  for (const std::string& damaged :
       {std::string("{'descr': '<f4', 'shape': (3,)"),
        std::string("{'descr': '', 'fortran_order': False, 'shape': (3,)}"),
        std::string("{'shape': (3 3)}"), std::string("{'shape': (-1,)}")})
    EXPECT_THAT(refusal(FileOf(damaged, 12)), HasSubstr("descr, fortran_order and shape"));
}

}  // namespace
}  // namespace robomerge::npy
