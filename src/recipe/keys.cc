// The keys of a recipe, made from the fields that they fill.
#include <type_traits>

#include "robomerge/recipe.h"

namespace robomerge {
namespace {

template <typename Value>
std::string TakenBy(const Value&) {
  if constexpr (std::is_same_v<Value, bool>) return "true or false";
  if constexpr (std::is_same_v<Value, double>) return "number";
  if constexpr (HasNames<Value>) return "choice";
  if constexpr (std::is_same_v<Value, std::vector<std::string>>) return "texts";
  if constexpr (std::is_same_v<Value, std::vector<Rule>>) return "mapping";
  if constexpr (std::is_integral_v<Value> || std::is_same_v<Value, std::optional<uint64_t>>)
    return "whole number";
  return "text";
}

}  // namespace

std::vector<RecipeKey> RecipeKeys() {
  const Recipe recipe;
  std::vector<RecipeKey> keys;
  Recipe::VisitOptions(recipe, [&](const char* name, const auto& value) {
    keys.push_back({name, TakenBy(value), true, false});
  });
  keys.push_back({"sources", "sources", true, false});
  keys.push_back({"path", "text", false, true});
  keys.push_back({"name", "text", false, true});
  Adaptation::VisitFields(
      recipe.common.adaptation, [&](const std::string& name, const auto& value) {
        if (name == "entry" || name == "left_out" || name == "add") return;  // are made, not stated
        const bool is_list_of_episodes = std::is_same_v<decltype(value), const std::string&>;
        keys.push_back({name, is_list_of_episodes ? "episodes" : TakenBy(value), true, true});
      });
  return keys;
}

}  // namespace robomerge
