// What is left out because it has another form than most: decided here, where all sources are
// known, so that workers, ranks and machines make no difference.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/text.h"
#include "plan/agreed_schema.h"
#include "plan/plan.h"
#include "reduce/combine.h"

namespace robomerge {
namespace {

// What most sources agree on: sources have one form if a merge takes them together.
class UsualForm {
 public:
  explicit UsualForm(const std::vector<SchemaClass>& schemas) {
    std::vector<AgreedSchema> forms;
    for (const SchemaClass& schema : schemas) {
      const auto form =
          std::ranges::find_if(forms, [&](const auto& one) { return Fits(one, schema); });
      if (form == forms.end())
        forms.emplace_back(schema);
      else
        form->TakeNames(schema);
    }
    if (forms.size() < 2) return;
    // Who does not name elements may fit several forms.
    uint64_t most = 0;
    for (AgreedSchema& form : forms) {
      uint64_t num_sources = 0;
      std::set<std::string> fitting;
      for (const SchemaClass& schema : schemas) {
        if (!Fits(form, schema)) continue;
        form.TakeNames(schema);
        fitting.insert(schema.fingerprint);
        num_sources += schema.num_sources;
      }
      if (usual_ && num_sources <= most) continue;  // of equal ones the first
      most = num_sources;
      usual_ = form;
      fitting_ = std::move(fitting);
    }
  }

  /// Why a source cannot be merged with most; nothing if it can.
  std::vector<Problem> ReasonsAgainst(const SchemaClass& schema) const {
    if (!usual_ || fitting_.contains(schema.fingerprint)) return {};
    return usual_->Disagreements(schema);
  }

 private:
  using AgreedSchema = plan_internal::AgreedSchema;

  static bool Fits(const AgreedSchema& form, const SchemaClass& schema) {
    return &form.first() == &schema || form.Disagreements(schema).empty();
  }

  std::optional<AgreedSchema> usual_;  // nothing: all have one form
  std::set<std::string> fitting_;      // fingerprints
};

class LeavingOut {
 public:
  explicit LeavingOut(Partial root)
      : root_(std::move(root)),
        sources_(root_.sources.Flatten()),
        positions_(PositionsOf(root_)),
        reasons_(sources_.size()) {}

  Partial Run() && {
    OfOtherForm();
    OfOtherStatistics();
    if (std::ranges::all_of(reasons_, [](const auto& each) { return each.empty(); }))
      return std::move(root_);
    Partial kept;
    std::set<std::string> roots;
    for (size_t source = 0; source < sources_.size(); ++source) {
      if (!reasons_[source].empty()) {
        Note(source);
        continue;
      }
      roots.insert(sources_[source]->dataset->root);
      kept = Combine(std::move(kept), LeafOf(sources_[source], {}));
    }
    // Warnings say of which source they are by its folder alone.
    std::vector<Problem> warnings = root_.warnings.Flatten();
    std::erase_if(warnings, [&](const Problem& one) {
      return gone_.contains(one.source) && !roots.contains(one.source);
    });
    kept.warnings = Rope<Problem>(std::move(warnings));
    kept.skip_broken = root_.skip_broken;
    kept.skipped = std::move(root_.skipped);
    kept.num_given = root_.num_given;
    return kept;
  }

 private:
  void OfOtherForm() {
    // A dataset without episodes has no say.
    std::map<std::string, uint64_t> num_sources;
    for (const auto& source : sources_)
      num_sources[source->dataset->schema.Fingerprint()] +=
          source->dataset->episodes.empty() ? 0 : 1;
    std::vector<SchemaClass> schemas = root_.schemas;
    for (SchemaClass& schema : schemas) schema.num_sources = num_sources[schema.fingerprint];
    const UsualForm usual(schemas);
    for (size_t source = 0; source < sources_.size(); ++source) {
      const std::shared_ptr<const Dataset>& dataset = sources_[source]->dataset;
      SchemaClass own;
      own.fingerprint = dataset->schema.Fingerprint();
      own.schema = std::shared_ptr<const Schema>(dataset, &dataset->schema);
      own.first_root = dataset->root;
      own.num_sources = 1;
      reasons_[source] = usual.ReasonsAgainst(own);
    }
  }

  // Means of a feature can be aggregated only if they have one shape.
  void OfOtherStatistics() {
    using Shape = std::vector<uint32_t>;
    std::map<std::string, std::vector<std::pair<Shape, uint64_t>>> shapes;  // by feature
    const auto each_mean = [&](size_t source, auto&& take) {
      if (!reasons_[source].empty()) return;
      for (const FeatureStatistics& one : *sources_[source]->statistics) {
        if (const Statistic* mean = one.Find("mean")) take(one.feature, mean->shape);
      }
    };
    for (size_t source = 0; source < sources_.size(); ++source) {
      each_mean(source, [&](const std::string& feature, const Shape& shape) {
        auto& of_feature = shapes[feature];
        const auto known = std::ranges::find(of_feature, shape, &std::pair<Shape, uint64_t>::first);
        if (known == of_feature.end())
          of_feature.emplace_back(shape, 1);
        else
          ++known->second;
      });
    }
    std::erase_if(shapes, [](const auto& each) { return each.second.size() < 2; });
    if (shapes.empty()) return;
    for (size_t source = 0; source < sources_.size(); ++source) {
      std::vector<Problem> reasons;
      each_mean(source, [&](const std::string& feature, const Shape& shape) {
        const auto several = shapes.find(feature);
        if (several == shapes.end()) return;
        const Shape& usual =
            std::ranges::max_element(several->second, {}, &std::pair<Shape, uint64_t>::second)
                ->first;
        if (shape == usual) return;
        const std::string& root = sources_[source]->dataset->root;
        reasons.push_back(
            Problem(Code::kIncompatible,
                    StrCat("statistics of `", feature, "` have another shape than in most sources"))
                .Kind("E-stats")
                .Source(root)
                .At(StrCat(root, "/meta/stats.json"))
                .Hint("recompute the statistics of this source"));
      });
      reasons_[source] = reasons_[source].empty() ? std::move(reasons) : reasons_[source];
    }
  }

  void Note(size_t source) {
    const uint64_t position = positions_[source];
    gone_.insert(sources_[source]->dataset->root);
    auto entry = std::ranges::lower_bound(root_.skipped, position, {}, &Skipped::position);
    if (entry == root_.skipped.end() || entry->position != position) {
      entry = root_.skipped.insert(
          entry, {position, sources_[source]->dataset->root, sources_[source]->name, "", {}});
    }
    entry->episodes.clear();
    entry->reasons.insert(entry->reasons.end(), reasons_[source].begin(), reasons_[source].end());
  }

  Partial root_;
  const std::vector<std::shared_ptr<const DescribedSource>> sources_;
  const std::vector<uint64_t> positions_;
  std::vector<std::vector<Problem>> reasons_;  // [source]: why it is left out; none: it is not
  std::set<std::string> gone_;                 // the roots of those that are
};

}  // namespace

Result<Partial> LeaveOut(Partial root) {
  if (root.skip_broken == SkipBroken::kNothing) return root;
  Partial kept = LeavingOut(std::move(root)).Run();
  if (kept.sources.size() > 0) return kept;
  std::vector<Problem> problems = {
      Problem(Code::kIncompatible, "nothing is left: every source is broken")
          .Kind("E-nothing-left")};
  for (const Skipped& one : kept.skipped)
    problems.insert(problems.end(), one.reasons.begin(), one.reasons.end());
  return Status::Many(std::move(problems));
}

}  // namespace robomerge
