#include "plan/agreed_schema.h"

#include <algorithm>

#include "base/text.h"

namespace robomerge::plan_internal {
namespace {

// What pictures and the features that every dataset has are called by, decides nothing.
bool HasElements(const Feature& feature) {
  return !feature.is_camera() && std::find(std::begin(kDefaultFeatures), std::end(kDefaultFeatures),
                                           feature.name) == std::end(kDefaultFeatures);
}

Json NamesIn(const SchemaClass& schema, const std::string& feature) {
  return schema.schema->Find(feature)->entry.value("names", Json());
}

// One kind of settled difference in names: which features, and the first source that has it.
struct NamesSettled {
  std::vector<std::string> features;
  const SchemaClass* other = nullptr;
  Json expected, found;

  void Take(const std::string& feature, const SchemaClass& schema, const Json& names,
            const Json& others) {
    if (features.empty()) {
      other = &schema;
      expected = names;
      found = others;
    }
    if (features.empty() || features.back() != feature) features.push_back(feature);
  }

  void Warn(std::string_view what, std::vector<Problem>& warnings) const {
    if (features.empty()) return;
    warnings.push_back(Problem(Code::kIncompatible, StrCat(what, ": ", Join(features, ", ")))
                           .Kind("W-names")
                           .Source(other->first_root)
                           .At(StrCat(other->first_root, "/meta/info.json: features[\"",
                                      features.front(), "\"].names"))
                           .Expected(json::DumpLine(expected).substr(0, 160))
                           .Found(json::DumpLine(found).substr(0, 160)));
  }
};

void WarnOfNames(const std::vector<SchemaClass>& schemas, std::vector<Problem>& warnings) {
  const AgreedSchema agreed = AgreementOf(schemas);
  NamesSettled other_forms, missing;
  for (const Feature& feature : schemas.front().schema->features) {
    const bool has_elements = HasElements(feature);
    if (!has_elements && !feature.is_camera()) continue;
    const SchemaClass* const from = agreed.NamesFrom(feature.name);
    const Json names = NamesIn(from == nullptr ? schemas.front() : *from, feature.name);
    for (const SchemaClass& other : schemas) {
      const Json others = NamesIn(other, feature.name);
      if (others == names) continue;
      NamesSettled& settled = has_elements && others.is_null() ? missing : other_forms;
      settled.Take(feature.name, other, names, others);
    }
  }
  other_forms.Warn(
      "sources write the names of the same elements in other forms; those of the first source are "
      "kept",
      warnings);
  missing.Warn(
      "some sources do not name the elements; the names of the first source that does are kept",
      warnings);
}

}  // namespace

void AgreedSchema::TakeNames(const SchemaClass& other) {
  for (const Feature& feature : first_->schema->features) {
    const Feature* const counterpart = other.schema->Find(feature.name);
    if (counterpart == nullptr || !HasElements(feature) || feature.shape() != counterpart->shape())
      continue;
    const Json names = counterpart->entry.value("names", Json());
    if (names.is_null()) continue;
    if (feature.entry.value("names", Json()).is_null()) names_from_.emplace(feature.name, &other);
    if (FlatNames(names) != PlainNames(names)) groups_from_.emplace(feature.name, &other);
  }
}

const SchemaClass* AgreedSchema::NamesFrom(const std::string& feature) const {
  const auto place = names_from_.find(feature);
  return place == names_from_.end() ? nullptr : place->second;
}

const SchemaClass* AgreedSchema::GroupsFrom(const std::string& feature) const {
  const auto place = groups_from_.find(feature);
  return place == groups_from_.end() ? nullptr : place->second;
}

AgreedSchema AgreementOf(const std::vector<SchemaClass>& schemas) {
  AgreedSchema agreed(schemas.front());
  for (const SchemaClass& schema : schemas) agreed.TakeNames(schema);
  return agreed;
}

void WarnOfSettled(const std::vector<SchemaClass>& schemas, std::vector<Problem>& warnings) {
  WarnOfNames(schemas, warnings);
  const Json& robot = schemas.front().schema->robot_type;
  const auto other = std::ranges::find_if(
      schemas, [&](const SchemaClass& one) { return one.schema->robot_type != robot; });
  if (other == schemas.end()) return;
  warnings.push_back(
      Problem(Code::kIncompatible,
              "sources write robot_type in other case; that of the first source is kept")
          .Kind("W-robot-type")
          .Source(other->first_root)
          .At(StrCat(other->first_root, "/meta/info.json: robot_type"))
          .Expected(json::DumpLine(robot))
          .Found(json::DumpLine(other->schema->robot_type)));
}

}  // namespace robomerge::plan_internal
