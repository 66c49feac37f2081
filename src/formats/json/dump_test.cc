// Expected texts were printed by Python 3.11: json.dumps(json.loads(text), indent=4,
// ensure_ascii=False).
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "formats/json/json.h"

namespace robomerge::json {
namespace {

constexpr char kDocument[] =
    R"({"codebase_version": "v3.0", "robot_type": null, "fps": 30, "splits": {"train": "0:3"}, "tools": [], "empty": {}, "nested": [[], [{}], [1, [2.0]]],
 "floats": [0.0, -0.0, 1e-05, 0.0001, 0.1, 1e15, 9999999999999998.0, 1e16, 1.5e300, 5e-324, 1.7976931348623157e308, NaN, Infinity, -Infinity, 1e999, -1e999, 1e-999],
 "ints": [0, -0, 9223372036854775807, -9223372036854775808, 18446744073709551615], "bools": [true, false],
 "text": "a\"b\\c\/d\b\f\n\r\t\u0001\u001f\u00e9\u20ac\ud83e\udd16 é 机器人 🤖", "k\u00e9y\n": 1, "twice": 1, "x": 2, "twice": {"a": NaN}})";

constexpr char kDumped[] = R"({
    "codebase_version": "v3.0",
    "robot_type": null,
    "fps": 30,
    "splits": {
        "train": "0:3"
    },
    "tools": [],
    "empty": {},
    "nested": [
        [],
        [
            {}
        ],
        [
            1,
            [
                2.0
            ]
        ]
    ],
    "floats": [
        0.0,
        -0.0,
        1e-05,
        0.0001,
        0.1,
        1000000000000000.0,
        9999999999999998.0,
        1e+16,
        1.5e+300,
        5e-324,
        1.7976931348623157e+308,
        NaN,
        Infinity,
        -Infinity,
        Infinity,
        -Infinity,
        0.0
    ],
    "ints": [
        0,
        0,
        9223372036854775807,
        -9223372036854775808,
        18446744073709551615
    ],
    "bools": [
        true,
        false
    ],
    "text": "a\"b\\c/d\b\f\n\r\t\u0001\u001fé€🤖 é 机器人 🤖",
    "kéy\n": 1,
    "twice": {
        "a": NaN
    },
    "x": 2
})";

constexpr char kDumpedInOneLine[] =
    R"({"codebase_version": "v3.0", "robot_type": null, "fps": 30, "splits": {"train": "0:3"}, "tools": [], "empty": {}, "nested": [[], [{}], [1, [2.0]]], "floats": [0.0, -0.0, 1e-05, 0.0001, 0.1, 1000000000000000.0, 9999999999999998.0, 1e+16, 1.5e+300, 5e-324, 1.7976931348623157e+308, NaN, Infinity, -Infinity, Infinity, -Infinity, 0.0], "ints": [0, 0, 9223372036854775807, -9223372036854775808, 18446744073709551615], "bools": [true, false], "text": "a\"b\\c/d\b\f\n\r\t\u0001\u001fé€🤖 é 机器人 🤖", "kéy\n": 1, "twice": {"a": NaN}, "x": 2})";

Json MustParse(std::string_view text) {
  Result<Json> parsed = Parse(text, "info.json");
  EXPECT_TRUE(parsed.ok()) << parsed.status().ToString();
  return parsed.ok() ? parsed.value() : Json();
}

TEST(JsonDump, WritesWhatPythonWrites) { EXPECT_EQ(Dump(MustParse(kDocument)), kDumped); }

TEST(JsonDump, WritesOneLineAsPythonDoes) {
  EXPECT_EQ(DumpLine(MustParse(kDocument)), kDumpedInOneLine);
}

TEST(JsonDump, WrittenTextReadsBackToTheSameText) {
  EXPECT_EQ(Dump(MustParse(kDumped)), kDumped);
  EXPECT_EQ(Dump(MustParse(kDumpedInOneLine)), kDumped);
}

TEST(JsonDump, FloatsOfEveryMagnitudeKeepPythonsRepr) {
  const std::string floats =
      "[-1.989032661366619e+244, 7.761117632285041e+178, 3.980498358697587e-249, "
      "-1.5432835417340557e+88, "
      "1.3647584518757569e-192, -1.3701135617873088e-206, -1.7160537630466207e+197, "
      "6.294675241195386e-44, "
      "1.0613447212142254e-202, 4.708325160387546e+207, 6.387016158513563e-12, "
      "-9.973130378568733e-246, "
      "4.24519189142514e+17, 0.05654536941930797, 6306259157.317371, 9477089424.570057, "
      "5.8554142264038674e-08, 9.7625510559292e-08, 5.5666489793709265e-05, "
      "2.8960928633167627e-05, "
      "5406858855.3214245, 3.0848182410193434e+17, 6.820026947612046e-06, 581600163662.4663, "
      "1.8787102678714353e-06, 5.477444657095578e-07, 56436829313.33867, 2059587128193.2654, "
      "5317202465801857.0, 3141471703.7679152, 923.4413836388616, 2.9976699686368236e+16]";
  EXPECT_EQ(DumpLine(MustParse(floats)), floats);
}

TEST(JsonDump, EscapesNothingThatJsonAllowsBare) {
  // Python: json.dumps("\x7f\u2028\x1b/", ensure_ascii=False)
  EXPECT_EQ(Dump(Json("\x7f\u2028\x1b/")), "\"\x7f\u2028\\u001b/\"");
  EXPECT_EQ(Dump(Json(std::string("a\0b", 3))), "\"a\\u0000b\"");
}

TEST(JsonDump, TopLevelMayBeAnyValue) {
  EXPECT_EQ(Dump(Json::object()), "{}");
  EXPECT_EQ(Dump(Json::array()), "[]");
  EXPECT_EQ(Dump(Json()), "null");
  EXPECT_EQ(Dump(Json(true)), "true");
  EXPECT_EQ(Dump(Json(-7)), "-7");
  EXPECT_EQ(Dump(Json(30.0)), "30.0");
  EXPECT_EQ(Dump(Json(-std::numeric_limits<double>::infinity())), "-Infinity");
}

}  // namespace
}  // namespace robomerge::json
