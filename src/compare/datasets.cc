// What is said of a dataset as a whole.
#include <algorithm>
#include <cmath>

#include "base/fold_case.h"
#include "base/text.h"
#include "compare/finding.h"

namespace robomerge::compare_internal {
namespace {

std::string RateText(double fps) {
  const std::string text = FormatDouble(fps);
  return text.ends_with(".0") ? text.substr(0, text.size() - 2) : text;
}

// What it would take to make frames of one rate of those of another.
std::string WhyNoFps(double usual, double other) {
  const double most = std::max(usual, other), least = std::min(usual, other);
  const double ratio = most / least;
  const std::string change = StrCat(RateText(most), " to ", RateText(least));
  if (std::fabs(ratio - std::round(ratio)) < 1e-9) {
    return StrCat(change, " would drop ",
                  std::lround(ratio) == 2 ? std::string("every second row")
                                          : StrCat("all but one of ", std::lround(ratio), " rows"),
                  " and decode all videos; merge them apart");
  }
  return StrCat(change,
                " would have to make up frames between the recorded ones; merge them apart");
}

class DatasetComparison {
 public:
  DatasetComparison(const Comparison& comparison, std::vector<Found>& found)
      : comparison_(comparison), found_(found) {}

  void Run() {
    CompareFps();
    CompareRobots();
    CompareSubtasks();
    Add(By([](const Schema& schema) {
          return schema.tools.is_null() ? "none" : json::DumpLine(schema.tools);
        }),
        "D-tools", "`tools` differ", Settlement::kMerge, "they are left out");
    CompareOrder();
    Split versions(comparison_.sources.size());
    for (size_t at = 0; at < comparison_.sources.size(); ++at)
      versions.Put(at, comparison_.sources[at].version);
    Add(std::move(versions), "D-version", "codebase_version differs", Settlement::kMerge,
        "the result is v3.0");
  }

 private:
  Split By(const std::function<std::optional<std::string>(const Schema&)>& form) const {
    Split split(comparison_.sources.size());
    std::vector<std::optional<std::string>> texts;
    for (const View& view : comparison_.views) texts.push_back(form(*view.schema));
    for (size_t at = 0; at < comparison_.sources.size(); ++at) {
      if (texts[comparison_.view_of[at]]) split.Put(at, *texts[comparison_.view_of[at]]);
    }
    return split;
  }

  void Add(Split split, const char* kind, const char* what, Settlement settlement,
           std::string why = "", std::vector<Remedy> remedies = {}) {
    if (!split.differs()) return;
    Found& one = found_.emplace_back(Found{{}, std::move(split)});
    one.difference.kind = kind;
    one.difference.what = what;
    one.difference.settlement = settlement;
    one.difference.why = std::move(why);
    one.difference.remedies = std::move(remedies);
  }

  void CompareFps() {
    Split rates = By([](const Schema& schema) { return RateText(schema.fps.get<double>()); });
    if (rates.differs()) {
      const uint32_t usual = comparison_.UsualOf(rates);
      const auto rate_of = [&](uint32_t form) {
        const auto at = std::find(rates.form_of.begin(), rates.form_of.end(), form);
        return comparison_.sources[static_cast<size_t>(at - rates.form_of.begin())]
            .schema->fps.get<double>();
      };
      const double rate = rate_of(usual), other = rate_of(usual == 0 ? 1 : 0);
      Add(std::move(rates), "D-fps", "fps differ", Settlement::kNothing, WhyNoFps(rate, other));
      return;
    }
    Add(By([](const Schema& schema) { return json::DumpLine(schema.fps); }), "D-form",
        "fps are written otherwise", Settlement::kMerge);
  }

  void CompareRobots() {
    Split robots = By([](const Schema& schema) {
      const std::string robot = RobotOf(schema);
      if (!robot.empty()) return robot;
      return std::string(schema.robot_type.is_string() ? "an empty text" : "not named");
    });
    if (!robots.differs()) return;
    std::set<std::string> types;
    for (const std::string& robot : robots.texts) types.insert(FoldCase(robot));
    if (types.size() == 1) {
      return Add(std::move(robots), "D-robot-type", "robot_type differs in case",
                 Settlement::kMerge);
    }
    Split named = By([](const Schema& schema) -> std::optional<std::string> {
      const std::string robot = RobotOf(schema);
      return robot.empty() ? std::nullopt : std::optional(robot);
    });
    const bool is_named = !named.texts.empty();
    Add(std::move(robots), "D-robot-type", "robot_type differs", Settlement::kFlag,
        is_named ? "right if it is the same kind of robot" : "or what the robot is called",
        {MakeRemedy("robot_type", "",
                    is_named ? named.texts[comparison_.UsualOf(named)] : "unknown")});
  }

  static std::string RobotOf(const Schema& schema) {
    return schema.robot_type.is_string() ? schema.robot_type.get<std::string>() : "";
  }

  void CompareSubtasks() {
    Add(By([](const Schema& schema) -> std::optional<std::string> {
          if (schema.Find("subtask_index") == nullptr) return std::nullopt;
          return schema.has_subtasks ? "a table" : "no table";
        }),
        "D-subtasks", "only some have a table of subtasks", Settlement::kFlag,
        "without it the numbers of `subtask_index` mean nothing",
        {MakeRemedy("drop", "subtask_index")});
  }

  // Of the features that all have.
  void CompareOrder() {
    std::set<std::string> common;
    for (const Feature& feature : comparison_.views.front().schema->features)
      common.insert(feature.name);
    for (const View& view : comparison_.views)
      std::erase_if(common, [&](const std::string& name) { return !view.features.contains(name); });
    Add(By([&](const Schema& schema) {
          std::vector<std::string> names;
          for (const Feature& feature : schema.features) {
            if (common.contains(feature.name)) names.push_back(feature.name);
          }
          return Join(names, ", ");
        }),
        "D-order", "features are in another order", Settlement::kMerge);
  }

  const Comparison& comparison_;
  std::vector<Found>& found_;
};

}  // namespace

void CompareDatasets(const Comparison& comparison, std::vector<Found>& found) {
  if (!comparison.views.empty()) DatasetComparison(comparison, found).Run();
}

}  // namespace robomerge::compare_internal
