#include <set>

#include "base/text.h"
#include "plan/agreed_schema.h"
#include "plan/plan.h"

namespace robomerge {
namespace plan_internal {
namespace {

class Comparison {
 public:
  Comparison(const AgreedSchema& agreed, const SchemaClass& other)
      : agreed_(agreed), first_(agreed.first()), other_(other) {}

  std::vector<Problem> Run() {
    const Schema& a = *first_.schema;
    const Schema& b = *other_.schema;
    if (a.fps.get<double>() != b.fps.get<double>())
      Add("E-fps", "sources differ in fps", "fps", a.fps, b.fps,
          "merge them apart: frames of different rates cannot share a dataset");
    if (!IsSameRobot(a.robot_type, b.robot_type)) {
      Add("E-robot-type", "sources differ in robot_type", "robot_type", a.robot_type, b.robot_type,
          "if they are the same robot, write the same robot_type into both info.json");
    }
    // Numbers without a table would come to mean texts.
    const bool both_number = a.Find(kSubtaskIndex) != nullptr && b.Find(kSubtaskIndex) != nullptr;
    if (both_number && a.has_subtasks != b.has_subtasks) {
      const auto table = [](const Schema& schema) {
        return schema.has_subtasks ? "a table, meta/subtasks.parquet" : "no meta/subtasks.parquet";
      };
      problems_.push_back(
          Start("only some sources have a table of subtasks", "E-subtasks", "features")
              .Expected(StrCat(table(a), "   as ", first_.first_root))
              .Found(table(b))
              .Hint("write the table of subtasks, or leave the column out: --drop subtask_index"));
    }
    for (const Feature& feature : a.features) {
      const Feature* counterpart = b.Find(feature.name);
      if (counterpart == nullptr) {
        problems_.push_back(
            Start(StrCat("feature `", feature.name, "` is missing"), "E-features",
                  StrCat("features[\"", feature.name, "\"]"))
                .Expected(StrCat("dtype ", feature.dtype(), "   from ", Place(first_, "features")))
                .Found("no such feature"));
      } else {
        CompareFeatures(feature, *counterpart);
      }
    }
    for (const Feature& feature : b.features) {
      if (a.Find(feature.name) != nullptr) continue;
      problems_.push_back(
          Start(StrCat("feature `", feature.name, "` is in this source only"), "E-features",
                StrCat("features[\"", feature.name, "\"]"))
              .Expected(StrCat("no such feature   from ", Place(first_, "features")))
              .Found(StrCat("dtype ", feature.dtype())));
    }
    return std::move(problems_);
  }

 private:
  static std::string Place(const SchemaClass& schema, const std::string& pointer) {
    return StrCat(schema.first_root, "/meta/info.json: ", pointer);
  }

  Problem Start(std::string what, std::string kind, const std::string& pointer) const {
    if (other_.num_sources > 1)
      what += StrCat(" (so do ", other_.num_sources - 1, " more sources like this one)");
    return Problem(Code::kIncompatible, std::move(what))
        .Kind(std::move(kind))
        .Source(other_.first_root)
        .At(Place(other_, pointer));
  }

  void Add(std::string kind, std::string what, const std::string& pointer, const Json& expected,
           const Json& found, std::string hint = "", const SchemaClass* from = nullptr) {
    const SchemaClass& states = from == nullptr ? first_ : *from;
    problems_.push_back(Start(std::move(what), std::move(kind), pointer)
                            .Expected(StrCat(Short(expected), "   from ", Place(states, pointer)))
                            .Found(Short(found))
                            .Hint(std::move(hint)));
  }

  // Names are compared on their own: whoever states none has those of the others, and a plain list
  // has the groups of whoever tells them.
  void CompareFeatures(const Feature& feature, const Feature& counterpart) {
    const std::string pointer = StrCat("features[\"", feature.name, "\"]");
    Json a = ComparableEntry(feature), b = ComparableEntry(counterpart);
    const SchemaClass* const stating = agreed_.NamesFrom(feature.name);
    for (const SchemaClass* from : {stating, agreed_.GroupsFrom(feature.name)}) {
      const Feature& named = from == nullptr ? feature : *from->schema->Find(feature.name);
      const Json own = named.entry.value("names", Json()),
                 theirs = counterpart.entry.value("names", Json());
      if (feature.is_camera() || own.is_null() || theirs.is_null() || AreNamesAlike(own, theirs))
        continue;
      Add("E-features", StrCat("feature `", feature.name, "` differs in names"), pointer + ".names",
          FlatNames(own), FlatNames(theirs), "", from);
      break;
    }
    a["names"] = b["names"];
    CompareEntries(feature.name, a, b, pointer);
  }

  // Descends to the keys that differ, so that the user need not compare two whole entries.
  void CompareEntries(const std::string& feature, const Json& a, const Json& b,
                      const std::string& pointer) {
    if (a == b) return;
    if (!a.is_object() || !b.is_object()) {
      const std::string key = pointer.substr(pointer.rfind('.') + 1);
      Add("E-features", StrCat("feature `", feature, "` differs in ", key), pointer, a, b);
      return;
    }
    std::set<std::string> keys;
    for (const auto& [key, value] : a.items()) keys.insert(key);
    for (const auto& [key, value] : b.items()) keys.insert(key);
    for (const std::string& key : keys) {
      // Keys of `info` may hold dots, so the key is passed besides the pointer.
      CompareValue(feature, key, a.contains(key) ? a.at(key) : Json(),
                   b.contains(key) ? b.at(key) : Json(), pointer);
    }
  }

  void CompareValue(const std::string& feature, const std::string& key, const Json& a,
                    const Json& b, const std::string& pointer) {
    if (a == b) return;
    if (key == "info" && a.is_object() && b.is_object())
      return CompareEntries(feature, a, b, pointer + ".info");
    const std::string inner = key.find('.') == std::string::npos
                                  ? StrCat(pointer, ".", key)
                                  : StrCat(pointer, "[\"", key, "\"]");
    Add("E-features", StrCat("feature `", feature, "` differs in ", key), inner, a, b,
        key == "depth_unit" ? DepthHint(a, b) : "");
  }

  // Older datasets do not say the unit. It shows in no file, so only the user can know it.
  std::string DepthHint(const Json& a, const Json& b) const {
    if (a.is_null() == b.is_null()) return "";
    return StrCat("depth recorded as integers is in mm, as floats in m: if it is ",
                  json::DumpLine(a.is_null() ? b : a), " in both, write this `depth_unit` into ",
                  Place(a.is_null() ? first_ : other_, "features"), " too");
  }

  static std::string Short(const Json& value) {
    std::string text = json::DumpLine(value);
    if (text.size() > 160) text = text.substr(0, 157) + "...";
    return text;
  }

  const AgreedSchema& agreed_;
  const SchemaClass& first_;
  const SchemaClass& other_;
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> AgreedSchema::Disagreements(const SchemaClass& other) const {
  return Comparison(*this, other).Run();
}

}  // namespace plan_internal

std::vector<Problem> Disagreements(const std::vector<SchemaClass>& schemas) {
  std::vector<Problem> problems;
  if (schemas.empty()) return problems;
  plan_internal::AgreedSchema agreed(schemas.front());
  for (size_t at = 1; at < schemas.size(); ++at) {
    std::vector<Problem> of_pair = agreed.Disagreements(schemas[at]);
    problems.insert(problems.end(), std::make_move_iterator(of_pair.begin()),
                    std::make_move_iterator(of_pair.end()));
    agreed.TakeNames(schemas[at]);
  }
  return problems;
}

}  // namespace robomerge
