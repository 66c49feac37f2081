// How the levels of a recipe and of a command line come together, and where a rule was written.
#include <algorithm>
#include <set>

#include "base/path.h"
#include "base/text.h"
#include "formats/yaml/yaml.h"
#include "model/adaptation.h"
#include "recipe/field_pairs.h"
#include "recipe/where_of.h"
#include "robomerge/recipe.h"

namespace robomerge {
namespace {

void Replace(auto& value, const auto& over) { value = over; }

void Replace(std::vector<std::string>& value, const std::vector<std::string>& over) {
  value.insert(value.end(), over.begin(), over.end());
}

void Replace(std::vector<Rule>& value, const std::vector<Rule>& over) {
  std::erase_if(value, [&](const Rule& rule) {
    return std::any_of(over.begin(), over.end(),
                       [&](const Rule& other) { return other.name == rule.name; });
  });
  value.insert(value.end(), over.begin(), over.end());
}

// What `rule` is called without the feature, task or episode that it is for.
std::string KeyOf(const std::string& rule) { return rule.substr(0, rule.find(": ")); }

// Forgets the lines of rules that do not hold any more.
void ForgetOverruled(RuleLines& lines, const Rules& over) {
  Adaptation::VisitFields(over.adaptation, [&](const char* key, const auto& value) {
    if (!over.given.contains(key)) return;
    if constexpr (std::is_same_v<decltype(value), const std::vector<Rule>&>) {
      for (const Rule& rule : value) lines.erase(WhereOf(key, rule.name));
    } else if constexpr (!std::is_same_v<decltype(value), const std::vector<std::string>&>) {
      lines.erase(key);
    }
  });
}

bool IsSamePlace(const std::string& location, const std::string& source) {
  // A stage names its sources absolutely.
  return location == source || (source.starts_with('/') && !location.starts_with('/') &&
                                source.ends_with(AbsolutePath(location, "/")));
}

}  // namespace

Status CheckRules(const Adaptation& adaptation) { return Normalize(adaptation).status(); }

Result<std::string> RulesText(const Adaptation& adaptation) {
  ROBOMERGE_ASSIGN_OR_RETURN(const Adaptation normal, Normalize(adaptation));
  return AdaptationText(normal);
}

Adaptation Overruled(const Adaptation& base, const Rules& over) {
  Adaptation merged = base;
  const auto visit = [](auto& self, auto&& each) { Adaptation::VisitFields(self, each); };
  ForEachPair(merged, over.adaptation, visit, [&](const char* key, auto& value, const auto& other) {
    if (over.given.contains(key)) Replace(value, other);
  });
  return merged;
}

Status Overrule(Recipe& recipe, const Recipe& flags) {
  if (!recipe.sources.empty() && !flags.sources.empty()) {
    return Problem(Code::kInvalidArgument, "sources stand in the recipe and on the command line")
        .Kind("E-path")
        .At(recipe.path)
        .Expected("sources in one place: this recipe has `sources`")
        .Found(StrCat("`", flags.sources.front().location, "`"))
        .Hint("leave the sources out of the command line, or add them to `sources`");
  }
  if (recipe.sources.empty()) {
    recipe.sources = flags.sources;
    recipe.source_lines.resize(recipe.sources.size());
    for (SourceSpec& source : recipe.sources)
      source.adaptation = Overruled(source.adaptation, recipe.common);
  }
  for (SourceSpec& source : recipe.sources)
    source.adaptation = Overruled(source.adaptation, flags.common);
  ForgetOverruled(recipe.lines, flags.common);
  for (RuleLines& lines : recipe.source_lines) ForgetOverruled(lines, flags.common);

  Recipe both = flags;
  const auto visit = [](auto& self, auto&& each) { Recipe::VisitOptions(self, each); };
  ForEachPair(both, recipe, visit, [&](const char* key, auto& value, const auto& other) {
    if (recipe.given.contains(key) && !flags.given.contains(key)) value = other;
  });
  recipe.options = both.options;
  recipe.verify = both.verify;
  recipe.destination = both.destination;
  return Status();
}

std::optional<std::string> PlaceOf(const Recipe& recipe, size_t source, const std::string& rule) {
  for (const RuleLines* lines : {&recipe.source_lines[source], &recipe.lines}) {
    if (const auto found = lines->find(rule); found != lines->end())
      return yaml::Place(recipe.path, found->second);
  }
  return std::nullopt;
}

Status WithPlaces(const Status& status, const std::vector<SourceSpec>& sources,
                  const PlaceOfRule& place_of) {
  if (status.ok()) return status;
  std::vector<Problem> problems = status.problems();
  for (Problem& problem : problems) {
    if (problem.kind != "E-rule") continue;
    std::optional<std::string> place;
    for (size_t source = 0; source < sources.size() && !place; ++source) {
      if (!problem.source.empty() && !IsSamePlace(sources[source].location, problem.source))
        continue;
      place = place_of(source, problem.where);
      // Of a rule for one thing, "episodes: 12" says what is wrong with it.
      if (!place) place = place_of(source, KeyOf(problem.where));
    }
    if (place) problem.where = *place + ": " + problem.where;
  }
  // A rule that cannot be is wrong once, for however many sources it stands.
  std::set<std::string> known;
  std::erase_if(problems, [&](const Problem& problem) {
    return problem.kind == "E-rule" && problem.code == Code::kInvalidArgument &&
           !known
                .insert(Join({problem.where, problem.what, problem.found,
                              Join(problem.context, "\n")},  // of which source, if that matters
                             "\n"))
                .second;
  });
  return Status::Many(std::move(problems));
}

Status WithLines(const Status& status, const Recipe& recipe) {
  return WithPlaces(status, recipe.sources, [&](size_t source, const std::string& rule) {
    return PlaceOf(recipe, source, rule);
  });
}

}  // namespace robomerge
