#include "recipe_to_python.h"

#include <charconv>

#include "to_python.h"

namespace robomerge::python {
namespace {

namespace nb = nanobind;

nb::object NumberToPython(const std::string& digits) {
  uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return nb::cast(number);
}

nb::object RuleToPython(std::string_view /*rule*/, const auto& value) { return ToPython(value); }

nb::object RuleToPython(std::string_view rule, const std::vector<Rule>& rules) {
  nb::dict dict;
  for (const Rule& each : rules) {
    const nb::object name = rule == "trim" ? NumberToPython(each.name) : ToPython(each.name);
    dict[name] = rule == "pad" ? NumberToPython(each.value) : ToPython(each.value);
  }
  return dict;
}

nb::dict RulesToPython(const Adaptation& rules) {
  nb::dict all, unstated, stated;
  const auto to = [](nb::dict& dict) {
    return [&dict](const char* name, const auto& value) { dict[name] = RuleToPython(name, value); };
  };
  Adaptation::VisitFields(rules, to(all));
  const Adaptation none;
  Adaptation::VisitFields(none, to(unstated));
  for (const auto [name, value] : all)
    if (!value.equal(unstated[name])) stated[name] = value;
  return stated;
}

nb::dict LinesToPython(const RuleLines& lines) {
  nb::dict dict;
  for (const auto& [rule, line] : lines) dict[TextToPython(rule)] = nb::cast(line);
  return dict;
}

}  // namespace

nb::dict RecipeToPython(const Recipe& recipe) {
  nb::dict options;
  Recipe::VisitOptions(recipe, [&](const std::string& key, const auto& value) {
    if (!recipe.given.contains(key) || key == "output") return;
    const bool is_path = key == "tmp_root" || key == "skipped";
    options[!is_path           ? key.c_str()
            : key == "skipped" ? "skipped_path"
                               : "staging_root"] = ToPython(value);
  });
  nb::list sources;
  for (size_t at = 0; at < recipe.sources.size(); ++at) {
    const SourceSpec& source = recipe.sources[at];
    nb::dict fields;
    fields["path"] = ToPython(source.location);
    fields["name"] = source.name.empty() ? nb::none() : ToPython(source.name);
    fields["rules"] = RulesToPython(source.adaptation);
    fields["lines"] = LinesToPython(recipe.source_lines[at]);
    sources.append(fields);
  }
  nb::dict fields;
  fields["path"] = ToPython(recipe.path);
  fields["destination"] = recipe.destination.empty() ? nb::none() : ToPython(recipe.destination);
  fields["options"] = options;
  fields["rules"] = RulesToPython(recipe.common.adaptation);
  fields["lines"] = LinesToPython(recipe.lines);
  fields["sources"] = sources;
  return fields;
}

}  // namespace robomerge::python
