#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "page/charts.h"
#include "page/facts.h"
#include "page/html.h"

namespace robomerge::page {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

size_t CountOf(const std::string& text, const std::string& part) {
  size_t number = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++number;
  return number;
}

TEST(Html, EscapesTextAndKeepsLiterals) {
  const std::string name = "<b>\"it's\" & more</b>";
  EXPECT_EQ(Piece("<i>", name, "</i>").text(),
            "<i>&lt;b&gt;&quot;it&#39;s&quot; &amp; more&lt;/b&gt;</i>");
  EXPECT_EQ(Piece("<i>", uint64_t{7}, Piece("<b>", std::string_view("<"), "</b>"), "</i>").text(),
            "<i>7<b>&lt;</b></i>");
}

TEST(Html, ReplacesWhatHtmlCannotHold) {
  EXPECT_EQ(Escaped("a\xff"
                    "b"),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(Escaped(std::string_view("a\0b\x1b[1m\n", 8)), "a\\x00b\\x1b[1m ");
  EXPECT_EQ(Escaped("\xc2\x85\x7f"), "\\x85\\x7f");
  EXPECT_EQ(Escaped("日本語 é"), "日本語 é");
}

TEST(Html, WritesNumbers) {
  EXPECT_EQ(NumberText(0), "0");
  EXPECT_EQ(NumberText(-0.0), "0");
  EXPECT_EQ(NumberText(123456), "123456");
  EXPECT_EQ(NumberText(0.123456), "0.1235");
  EXPECT_EQ(NumberText(-1.5e-12), "-1.5e-12");
  EXPECT_EQ(NumberText(1e300), "1e+300");
  EXPECT_EQ(NumberText(std::nan("")), "nan");
  EXPECT_EQ(NumberText(-std::numeric_limits<double>::infinity()), "-infinite");
  EXPECT_EQ(ShareText(1, 3), "33 %");
  EXPECT_EQ(ShareText(1, 1000), "0.1 %");
  EXPECT_EQ(ShareText(0, 0), "0 %");
  EXPECT_EQ(CountText(1, "episode"), "1 episode");
  EXPECT_EQ(CountText(12000, "episode"), "12,000 episodes");
}

TEST(Charts, CountIntoBins) {
  EXPECT_THAT(CountIntoBins({}, 4).counts, ElementsAre());
  EXPECT_THAT(CountIntoBins({5, 5, 5}, 4).counts, ElementsAre(3));
  EXPECT_THAT(CountIntoBins({0, 1, 2, 3, 4, 5, 6, 7}, 4).counts, ElementsAre(2, 2, 2, 2));
  EXPECT_THAT(CountIntoBins({0, UINT64_MAX - 1}, 2).counts, ElementsAre(1, 1));
  EXPECT_EQ(CountIntoBins({9, 3, 4}, 2).least, 3u);
}

TEST(Charts, ABinThatHoldsAnythingIsSeen) {
  const std::string chart = BarsChart({1, 0, 1000000}, "lengths").text();
  EXPECT_THAT(chart, HasSubstr("d=\"M0 39h132.3V40h-132.3zM266.7 0h132.3V40h-132.3z\""));
  EXPECT_THAT(chart, HasSubstr("aria-label=\"lengths\""));
}

TEST(Charts, ADistributionOfHugeNumbers) {
  const double most = std::numeric_limits<double>::max();
  const std::string chart =
      DistributionChart({1, 1}, -most, most, {-most, -1, 0, 1, most}, "<&>").text();
  EXPECT_THAT(chart, HasSubstr("M0 23.5H64"));
  EXPECT_THAT(chart, HasSubstr("M32 21v5"));
  EXPECT_THAT(chart, HasSubstr("&lt;&amp;&gt;"));
}

std::vector<schedule::NodeEvent> EventsOf(uint64_t num_sources) {
  std::vector<schedule::NodeEvent> events;
  for (uint64_t at = 0; at < num_sources; ++at) {
    schedule::NodeEvent event;
    event.id = at + 1;
    event.category = "describe";
    event.first = event.last = at;
    event.worker = static_cast<int>(at % 200);
    event.start_ns = static_cast<int64_t>(at) * 1000;
    event.end_ns = event.start_ns + 900;
    events.push_back(event);
  }
  schedule::NodeEvent root;
  root.id = num_sources + 1;
  root.category = "combine";
  root.level = 1;
  root.last = num_sources - 1;
  root.start_ns = static_cast<int64_t>(num_sources) * 1000;
  root.end_ns = root.start_ns + 10;
  events.push_back(root);
  return events;
}

TEST(Charts, TheTreeHasALineForEachLevel) {
  const std::string chart = TreeChart(EventsOf(4), 4, "tree").text();
  EXPECT_THAT(chart, HasSubstr("viewBox=\"0 0 1000 36\""));
  EXPECT_THAT(chart, HasSubstr("d=\"M0 2h998v14H0z"));
  EXPECT_EQ(CountOf(chart, "v14"), 5u);
}

TEST(Charts, ATimelineOfManyTasksStaysSmall) {
  const std::string chart =
      TimelineChart(EventsOf(100'000), {"describe", "combine"}, {0, 1}, 64, "timeline").text();
  EXPECT_LT(chart.size(), 64u * 1000 * 24);
  EXPECT_THAT(chart, HasSubstr("viewBox=\"0 0 1000 1152\""));
}

// A dataset of this size in every way.
PageFacts Facts(size_t num_episodes, size_t num_sources, size_t num_elements, size_t num_tasks) {
  PageFacts facts;
  facts.title = "kitchen";
  facts.inspected.version = "v3.0";
  facts.inspected.features.push_back({"observation.state", "float32", "[7]"});
  facts.inspected.num_frames = num_episodes * 100;
  facts.frames_per_second = 30;
  for (size_t at = 0; at < num_episodes; ++at) facts.lengths.push_back({at, 50 + at % 101});
  for (size_t at = 0; at < num_sources; ++at)
    facts.sources.push_back(
        {"lab/source_" + std::to_string(at), "/data/" + std::to_string(at), 10, 1000});
  for (size_t at = 0; at < num_tasks; ++at)
    facts.tasks.push_back({"pick up the cube number " + std::to_string(at), 1, 100});
  for (size_t at = 0; at < num_elements; ++at) {
    StatsReport::Element& element = facts.stats.elements.emplace_back();
    element.feature = "observation.state";
    element.name = "joint_" + std::to_string(at);
    element.num_values = 1000;
    element.min = -1.2345, element.max = 1.2345;
    element.q01 = -1.1, element.q10 = -0.9, element.q50 = 0.1, element.q90 = 0.9, element.q99 = 1.1;
    for (uint64_t bin = 0; bin < 32; ++bin) element.histogram.push_back(bin * 37 % 101);
  }
  return facts;
}

TEST(Page, EscapesEveryTextOfADataset) {
  const std::string evil = "</script><img src=x onerror=alert(1)>\"'&";
  PageFacts facts = Facts(3, 0, 1, 0);
  facts.title = evil;
  facts.inspected.robot_type = facts.inspected.version = evil;
  facts.inspected.features.push_back({evil, evil, evil});
  facts.inspected.problems.push_back(Problem(Code::kCorrupt, evil)
                                         .Kind(evil)
                                         .At(evil)
                                         .Expected(evil)
                                         .Found(evil)
                                         .Hint(evil)
                                         .While(evil));
  facts.inspected.warnings = facts.inspected.problems;
  Finding note;
  note.kind = note.what = note.column = note.expected = note.found = note.where = evil;
  facts.inspected.notes.push_back(note);
  facts.stats.findings.push_back(note);
  facts.stats.elements[0].feature = facts.stats.elements[0].name = evil;
  facts.sources.push_back({evil, evil + "2", 3, 300});
  facts.tasks.push_back({evil, 3, 300});
  facts.cameras.push_back({evil, evil, 1, 10, {{0, "\xff\xd8"}}});
  facts.merge.emplace();
  facts.merge->report.files.push_back({});
  facts.merge->report.files[0].path = evil;
  facts.merge->report.files[0].sources = {evil};
  facts.merge->report.stages.push_back({evil, 1});
  facts.merge->report.skipped.push_back({0, evil, evil, evil, facts.inspected.problems});
  facts.merge->events = EventsOf(2);
  facts.merge->events[0].category = facts.merge->events[0].name = evil;
  const std::string page = PageText(facts);
  EXPECT_THAT(page, Not(HasSubstr("<img src=x")));
  EXPECT_THAT(page, Not(HasSubstr("</script")));
  EXPECT_THAT(page, Not(HasSubstr("x onerror=alert(1)>\"")));
  EXPECT_THAT(page, HasSubstr("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;"));
  EXPECT_EQ(CountOf(page, "<img "), 1u);  // the thumbnail
}

TEST(Page, HasNothingToFetchOrRun) {
  PageFacts facts = Facts(20, 3, 3, 3);
  facts.merge.emplace();
  facts.merge->events = EventsOf(3);
  const std::string page = PageText(facts);
  EXPECT_EQ(CountOf(page, "<script"), 0u);
  EXPECT_EQ(CountOf(page, "http"), 1u);  // http-equiv
  EXPECT_EQ(CountOf(page, "url("), 0u);
  EXPECT_EQ(CountOf(page, "@import"), 0u);
}

TEST(Page, OfNothingAtAll) {
  PageFacts facts;
  facts.title = "empty";
  facts.inspected.problems.push_back(Problem(Code::kCorrupt, "there is nothing").Kind("E-info"));
  const std::string page = PageText(facts);
  EXPECT_TRUE(page.starts_with(kPageBegin));
  EXPECT_THAT(page, HasSubstr("there is nothing"));
  EXPECT_THAT(page, Not(HasSubstr("id=\"overview\"")));
}

TEST(Page, StaysSmall) {
  PageFacts facts = Facts(10'000, 1'000, 1'024, 10'000);
  for (size_t at = 0; at < 5'000; ++at)
    facts.inspected.warnings.push_back(
        Problem(Code::kCorrupt, "something is odd").Kind("W-odd").At("data/file-000.parquet"));
  facts.merge.emplace();
  facts.merge->events = EventsOf(1'000);
  for (size_t at = 0; at < 3'000; ++at) {
    ReportedFile& file = facts.merge->report.files.emplace_back();
    file.path = "videos/observation.images.top/chunk-000/file-000.mp4";
    file.sources.assign(100, "/data/kitchen/videos/observation.images.top/chunk-000/file-000.mp4");
  }
  const std::string page = PageText(facts);
  EXPECT_LT(page.size(), 1'300'000u);
  EXPECT_THAT(page, HasSubstr("and 800 more"));    // sources
  EXPECT_THAT(page, HasSubstr("and 9,800 more"));  // tasks
  EXPECT_THAT(page, HasSubstr("and 2,800 more"));  // files
  EXPECT_THAT(page, HasSubstr("and 4,980 more"));  // places of one kind
  EXPECT_EQ(CountOf(page, "class=\"d\""), 1'024u);
  EXPECT_EQ(page, PageText(facts));
}

TEST(Page, TellsOfValuesThatAreNoNumbers) {
  PageFacts facts = Facts(1, 0, 3, 0);
  facts.stats.elements[0].num_nan = 1200;
  facts.stats.elements[1].num_values = 0;
  facts.stats.elements[1].num_infinite = 3;
  facts.stats.elements[2].max = facts.stats.elements[2].min;
  const std::string page = PageText(facts);
  EXPECT_THAT(page, HasSubstr("1,200 not a number"));
  EXPECT_THAT(page, HasSubstr("3 infinite"));
  EXPECT_THAT(page, HasSubstr("no finite value"));
  EXPECT_THAT(page, HasSubstr("constant"));
}

TEST(Page, CutsLongTexts) {
  PageFacts facts = Facts(1, 0, 0, 0);
  facts.tasks.push_back({std::string(1'000'000, 'x'), 1, 100});
  EXPECT_LT(PageText(facts).size(), 20'000u);
}

}  // namespace
}  // namespace robomerge::page
