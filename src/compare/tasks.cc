// Texts of tasks that differ in case, blanks or punctuation only.
#include <algorithm>

#include "base/fold_case.h"
#include "base/text.h"
#include "compare/finding.h"
#include "model/task_form.h"

namespace robomerge::compare_internal {
namespace {

// Of ASCII, whatever the locale.
bool IsPunctuation(char c) {
  return c > ' ' && c < 0x7f && !(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') &&
         !(c >= 'a' && c <= 'z');
}

std::string WithoutPunctuation(const std::string& text) {
  std::string words;
  for (const char c : text) {
    if (c != '\'') words += IsPunctuation(c) ? ' ' : c;
  }
  return FoldText(words);
}

struct Task {
  std::string text;
  CompareReport::Form form;
};

}  // namespace

void CompareTasks(const Comparison& comparison, std::vector<Found>& found) {
  std::map<std::string, size_t> numbers;
  std::vector<Task> tasks;
  for (const SourceFacts& source : comparison.sources) {
    std::set<std::string> own;
    for (const std::string& text : source.tasks) {
      if (!own.insert(text).second) continue;
      const auto [place, is_new] = numbers.try_emplace(text, tasks.size());
      if (is_new) tasks.push_back({text, {StrCat("`", Shortened(text, 80), "`"), 0, {}}});
      CompareReport::Form& form = tasks[place->second].form;
      form.num_sources += source.num_sources;
      form.sources.push_back(source.root);
    }
  }
  std::map<std::string, std::vector<size_t>> groups;
  for (size_t at = 0; at < tasks.size(); ++at) {
    const std::string words = WithoutPunctuation(tasks[at].text);
    groups[words.empty() ? tasks[at].text : words].push_back(at);
  }
  std::vector<std::vector<size_t>> alike;
  for (auto& [words, group] : groups) {
    if (group.size() > 1) alike.push_back(std::move(group));
  }
  std::sort(alike.begin(), alike.end());  // by the first task
  for (std::vector<size_t>& group : alike) {
    std::stable_sort(group.begin(), group.end(), [&](size_t a, size_t b) {
      return tasks[a].form.num_sources > tasks[b].form.num_sources;
    });
    Found one{{}, Split(0)};
    Difference& difference = one.difference;
    difference.kind = "D-tasks";
    difference.what = "tasks differ in case, blanks or punctuation only";
    difference.settlement = Settlement::kHint;
    const std::string usual = TaskForm(tasks[group.front()].text);
    bool is_normalized = false;
    for (const size_t at : group) {
      CompareReport::Form& form = tasks[at].form;
      if (at == group.front())
        form.sources.resize(1);
      else if (TaskForm(tasks[at].text) == usual)
        is_normalized = true;
      else
        difference.remedies.push_back(
            MakeRemedy("replace_task", tasks[at].text, tasks[group.front()].text));
      difference.forms.push_back(std::move(form));
    }
    if (is_normalized) difference.remedies.push_back(MakeRemedy("normalize_tasks"));
    found.push_back(std::move(one));
  }
}

}  // namespace robomerge::compare_internal
