#include <charconv>
#include <cmath>
#include <limits>

#include "base/path.h"
#include "base/suggestion.h"
#include "base/text.h"
#include "formats/yaml/yaml.h"
#include "io/file_system.h"
#include "model/adaptation.h"
#include "recipe/plain_text.h"
#include "recipe/where_of.h"
#include "robomerge/recipe.h"

namespace robomerge {
namespace {

using yaml::Node;
using Kind = yaml::Node::Kind;

constexpr const char* kKind = "E-recipe";
// Nobody reads more.
constexpr size_t kMostProblems = 1000;

std::string Shown(const Node& node) {
  if (node.kind == Kind::kList) return "a list";
  if (node.kind == Kind::kMapping) return "a mapping";
  if (!node.is_plain) return StrCat('"', node.text, '"');
  return node.text.empty() ? "nothing" : StrCat('`', node.text, '`');
}

class Reader {
 public:
  explicit Reader(const std::string& path) { recipe_.path = path; }

  Result<Recipe> Read(const Node& root) {
    if (root.kind != Kind::kMapping) {
      Add(root.line, "this is no recipe", "keys with their values, as `sources:` and a list",
          Shown(root));
    } else {
      TakeTop(root);
      CheckRules();
    }
    if (problems_.empty()) return std::move(recipe_);
    return Status::Many(std::move(problems_));
  }

 private:
  Problem& Add(uint64_t line, std::string what, std::string expected = "", std::string found = "") {
    if (IsFull()) problems_.pop_back();
    return problems_.emplace_back(Problem(Code::kInvalidArgument, std::move(what))
                                      .Kind(kKind)
                                      .At(yaml::Place(recipe_.path, line))
                                      .Expected(std::move(expected))
                                      .Found(std::move(found)));
  }
  bool IsFull() const { return problems_.size() == kMostProblems; }
  Problem& AddWrong(const std::string& key, const Node& node, std::string expected) {
    return Add(node.line, StrCat("wrong value for `", key, "`"), std::move(expected), Shown(node));
  }

  void TakeTop(const Node& root) {
    const Node* sources = nullptr;
    for (size_t at = 0; at < root.keys.size(); ++at) {
      const Node &key = root.keys[at], &value = root.values[at];
      if (key.text == "sources") {
        sources = &value;
      } else if (!TakeOption(key.text, value) &&
                 !TakeRule(key, value, recipe_.common, recipe_.lines)) {
        AddUnknown(key, true);
      }
    }
    // The rules that hold for all are known only now.
    if (sources != nullptr) TakeSources(*sources);
  }

  void TakeSources(const Node& list) {
    if (list.kind != Kind::kList || list.values.empty()) {
      AddWrong("sources", list, "a list of dataset folders, at least one").hint =
          "put a dash and a blank in front of each, in a line of its own";
      return;
    }
    for (const Node& item : list.values) {
      SourceSpec& source = recipe_.sources.emplace_back();
      recipe_.source_lines.emplace_back();
      source.adaptation = recipe_.common.adaptation;
      if (item.kind == Kind::kMapping) {
        TakeSource(item, source);
      } else {
        TakePath("sources", item, source.location);
      }
    }
  }

  void TakeSource(const Node& item, SourceSpec& source) {
    Rules own;
    bool has_path = false;
    for (size_t at = 0; at < item.keys.size(); ++at) {
      const Node &key = item.keys[at], &value = item.values[at];
      if (key.text == "path") {
        has_path = true;
        TakePath("path", value, source.location);
      } else if (key.text == "name") {
        Take("name", value, source.name);
      } else if (!TakeRule(key, value, own, recipe_.source_lines.back())) {
        AddUnknown(key, false);
      }
    }
    if (!has_path) {
      Problem& problem = Add(item.line, "a source has no `path`", "path: DATASET");
      if (item.keys.size() == 1 && item.values[0].is_plain)
        problem.hint = "a path that holds `: ` is written in quotes";
    }
    source.adaptation = Overruled(source.adaptation, own);
  }

  void AddUnknown(const Node& key, bool is_at_top) {
    if (IsFull()) return;  // the search below takes its time
    Problem& problem = Add(key.line, StrCat("unknown key `", key.text, "`"));
    std::vector<std::string> names;
    for (const RecipeKey& known : RecipeKeys()) {
      if (is_at_top ? known.is_common : known.is_of_source) {
        names.push_back(known.name);
        const bool is_switch = known.takes == "true or false";
        if (is_switch && key.text == "no_" + known.name) {
          problem.hint = StrCat("write `", known.name, ": false`");
          return;
        }
      } else if (key.text == known.name) {
        problem.hint =
            StrCat("`", known.name, "` stands ",
                   is_at_top ? "at a source, beside its `path`" : "at the top of the recipe");
        return;
      }
    }
    if (const auto nearest = NearestWord(key.text, names)) {
      problem.hint = StrCat("did you mean `", *nearest, "`?");
    } else if (key.text.find(':') != std::string::npos) {
      problem.hint = "put a blank after the colon";
    } else {
      problem.expected = Shortened("one of " + Join(names, ", "), Problem::kMostValueBytes);
    }
  }

  // False if there is no such option.
  bool TakeOption(const std::string& key, const Node& node) {
    bool is_known = false;
    Recipe::VisitOptions(recipe_, [&](const char* name, auto& value) {
      if (key != name) return;
      is_known = true;
      recipe_.given.insert(key);
      if constexpr (std::is_same_v<decltype(value), std::string&>) {
        TakePath(key, node, value);
      } else {
        Take(key, node, value);
      }
    });
    return is_known;
  }

  // False if there is no such rule.
  bool TakeRule(const Node& key, const Node& node, Rules& rules, RuleLines& lines) {
    bool is_known = false;
    Adaptation::VisitFields(rules.adaptation, [&](const char* name, auto& value) {
      const bool is_made = key.text == "entry" || key.text == "left_out" || key.text == "add";
      if (key.text != name || is_made) return;
      is_known = true;
      rules.given.insert(key.text);
      using Value = std::remove_cvref_t<decltype(value)>;
      if constexpr (std::is_same_v<Value, std::string>) {
        TakeEpisodes(key.text, node, value);
        lines[key.text] = node.line;
      } else if constexpr (std::is_same_v<Value, std::vector<std::string>>) {
        TakeTexts(key.text, node, value, lines);
      } else if constexpr (std::is_same_v<Value, std::vector<Rule>>) {
        TakeRules(key.text, node, value, lines);
      } else {
        Take(key.text, node, value);
        lines[key.text] = node.line;
      }
    });
    return is_known;
  }

  // Whether the node is a text for YAML, too: otherwise other programs read another recipe.
  bool IsText(const std::string& key, const Node& node) {
    if (node.kind != Kind::kText) {
      Problem& problem = AddWrong(key, node, "a text");
      if (node.kind == Kind::kMapping && node.keys.size() == 1)
        problem.hint = "a text that holds `: ` is written in quotes";
      return false;
    }
    const std::string_view meaning = node.is_plain ? MeaningOfPlain(node.text) : "";
    if (meaning.empty()) return true;
    Problem& problem = AddWrong(key, node, "a text");
    if (node.text.empty()) {
      problem.hint = "put a blank after the colon, and the value behind it; an empty text is \"\"";
    } else {
      problem.found += StrCat(", which YAML takes for ", meaning);
      problem.hint =
          Shortened(StrCat("write it in quotes: \"", node.text, "\""), Problem::kMostValueBytes);
    }
    return false;
  }

  void Take(const std::string& key, const Node& node, std::string& value) {
    if (!IsText(key, node)) return;
    value = node.text;
    if (value.empty()) AddWrong(key, node, "a text that is not empty");
  }
  void Take(const std::string& key, const Node& node, std::optional<std::string>& value) {
    Take(key, node, value.emplace());
  }

  void TakePath(const std::string& key, const Node& node, std::string& value) {
    Take(key, node, value);
    const std::string folder = ParentOf(recipe_.path);
    if (value.empty() || value.starts_with('/') || value.starts_with("hf:") || folder == ".")
      return;
    value = io::JoinPath(folder, value);
  }

  void Take(const std::string& key, const Node& node, bool& value) {
    const bool is_plain = node.kind == Kind::kText && node.is_plain;
    const std::string_view meaning = is_plain ? MeaningOfPlain(node.text) : "";
    const bool is_word = meaning == "true" || meaning == "false";
    value = meaning == "true";
    // Some readers of YAML take `yes` for a text.
    if (is_word && (node.text[0] | 0x20) == meaning[0]) return;
    Problem& problem = AddWrong(key, node, "true or false");
    if (is_word) problem.hint = StrCat("write `", meaning, "`");
  }

  void Take(const std::string& key, const Node& node, double& value) {
    if (node.kind == Kind::kText && node.is_plain) {
      const char* const end = node.text.data() + node.text.size();
      const auto parsed = std::from_chars(node.text.data(), end, value);
      if (parsed.ec == std::errc() && parsed.ptr == end && std::isfinite(value) && value > 0)
        return;
    }
    AddWrong(key, node, "a number above 0");
  }

  static uint64_t MostOf(std::integral auto value) {
    return uint64_t{std::numeric_limits<decltype(value)>::max()};
  }
  void Take(const std::string& key, const Node& node, std::integral auto& value) {
    const uint64_t least = key == "chunk_size" ? 1 : 0;
    const uint64_t most = key == "chunk_size" ? 1000 : key == "num_workers" ? 1024 : MostOf(value);
    if (node.kind == Kind::kText && node.is_plain && IsPlainNumber(node.text)) {
      const char* const end = node.text.data() + node.text.size();
      uint64_t number = 0;
      const bool is_number = std::from_chars(node.text.data(), end, number).ec == std::errc();
      if (is_number && number >= least && number <= most) {
        value = static_cast<std::remove_reference_t<decltype(value)>>(number);
        return;
      }
    }
    AddWrong(key, node, StrCat("a whole number from ", least, " to ", most));
  }
  void Take(const std::string& key, const Node& node, std::optional<uint64_t>& value) {
    Take(key, node, value.emplace());
  }

  template <HasNames Choice>
  void Take(const std::string& key, const Node& node, Choice& value) {
    if (node.kind == Kind::kText) {
      if (const auto choice = FromName<Choice>(node.text)) {
        value = *choice;
        return;
      }
    }
    const auto names = NamesOf(Choice());
    const std::vector<std::string> words(names.begin(), names.end() - 1);
    AddWrong(key, node, StrCat(Join(words, ", "), " or ", names.back()));
  }
  void Take(const std::string& key, const Node& node, StatsMode& value) {
    const auto mode = node.kind == Kind::kText ? FromName<StatsMode>(node.text) : std::nullopt;
    if (mode)
      value = *mode;
    else
      AddWrong(key, node, "exact or fold");
  }

  void TakeEpisodes(const std::string& key, const Node& node, std::string& value) {
    if (node.kind == Kind::kList && !node.values.empty()) {
      for (const Node& item : node.values) {
        std::string part;
        if (item.kind == Kind::kList) {
          AddWrong(key, item, "a number or a range, as 12 or 0-9");
        } else {
          TakeEpisodes(key, item, part);
        }
        value += (value.empty() ? "" : ",") + part;
      }
      return;
    }
    const bool is_text = node.kind == Kind::kText && (!node.is_plain || IsPlainNumber(node.text) ||
                                                      MeaningOfPlain(node.text).empty());
    if (is_text && !node.text.empty()) {
      value = node.text;
      return;
    }
    Problem& problem = AddWrong(key, node, "numbers and ranges, as 12, [0, 3] or 0-9,12,20-");
    if (node.kind == Kind::kList) problem.hint = "leave the key out to take all episodes";
  }

  void TakeTexts(const std::string& key, const Node& node, std::vector<std::string>& values,
                 RuleLines& lines) {
    // One text is a list of one.
    const std::vector<Node> one =
        node.kind == Kind::kList ? std::vector<Node>() : std::vector{node};
    if (node.kind == Kind::kList && node.values.empty()) AddWrong(key, node, "at least one text");
    for (const Node& item : node.kind == Kind::kList ? node.values : one) {
      if (!IsText(key, item)) continue;
      // The text of a task may be empty.
      if (item.text.empty() && !key.ends_with("_task")) {
        AddWrong(key, item, "a text that is not empty");
        continue;
      }
      values.push_back(item.text);
      lines[WhereOf(key, item.text)] = item.line;
      if (key != "where") continue;
      const Result<Condition> condition = ParseCondition(item.text);
      if (condition.ok()) lines[WhereOf(key, ConditionText(*condition))] = item.line;
    }
  }

  void TakeRules(const std::string& key, const Node& node, std::vector<Rule>& rules,
                 RuleLines& lines) {
    if (node.kind != Kind::kMapping || node.keys.empty()) {
      AddWrong(key, node, StrCat("a mapping, as ", ExampleOf(key)));
      return;
    }
    for (size_t at = 0; at < node.keys.size(); ++at) {
      const Node &name = node.keys[at], &value = node.values[at];
      const size_t num_problems = problems_.size();
      Rule rule{name.text, value.text};
      if (key == "trim") {
        if (!IsPlainNumber(name.text)) AddWrong(key, name, "the number of an episode");
      } else if (IsText(key, name) && name.text.empty() && key != "replace_task") {
        AddWrong(key, name, "a name that is not empty");
      }
      if (num_problems == problems_.size()) TakeValue(key, rule, value);
      if (num_problems != problems_.size()) continue;
      lines[WhereOf(key, rule.name)] = name.line;
      rules.push_back(std::move(rule));
    }
  }

  void TakeValue(const std::string& key, Rule& rule, const Node& node) {
    const std::string what = WhereOf(key, rule.name);
    if (key == "pad") {
      uint64_t length = 0;
      Take(what, node, length);
    } else if (key == "fill") {
      // What it means depends on the feature.
      const bool is_null = node.is_plain && MeaningOfPlain(node.text) == "null";
      if (node.kind != Kind::kText || is_null)
        AddWrong(what, node, "a number, true, false or a text").hint = "an empty text is \"\"";
    } else if (key == "trim" && node.kind == Kind::kText && node.is_plain &&
               IsPlainNumber(node.text)) {
      return;  // one frame
    } else {
      Take(what, node, rule.value);
    }
  }

  static std::string_view ExampleOf(std::string_view key) {
    if (key == "trim") return "{4: 10-250}";
    if (key == "fill") return "{next.reward: 0}";
    if (key == "cast") return "{next.reward: float32}";
    if (key == "pad") return "{observation.state: 14}";
    if (key == "replace_task") return "{old text: new text}";
    return "{old.name: new.name}";
  }

  // The checks that no value fails by itself.
  void CheckRules() {
    if (!problems_.empty()) return;  // half a rule contradicts nothing
    std::vector<SourceSpec> levels = recipe_.sources;
    // What holds for all is wrong even if there are no sources here.
    if (levels.empty()) levels.emplace_back().adaptation = recipe_.common.adaptation;
    recipe_.source_lines.resize(levels.size());
    std::vector<Problem> problems;
    bool has_sample = recipe_.common.adaptation.sample.has_value();
    for (size_t source = 0; source < levels.size(); ++source) {
      const Adaptation& rules = levels[source].adaptation;
      has_sample = has_sample || rules.sample;
      CheckSeed(recipe_.source_lines[source], rules.sample.has_value());
      const Status status = Normalize(rules).status();
      for (Problem problem : status.problems()) {
        if (const auto place = PlaceOf(recipe_, source, problem.where))
          problem.where = StrCat(*place, ": ", problem.where);
        problems.push_back(std::move(problem));
      }
    }
    CheckSeed(recipe_.lines, has_sample);
    recipe_.source_lines.resize(recipe_.sources.size());
    if (problems.empty()) return;
    const Status once = WithPlaces(Status::Many(std::move(problems)), {}, {});
    problems_.insert(problems_.end(), once.problems().begin(), once.problems().end());
  }

  void CheckSeed(const RuleLines& lines, bool has_sample) {
    const auto seed = lines.find("seed");
    if (seed == lines.end() || has_sample) return;
    Add(seed->second, "`seed` without `sample`", "sample: N").hint =
        "say with `sample` how many episodes are taken, or remove the key";
  }

  Recipe recipe_;
  std::vector<Problem> problems_;
};

}  // namespace

Result<Recipe> ParseRecipe(std::string_view text, const std::string& path) {
  ROBOMERGE_ASSIGN_OR_RETURN(const Node root, yaml::Parse(text, path, kKind));
  return Reader(path).Read(root);
}

}  // namespace robomerge
