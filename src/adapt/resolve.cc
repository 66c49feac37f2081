#include "adapt/resolve.h"

#include <algorithm>
#include <map>
#include <set>

#include "adapt/adapt_internal.h"
#include "base/text.h"
#include "model/adaptation.h"
#include "model/task_form.h"

namespace robomerge {
namespace {

using adapt_internal::RuleProblem;

bool IsDefault(std::string_view name) {
  return std::find(std::begin(kDefaultFeatures), std::end(kDefaultFeatures), name) !=
         std::end(kDefaultFeatures);
}

class Resolving {
 public:
  Resolving(std::vector<SourceSpec> sources, const std::vector<std::optional<RuleFacts>>& facts,
            bool may_lack_facts)
      : sources_(std::move(sources)), facts_(facts), may_lack_facts_(may_lack_facts) {}

  Result<std::vector<SourceSpec>> Run() {
    for (const std::optional<RuleFacts>& one : facts_)
      all_are_read_ = all_are_read_ && (one || may_lack_facts_);
    ROBOMERGE_RETURN_NOT_OK(RenameAndDrop());
    KeepCommon();
    for (size_t source = 0; source < sources_.size(); ++source) {
      if (!facts_[source]) continue;
      TakeEntries(source);
      CheckMatches(source);
    }
    CheckWords();
    NormalizeTasks();
    if (all_are_read_) ReportUnmatched();
    if (!problems_.empty()) return Status::Many(std::move(problems_));
    return std::move(sources_);
  }

 private:
  // The schemas with their new names.
  Status RenameAndDrop() {
    std::vector<Problem> problems;
    for (size_t source = 0; source < sources_.size(); ++source) {
      schemas_.emplace_back();
      if (!facts_[source]) continue;
      Schema schema = facts_[source]->schema;
      Adaptation rules;
      rules.rename = sources_[source].adaptation.rename;
      rules.drop = sources_[source].adaptation.drop;
      const Status status = AdaptSchema(rules, sources_[source].location, schema);
      if (status.ok()) {
        schemas_.back() = std::move(schema);
        continue;
      }
      problems.insert(problems.end(), status.problems().begin(), status.problems().end());
    }
    return problems.empty() ? Status() : Status::Many(std::move(problems));
  }

  void KeepCommon() {
    std::map<std::string, size_t> num_sources;
    size_t num_read = 0;
    for (const std::optional<Schema>& schema : schemas_) {
      if (!schema) continue;
      ++num_read;
      for (const Feature& feature : schema->features) ++num_sources[feature.name];
    }
    for (size_t source = 0; source < sources_.size(); ++source) {
      Adaptation& rules = sources_[source].adaptation;
      if (!rules.keep_common || !schemas_[source]) continue;
      std::set<std::string> filled;
      for (const Rule& rule : rules.fill) filled.insert(rule.name);
      for (const Feature& feature : schemas_[source]->features) {
        if (num_sources[feature.name] == num_read || filled.contains(feature.name)) continue;
        if (!IsDefault(feature.name)) rules.drop.push_back(PatternOf(feature.name));
      }
      std::sort(rules.drop.begin(), rules.drop.end());
      rules.drop.erase(std::unique(rules.drop.begin(), rules.drop.end()), rules.drop.end());
      std::erase_if(schemas_[source]->features, [&](const Feature& feature) {
        return std::binary_search(rules.drop.begin(), rules.drop.end(), PatternOf(feature.name));
      });
    }
  }

  const Feature* FirstWith(const std::string& name) const {
    for (const std::optional<Schema>& schema : schemas_) {
      const Feature* feature = schema ? schema->Find(name) : nullptr;
      if (feature != nullptr) return feature;
    }
    return nullptr;
  }

  // A source's feature as it will be in the result, apart from its type and its names.
  Feature Padded(size_t source, const Feature& feature) const {
    Schema schema;
    schema.features = {feature};
    Adaptation rules;
    rules.pad = sources_[source].adaptation.pad;
    // A pad that cannot be is refused when the source is read.
    if (!AdaptSchema(rules, sources_[source].location, schema).ok()) return feature;
    return schema.features.front();
  }

  // That of the first source that names the elements, else of the first one that has it.
  std::optional<Feature> FirstNamed(const std::string& name) const {
    std::optional<Feature> first;
    for (size_t source = 0; source < schemas_.size(); ++source) {
      const Feature* feature = schemas_[source] ? schemas_[source]->Find(name) : nullptr;
      if (feature == nullptr) continue;
      const bool has_names = !ElementNames(feature->entry).empty();
      if (has_names || !first) first = Padded(source, *feature);
      if (has_names) break;
    }
    return first;
  }

  void TakeEntries(size_t source) {
    Adaptation& rules = sources_[source].adaptation;
    for (const Rule& rule : rules.fill) {
      const Feature* first = FirstWith(rule.name);
      if (schemas_[source]->Find(rule.name) == nullptr && first != nullptr)
        rules.entry.push_back({rule.name, json::DumpLine(first->entry)});
    }
    for (const std::string& camera : rules.allow_mixed_size) {
      const Feature* own = schemas_[source]->Find(camera);
      if (own == nullptr || !own->is_camera()) continue;
      const Feature* first = FirstWith(camera);
      if (first->is_camera() && first->shape() != own->shape())
        rules.entry.push_back({camera, json::DumpLine(first->entry)});
    }
    if (!rules.reorder_by_name && !rules.names_from_first) return;
    for (const Feature& feature : schemas_[source]->features) {
      if (feature.is_camera() || IsDefault(feature.name)) continue;
      const std::optional<Feature> first = FirstNamed(feature.name);
      if (!first || !first->entry.contains("names")) continue;
      if (first->entry.at("names") != feature.entry.value("names", Json()))
        rules.entry.push_back({feature.name, json::DumpLine(first->entry)});
    }
  }

  // Sources may have other words than the first for the same elements. But where two of them have
  // the same words in different places, one name would come to mean both.
  void CheckWords() {
    struct Words {
      size_t source;
      std::vector<std::string> names;
    };
    std::map<std::string, std::vector<Words>> words;  // by feature: those that are replaced
    for (size_t source = 0; source < sources_.size(); ++source) {
      const Adaptation& rules = sources_[source].adaptation;
      if (!schemas_[source] || !rules.names_from_first) continue;
      for (const Rule& entry : rules.entry) {
        const Feature* feature = schemas_[source]->Find(entry.name);
        const Result<Json> first = json::Parse(entry.value, "");
        if (feature == nullptr || !first.ok()) continue;
        std::vector<std::string> names = ElementNames(Padded(source, *feature).entry);
        const std::vector<std::string> wanted = ElementNames(*first);
        const bool is_moved =
            rules.reorder_by_name &&
            std::is_permutation(names.begin(), names.end(), wanted.begin(), wanted.end());
        std::vector<Words>& of_feature = words[entry.name];
        if (is_moved || names == wanted || names.empty() ||
            std::ranges::find(of_feature, names, &Words::names) != of_feature.end())
          continue;
        for (const Words& other : of_feature) {
          const std::string moved = MovedName(names, other.names);
          if (moved.empty()) continue;
          problems_.push_back(
              RuleProblem(sources_[source].location, "names_from_first", "",
                          StrCat("elements of `", entry.name, "` have one name in different ",
                                 "places, so that both would be called the same: `", moved, "`"))
                  .Expected(
                      StrCat(Join(other.names, ", "), "   as in ", sources_[other.source].location))
                  .Found(StrCat(Join(names, ", "), "   in ", sources_[source].location))
                  .Hint("leave the feature out, or write the names of one of them anew"));
          break;
        }
        of_feature.push_back({source, std::move(names)});
      }
    }
  }

  // A rule of one source, or of many: what is common is one rule.
  void Note(const char* rule, const std::string& name, size_t source, bool matches) {
    const auto [entry, is_new] =
        matches_.try_emplace(std::pair(std::string(rule), name), Match{source, false});
    entry->second.is_matched = entry->second.is_matched || matches;
    ++entry->second.num_sources;
    if (is_new) order_.push_back(&*entry);
  }

  void CheckMatches(size_t source) {
    const Adaptation& rules = sources_[source].adaptation;
    const Schema &own = facts_[source]->schema, &renamed = *schemas_[source];
    const std::vector<std::string>& tasks = facts_[source]->tasks;
    for (const Rule& rule : rules.rename)
      Note("rename", rule.name, source, own.Find(rule.name) != nullptr);
    for (const std::string& pattern : rules.drop) {
      const auto is_dropped = [&](const Feature& feature) {
        return !IsDefault(feature.name) && MatchesPattern(pattern, NewName(rules, feature.name));
      };
      Note("drop", pattern, source,
           std::any_of(own.features.begin(), own.features.end(), is_dropped));
    }
    for (const Rule& rule : rules.fill) {
      Note("fill", rule.name, source,
           renamed.Find(rule.name) == nullptr && FirstWith(rule.name) != nullptr);
    }
    for (const Rule& rule : rules.cast) {
      const Feature* feature = renamed.Find(rule.name);
      Note("cast", rule.name, source, feature != nullptr && feature->dtype() != rule.value);
    }
    for (const Rule& rule : rules.pad) {
      const Feature* feature = renamed.Find(rule.name);
      Note("pad", rule.name, source,
           feature != nullptr && feature->shape() != std::vector<int64_t>{std::stoll(rule.value)});
    }
    for (const std::string& camera : rules.allow_mixed_size) {
      const Feature* feature = renamed.Find(camera);
      Note("allow_mixed_size", camera, source, feature != nullptr && feature->is_camera());
    }
    for (const std::string& text : rules.where) {
      const Result<Condition> condition = ParseCondition(text);
      Note("where", text, source, condition.ok() && own.Find(condition->column) != nullptr);
    }
    const auto has_task = [&](const std::string& wish) {
      return std::any_of(tasks.begin(), tasks.end(),
                         [&](const std::string& task) { return IsTaskMeant(wish, task); });
    };
    for (const std::string& wish : rules.select_task)
      Note("select_task", wish, source, has_task(wish));
    for (const std::string& wish : rules.exclude_task)
      Note("exclude_task", wish, source, has_task(wish));
    const std::vector<std::string> changed = TasksToReplace(source);
    for (const Rule& rule : rules.replace_task) {
      Note("replace_task", rule.name, source,
           std::find(changed.begin(), changed.end(), rule.name) != changed.end());
    }
  }

  // As `set_task` leaves them.
  std::vector<std::string> TasksToReplace(size_t source) const {
    const Adaptation& rules = sources_[source].adaptation;
    if (rules.set_task) return {*rules.set_task};
    return facts_[source]->tasks;
  }

  static const std::string& NewName(const Adaptation& rules, const std::string& name) {
    for (const Rule& rule : rules.rename) {
      if (rule.name == name) return rule.value;
    }
    return name;
  }

  static bool IsSelected(const Adaptation& rules, const std::string& task) {
    const auto is_meant = [&](const std::string& wish) { return IsTaskMeant(wish, task); };
    return (rules.select_task.empty() ||
            std::any_of(rules.select_task.begin(), rules.select_task.end(), is_meant)) &&
           std::none_of(rules.exclude_task.begin(), rules.exclude_task.end(), is_meant);
  }

  // The first spelling stays; that of a task which no source selects comes after all others.
  void NormalizeTasks() {
    std::map<std::string, std::string> spelling;  // by form
    for (const bool selected : {true, false}) {
      for (size_t source = 0; source < sources_.size(); ++source) {
        if (!facts_[source]) continue;
        Adaptation& rules = sources_[source].adaptation;
        for (const std::string& own : facts_[source]->tasks) {
          if (IsSelected(rules, own) != selected) continue;
          const std::string task = Replaced(rules, own);
          spelling.try_emplace(TaskForm(task), task);
        }
      }
    }
    for (size_t source = 0; source < sources_.size(); ++source) {
      Adaptation& rules = sources_[source].adaptation;
      if (!facts_[source] || !rules.normalize_tasks) continue;
      for (const std::string& own : facts_[source]->tasks) {
        const std::string& text = rules.set_task ? *rules.set_task : own;
        const std::string& first = spelling.at(TaskForm(Replaced(rules, own)));
        // Texts are replaced once, so a rule that makes another spelling makes this one instead.
        const auto rule = std::find_if(rules.replace_task.begin(), rules.replace_task.end(),
                                       [&](const Rule& one) { return one.name == text; });
        if (rule != rules.replace_task.end())
          rule->value = first;
        else if (first != text)
          rules.replace_task.push_back({text, first});
      }
    }
  }

  static std::string Replaced(const Adaptation& rules, const std::string& task) {
    std::string text = rules.set_task.value_or(task);
    for (const Rule& rule : rules.replace_task) {
      if (rule.name == text) return rule.value;
    }
    return text;
  }

  void ReportUnmatched() {
    for (const auto* entry : order_) {
      const auto& [rule, name] = entry->first;
      if (entry->second.is_matched) continue;
      const size_t source = entry->second.first_source;
      std::string expected = ExpectedOf(rule, source);
      const bool may_be_done = rule == "fill" || rule == "cast" || rule == "pad";
      const bool is_done = may_be_done && FirstWith(name) != nullptr;
      const uint64_t num_sources = entry->second.num_sources;
      Problem problem =
          RuleProblem(sources_[source].location, rule, name,
                      is_done                ? "rule changes nothing: every source is already so"
                      : sources_.size() == 1 ? "rule matches nothing in the dataset"
                      : num_sources == 1     ? "rule matches nothing in its source"
                      : num_sources < sources_.size()
                          ? StrCat("rule matches nothing in any of its ", num_sources, " sources")
                          : "rule matches nothing in any source")
              .Expected(is_done ? "" : std::move(expected))
              .Found(is_done ? "" : "`" + name + "`")
              .Hint(is_done ? "leave the rule out"
                            : "check how it is written: robomerge inspect shows names and tasks");
      if (num_sources > 1) problem.context.clear();  // it is not about the first one alone
      problems_.push_back(std::move(problem));
    }
  }

  // What a rule of the source could name.
  std::string ExpectedOf(const std::string& rule, size_t source) const {
    if (rule.ends_with("_task")) {
      std::vector<std::string> tasks =
          rule == "replace_task" ? TasksToReplace(source) : facts_[source]->tasks;
      constexpr size_t kMostNamed = 5;
      if (tasks.empty()) return "a task; the source has none";
      const bool is_set = rule == "replace_task" && sources_[source].adaptation.set_task;
      tasks.resize(std::min(tasks.size(), kMostNamed));
      return StrCat(
          is_set ? "the task that `set_task` sets before: `" : "a task of a source, such as `",
          Join(tasks, "`, `"), "`");
    }
    Schema schema =
        rule == "rename" || rule == "where" ? facts_[source]->schema : *schemas_[source];
    std::erase_if(schema.features, [&](const Feature& feature) {
      return rule == "allow_mixed_size" ? !feature.is_camera()
                                        : rule != "where" && IsDefault(feature.name);
    });
    if (schema.features.empty() && rule == "allow_mixed_size")
      return "a camera; the source has none";
    return adapt_internal::FeatureNames(schema);
  }

  std::vector<SourceSpec> sources_;
  const std::vector<std::optional<RuleFacts>>& facts_;
  std::vector<std::optional<Schema>> schemas_;  // after `rename`, `drop` and `keep_common`
  const bool may_lack_facts_;
  bool all_are_read_ = true;
  struct Match {
    size_t first_source;
    bool is_matched;
    uint64_t num_sources = 0;  // that have the rule
  };
  std::map<std::pair<std::string, std::string>, Match> matches_;
  std::vector<const std::pair<const std::pair<std::string, std::string>, Match>*> order_;
  std::vector<Problem> problems_;
};

}  // namespace

bool NeedsTasks(const Adaptation& adaptation) {
  return adaptation.normalize_tasks || !adaptation.select_task.empty() ||
         !adaptation.exclude_task.empty() || !adaptation.replace_task.empty();
}

Result<std::vector<SourceSpec>> ResolveRules(std::vector<SourceSpec> sources,
                                             const std::vector<std::optional<RuleFacts>>& facts,
                                             bool may_lack_facts) {
  return Resolving(std::move(sources), facts, may_lack_facts).Run();
}

}  // namespace robomerge
