#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/yaml/yaml.h"

namespace robomerge::yaml {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The tree as text: {key: value}, [item], plain texts bare and the others in quotes, @line.
std::string Shown(const Node& node) {
  if (node.kind == Node::Kind::kText) {
    return (node.is_plain ? node.text : "'" + node.text + "'") + "@" + std::to_string(node.line);
  }
  std::string text;
  for (size_t at = 0; at < node.values.size(); ++at) {
    text += text.empty() ? "" : ", ";
    if (node.kind == Node::Kind::kMapping) text += Shown(node.keys[at]) + ": ";
    text += Shown(node.values[at]);
  }
  return node.kind == Node::Kind::kList ? "[" + text + "]" : "{" + text + "}";
}

std::string Parsed(std::string_view text) {
  const Result<Node> node = Parse(text, "r.yaml", "E-recipe");
  return node.ok() ? Shown(*node) : node.status().ToString();
}

std::vector<std::string> Places(std::string_view text) {
  const Status status = Parse(text, "r.yaml", "E-recipe").status();
  std::vector<std::string> places;
  for (const Problem& problem : status.problems()) {
    EXPECT_EQ(problem.kind, "E-recipe");
    places.push_back(problem.where);
  }
  return places;
}

TEST(Yaml, TextsListsAndMappingsHaveTheirLines) {
  EXPECT_EQ(Parsed("a: 1\nb:\n  - x\n  - 'y'\nc: {d: \"e\"}\n"),
            "{a@1: 1@1, b@2: [x@3, 'y'@4], c@5: {d@5: 'e'@5}}");
  EXPECT_EQ(Parsed("{\"a\": [1, true], \"b\": null}"), "{'a'@1: [1@1, true@1], 'b'@1: null@1}");
  EXPECT_EQ(Parsed(R"({"a": "\ud83e\udd16 \\ud83e \u00e4"})"),
            "{'a'@1: '\xf0\x9f\xa4\x96 \\ud83e \xc3\xa4'@1}");
  EXPECT_EQ(Parsed("a: |\n  two\n  lines\n"), "{a@1: 'two\nlines\n'@1}");
  EXPECT_EQ(Parsed("\xef\xbb\xbf"
                   "a:\n"),
            "{a@1: @1}");
  EXPECT_EQ(Parsed("---\na: b # not this\n...\n"), "{a@2: b@2}");
  EXPECT_EQ(Parsed("a: b\r\nc: d\r\n"), "{a@1: b@1, c@2: d@2}");
}

TEST(Yaml, WhatSettingsNeedNotIsRefusedAllAtOnce) {
  EXPECT_THAT(Places("a: &x 1\nb: *x\nc: !!str 2\n? [k]\n: v\na: 3\n"),
              ElementsAre("r.yaml: line 1", "r.yaml: line 2", "r.yaml: line 3", "r.yaml: line 4",
                          "r.yaml: line 6"));
  EXPECT_THAT(Parsed("drop:\n- *depth\n"), AllOf(HasSubstr("line 2"), HasSubstr("`*depth`")));
  EXPECT_THAT(Parsed("a: 1\n---\nb: 2\n"),
              AllOf(HasSubstr("line 2"), HasSubstr("second document")));
  EXPECT_THAT(Parsed("a: 1\na: 2\n"), AllOf(HasSubstr("line 2"), HasSubstr("in line 1")));
  for (const char* empty : {"", "\n", "# only this\n"})
    EXPECT_THAT(Parsed(empty), HasSubstr("is empty"));
}

TEST(Yaml, FaultsOfTheSyntaxNameTheLine) {
  const auto hint = [](std::string_view text) {
    return Parse(text, "r.yaml", "E-recipe").status().problems().front().hint;
  };
  EXPECT_THAT(Places("a: 1\nset_task: pick: the cube\n"), ElementsAre("r.yaml: line 2"));
  EXPECT_THAT(hint("set_task: pick: the cube\n"), HasSubstr("in quotes"));
  EXPECT_THAT(Places("a: 1\nb: \"open\nc: 2\n"), ElementsAre("r.yaml: line 2"));
  EXPECT_THAT(hint("b: \"open\nc: 2\n"), HasSubstr("close the quotes"));
  EXPECT_THAT(hint("b: \"a\\d\"\n"), HasSubstr("backslash"));
  EXPECT_THAT(Places("a:\n\t- b\n"), ElementsAre("r.yaml: line 2"));
  EXPECT_THAT(hint("a:\n\t- b\n"), HasSubstr("tabs"));
  EXPECT_THAT(hint("drop: [*.depth]\n"), HasSubstr("quotes"));
  EXPECT_THAT(Places("a: [1, 2\nb: 3\n"), ElementsAre("r.yaml: line 2"));
  EXPECT_THAT(Parsed("a: 1\nb: \xff\n"), AllOf(HasSubstr("line 2"), HasSubstr("UTF-8")));
  EXPECT_THAT(Parsed(std::string("a: \0b", 5)), HasSubstr("line 1"));
  EXPECT_THAT(Places("a: 1\n b: 2\n"), ElementsAre("r.yaml: line 2"));
}

TEST(Yaml, SizeIsBounded) {
  EXPECT_THAT(Parsed(std::string(100'000, '[')), HasSubstr("nested too deeply"));
  std::string deep = "a";
  for (int depth = 0; depth < 70; ++depth) deep = "{a: " + deep + "}";
  EXPECT_THAT(Parsed(deep), HasSubstr("nested too deeply"));
  // A bomb of references is not followed, and does not fill the screen.
  std::string bomb = "a: &a [x, x]\n";
  for (int line = 0; line < 5000; ++line)
    bomb += "b" + std::to_string(line) + ": [*a, *a, *a, *a]\n";
  EXPECT_THAT(Places(bomb).size(), 1000u);
}

}  // namespace
}  // namespace robomerge::yaml
