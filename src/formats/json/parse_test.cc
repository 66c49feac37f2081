#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "formats/json/json.h"

namespace robomerge::json {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

Json MustParse(std::string_view text) {
  Result<Json> parsed = Parse(text, "info.json");
  EXPECT_TRUE(parsed.ok()) << parsed.status().ToString();
  return parsed.ok() ? parsed.value() : Json();
}

Problem MustFail(std::string_view text) {
  Result<Json> parsed = Parse(text, "info.json");
  EXPECT_FALSE(parsed.ok()) << text;
  return parsed.ok() ? Problem(Code::kInternal, "parsed") : parsed.status().problems().front();
}

TEST(JsonParse, KeepsTheOrderOfKeys) {
  const Json value = MustParse(R"( {"zeta": 1, "alpha": {"b": 2, "a": 3}, "mid": []} )");
  EXPECT_EQ(DumpLine(value), R"({"zeta": 1, "alpha": {"b": 2, "a": 3}, "mid": []})");
}

TEST(JsonParse, BareNonFiniteNumbersAreNumbersAndTheirNamesInStringsAreStrings) {
  const Json value = MustParse(
      R"({"a": NaN, "b": [Infinity, -Infinity], "c": ["NaN", "-Infinity", "\u004eaN"], "NaN": "Infinity"})");
  EXPECT_TRUE(std::isnan(value["a"].get<double>()));
  EXPECT_EQ(value["b"][0].get<double>(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(value["b"][1].get<double>(), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(value["c"][0].get<std::string>(), "NaN");
  EXPECT_EQ(value["c"][1].get<std::string>(), "-Infinity");
  EXPECT_EQ(value["c"][2].get<std::string>(), "NaN");
  EXPECT_EQ(value["NaN"].get<std::string>(), "Infinity");
}

TEST(JsonParse, WhatPythonDoesNotSpellIsRefused) {
  for (const char* text :
       {"nan",       "inf",  "-NaN",     "+1",         "01",           "-",
        "1.",        ".5",   "1e",       "1e+",        "0x10",         "NaNa",
        "True",      "'a'",  "[1,]",     "{\"a\":1,}", "{a: 1}",       "[1 2]",
        "{\"a\" 1}", "[",    "{",        "\"",         "\"\\",         "\"\\u12",
        "\"\\x41\"", "",     " ",        "1 2",        "\xEF\xBB\xBF", "{}\xEF\xBB\xBF",
        "// c\n1",   "[1]]", "\"a\nb\"", "nul"}) {
    EXPECT_EQ(MustFail(text).code, Code::kCorrupt) << text;
  }
}

TEST(JsonParse, AByteOrderMarkIsPassedOver) {
  EXPECT_EQ(MustParse("\xEF\xBB\xBF[1]"), MustParse("[1]"));
}

TEST(JsonParse, AnotherKindOfFileIsNamed) {
  EXPECT_EQ(MustFail("version https://git-lfs.github.com/spec/v1\n").kind, "E-lfs-pointer");
  EXPECT_EQ(MustFail("<html></html>").kind, "E-foreign-file");
  EXPECT_EQ(MustFail("{\"a\": }").kind, "");
}

TEST(JsonParse, IntegersOf64BitsAreExactAndLargerOnesRefused) {
  EXPECT_EQ(MustParse("9007199254740993").get<int64_t>(), 9007199254740993);
  EXPECT_EQ(MustParse("-9223372036854775808").get<int64_t>(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(MustParse("18446744073709551615").get<uint64_t>(),
            std::numeric_limits<uint64_t>::max());
  EXPECT_TRUE(MustParse("30").is_number_integer());
  EXPECT_TRUE(MustParse("30.0").is_number_float());
  for (const char* text : {"18446744073709551616", "-9223372036854775809"}) {
    const Problem problem = MustFail(text);
    EXPECT_EQ(problem.code, Code::kUnsupported);
    EXPECT_EQ(problem.found, text);
  }
}

TEST(JsonParse, FloatsBeyondADoubleGoWherePythonPutsThem) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(MustParse("1e999").get<double>(), infinity);
  EXPECT_EQ(MustParse("-1e999").get<double>(), -infinity);
  EXPECT_EQ(MustParse("1e-999").get<double>(), 0.0);
  EXPECT_TRUE(std::signbit(MustParse("-1e-999").get<double>()));
  EXPECT_EQ(MustParse("0e99999999999999999999").get<double>(), 0.0);
  EXPECT_EQ(MustParse("0.001e99999999999999999999").get<double>(), infinity);
  EXPECT_EQ(MustParse("1e-99999999999999999999").get<double>(), 0.0);
  // The sign of the exponent alone does not tell which way it goes.
  EXPECT_EQ(MustParse("0." + std::string(500, '0') + "1e10").get<double>(), 0.0);
  EXPECT_EQ(MustParse("1" + std::string(500, '0') + "e-10").get<double>(), infinity);
  EXPECT_EQ(MustParse("5e-324").get<double>(), std::numeric_limits<double>::denorm_min());
}

TEST(JsonParse, LastOfTwoEqualKeysWinsAtThePlaceOfTheFirst) {
  EXPECT_EQ(DumpLine(MustParse(R"({"a": 1, "b": 2, "a": [3]})")), R"({"a": [3], "b": 2})");
}

TEST(JsonParse, LastOfTwoEqualKeysWinsInLargeObjectsToo) {
  std::string text = "{";
  for (int i = 0; i < 1000; ++i)
    text += "\"k" + std::to_string(i) + "\": " + std::to_string(i) + ", ";
  text += R"("k3": "new", "k999": "new", "k1000": 1000, "k1000": "new"})";
  const Json value = MustParse(text);
  ASSERT_EQ(value.size(), 1001u);
  EXPECT_EQ(value.begin().key(), "k0");
  EXPECT_EQ(value["k2"], 2);
  for (const char* key : {"k3", "k999", "k1000"}) EXPECT_EQ(value[key], "new") << key;
}

TEST(JsonParse, EscapesAreDecoded) {
  EXPECT_EQ(MustParse(R"("\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\ud83e\udd16")").get<std::string>(),
            "\"\\/\b\f\n\r\tA\u00e9\u20ac\U0001F916");
  EXPECT_EQ(MustParse(R"("a\u0000b")").get<std::string>(), std::string("a\0b", 3));
  for (const char* text :
       {R"("\ud83e")", R"("\ud83ex")", R"("\ud83e\u0041")", R"("\udd16")", R"("\ud83e\ud83e")"}) {
    EXPECT_EQ(MustFail(text).what, "half a surrogate pair in a json string") << text;
  }
}

TEST(JsonParse, StringsMustBeUtf8) {
  EXPECT_EQ(MustParse("\"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\xA4\x96 \x7F\"").get<std::string>(),
            "\u00e9 \u20ac \U0001F916 \x7F");
  for (const char* text : {"\"\xC3\"", "\"\x80\"", "\"\xC0\xAF\"", "\"\xE0\x9F\xBF\"",
                           "\"\xED\xA0\x80\"", "\"\xF0\x8F\xBF\xBF\"", "\"\xF4\x90\x80\x80\"",
                           "\"\xFF\"", "\"\xE2\x82\"", "\"\xF0\x9F\xA4\""}) {
    EXPECT_EQ(MustFail(text).what, "json string is not utf-8") << text;
  }
  EXPECT_EQ(MustFail("{\"ab\xFF\": 1}").found, "byte 0xff");
}

TEST(JsonParse, ErrorsNamePathLineColumnAndByte) {
  const Problem problem = MustFail("{\n  \"\u00e9\u20ac\": 1,\n  \"fps\": ?\n}");
  EXPECT_EQ(problem.code, Code::kCorrupt);
  EXPECT_EQ(problem.where, "info.json: line 3, column 10");
  EXPECT_EQ(problem.found, "`?`");
  EXPECT_EQ(problem.expected, "a value");
  // Columns count characters: the two before the colon have five bytes.
  EXPECT_EQ(MustFail("{\"\u00e9\u20ac\"? 1}").where, "info.json: line 1, column 6");
  EXPECT_EQ(MustFail("[1, 2").what, "json ends early");
  EXPECT_EQ(MustFail("[1, 2").found, "the end of the file");
  EXPECT_EQ(MustFail("[\"abc").where, "info.json: line 1, column 2");
  EXPECT_EQ(MustFail(std::string_view("[1,\0]", 5)).found, "byte 0x00");
}

TEST(JsonParse, DepthIsBoundedAt200) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(Parse(nested(200), "info.json").ok());
  const Problem problem = MustFail(nested(201));
  EXPECT_EQ(problem.code, Code::kCorrupt);
  EXPECT_THAT(problem.where, EndsWith("column 201"));
  EXPECT_THAT(problem.expected, HasSubstr("200 levels"));
  std::string objects;
  for (int i = 0; i < 100000; ++i) objects += "{\"a\":";
  EXPECT_EQ(MustFail(objects).what, "json is nested too deeply");
}

TEST(JsonParse, ListsAreBounded) {
  std::string text = "[";
  for (int i = 0; i < 3'000'000; ++i) text += "[],";
  EXPECT_EQ(MustFail(text + "0]").what, "json has more lists and objects than metadata can need");
}

}  // namespace
}  // namespace robomerge::json
