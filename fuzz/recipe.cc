// A recipe: parsed, and its rules brought into the normal form, written and read again.
#include "robomerge/recipe.h"

#include "fuzz/check.h"
#include "model/adaptation.h"

namespace robomerge {

namespace {

// What was taken can be normalised, and the normal form stays as it is in every other form.
void CheckForms(const Adaptation& rules) {
  const Result<Adaptation> normal = Normalize(rules);
  FUZZ_CHECK(fuzz::Fine(normal), normal.status().ToString());
  const std::string text = AdaptationText(*normal);
  const Result<Adaptation> again = Normalize(*normal);
  FUZZ_CHECK(fuzz::Fine(again) && *again == *normal, text);
  FUZZ_CHECK(AdaptationFromText(text) == *normal, text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Result<Recipe> recipe = ParseRecipe(fuzz::Text(data, size), "in/recipe.yaml");
  if (!fuzz::Fine(recipe)) {
    const Status status = recipe.status();
    for (const Problem& problem : status.problems())
      FUZZ_CHECK(problem.where.starts_with("in/recipe.yaml: line "), problem.where);
    return 0;
  }
  CheckForms(recipe->common.adaptation);
  for (const SourceSpec& source : recipe->sources) {
    FUZZ_CHECK(!source.location.empty(), "a source without a path");
    CheckForms(source.adaptation);
  }
  return 0;
}

}  // namespace robomerge
