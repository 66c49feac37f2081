// What a merge holds its sources against, and what it settles by itself (docs/compare.md).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/partial.h"

namespace robomerge::plan_internal {

/// The first source's schema, and the names of elements that it does not state but a later one
/// does. The classes must outlive it.
class AgreedSchema {
 public:
  explicit AgreedSchema(const SchemaClass& first) : first_(&first) {}

  /// How `other` differs so that the two cannot be merged. Names that either does not state, and
  /// the case of robot_type, are no difference.
  std::vector<Problem> Disagreements(const SchemaClass& other) const;

  /// Takes over the names that only `other` states, of features that have the same shape, and the
  /// groups of names.
  void TakeNames(const SchemaClass& other);

  /// Of a feature of the first source: who is the first to state its names. Null if the first
  /// source does, or nobody.
  const SchemaClass* NamesFrom(const std::string& feature) const;

  /// Who is the first to tell in groups what elements the plain list of names means that the
  /// feature has so far. Null if nobody does.
  const SchemaClass* GroupsFrom(const std::string& feature) const;

  const SchemaClass& first() const { return *first_; }

 private:
  const SchemaClass* first_;
  std::map<std::string, const SchemaClass*> names_from_, groups_from_;  // by feature
};

/// The agreement of schemas without disagreements.
AgreedSchema AgreementOf(const std::vector<SchemaClass>& schemas);

/// Warns of what differs and is settled: names of elements, and the case of robot_type.
void WarnOfSettled(const std::vector<SchemaClass>& schemas, std::vector<Problem>& warnings);

}  // namespace robomerge::plan_internal
