// Python arguments as values of include/robomerge.
#pragma once

#include <nanobind/nanobind.h>

#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "robomerge/fields.h"
#include "robomerge/source.h"
#include "robomerge/status.h"

namespace robomerge::python {

/// Reads the arguments of one call. Throws a TypeError that names an argument of a wrong type.
/// Values that an option cannot hold, and texts that cannot be a path, go to problems().
class Arguments {
 public:
  std::string Path(const std::string& name, nanobind::handle given);
  std::vector<std::string> Paths(const std::string& name, nanobind::handle given);
  /// Each is a path, or a robomerge.Source, which has a `path`, a `name` and the fields of an
  /// Adaptation.
  std::vector<SourceSpec> Sources(const std::string& name, nanobind::handle given);
  /// Where the recipe that a source came from states a rule. REQUIRES: Sources() was called.
  std::optional<std::string> PlaceOf(size_t source, const std::string& rule) const;
  bool Flag(const char* name, nanobind::handle given);

  /// Sets every field of `options` that is in `given`. For numbers and paths, None keeps the
  /// default.
  void Take(const nanobind::dict& given, HasFields auto& options) {
    size_t num_known = 0;
    options.VisitFields(options, [&](const char* name, auto& value) {
      if (!given.contains(name)) return;
      TakeValue(name, given[name], value);
      ++num_known;
    });
    if (num_known != given.size()) throw nanobind::type_error("an option has no known name");
  }

  const std::vector<Problem>& problems() const { return problems_; }

 private:
  static nanobind::list Several(const std::string& name, nanobind::handle given,
                                const char* expected = "several paths");
  std::string Text(const std::string& name, nanobind::handle given);
  // Fields of an Adaptation. None keeps what is there.
  void TakeRules(const std::string& place, nanobind::handle given, Adaptation& rules);
  void TakeRule(const std::string& name, nanobind::handle given, bool& value) {
    value = Flag(name.c_str(), given);
  }
  void TakeRule(const std::string& name, nanobind::handle given, uint64_t& value);
  void TakeRule(const std::string& name, nanobind::handle given, std::string& episodes);
  void TakeRule(const std::string& name, nanobind::handle given, std::vector<std::string>& texts);
  void TakeRule(const std::string& name, nanobind::handle given, std::vector<Rule>& rules);
  void TakeRule(const std::string& name, nanobind::handle given, std::optional<std::string>& text) {
    text = Text(name, given);
  }
  void TakeRule(const std::string& name, nanobind::handle given, std::optional<uint64_t>& number) {
    TakeRule(name, given, number.emplace());
  }
  std::string Number(const std::string& name, nanobind::handle given);
  std::string RuleValue(const std::string& rule, const std::string& name, nanobind::handle given);
  void TakeValue(const char* name, nanobind::handle given, bool& value) {
    value = Flag(name, given);
  }
  void TakeValue(const char* name, nanobind::handle given, double& value);
  void TakeValue(const char* name, nanobind::handle given, std::string& path) {
    if (!given.is_none()) path = Path(name, given);
  }
  void TakeValue(const char* name, nanobind::handle given, std::integral auto& value) {
    if (given.is_none()) return;
    const std::optional<int64_t> number = WholeNumber(name, given);
    if (number && std::in_range<std::remove_reference_t<decltype(value)>>(*number))
      value = static_cast<std::remove_reference_t<decltype(value)>>(*number);
    else
      Refuse(name, "a whole number of at most " + std::to_string(8 * sizeof(value)) + " bits",
             given);
  }
  void TakeValue(const char* name, nanobind::handle given, std::vector<std::string>& texts) {
    if (!given.is_none()) TakeRule(name, given, texts);
  }
  void TakeValue(const char* /*name*/, nanobind::handle given, HasFields auto& fields) {
    Take(nanobind::cast<nanobind::dict>(given), fields);
  }
  template <HasFields Fields>
  void TakeValue(const char* /*name*/, nanobind::handle given, std::vector<Fields>& all) {
    if (given.is_none()) return;
    for (const nanobind::handle each : given)
      Take(nanobind::cast<nanobind::dict>(each), all.emplace_back());
  }
  template <HasNames Enum>
  void TakeValue(const char* name, nanobind::handle given, Enum& value) {
    if (const auto index = IndexOfName(name, given, NamesOf(value)))
      value = static_cast<Enum>(*index);
  }

  std::optional<int64_t> WholeNumber(const char* name, nanobind::handle given);
  std::optional<size_t> IndexOfName(const char* name, nanobind::handle given,
                                    std::span<const std::string_view> names);
  void Refuse(const std::string& name, std::string expected, nanobind::handle given,
              const char* kind = "E-options");

  nanobind::list sources_;
  std::vector<Problem> problems_;
};

/// Makes a problem of the fields that ToPython() made of it.
Problem ProblemFromPython(const nanobind::dict& fields);

}  // namespace robomerge::python
