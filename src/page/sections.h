// The parts of a page, one after another. A part of which there is nothing to show is empty.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "page/facts.h"
#include "page/html.h"

namespace robomerge::page {

constexpr size_t kMostRows = 200;

struct Section {
  const char* id;
  const char* title;
  Html body;
};

/// One line below the title.
Html Lead(const PageFacts& facts);

Section OverviewSection(const PageFacts& facts);
Section FindingsSection(const PageFacts& facts);
Section SourcesSection(const PageFacts& facts);
Section EpisodesSection(const PageFacts& facts);
Section TasksSection(const PageFacts& facts);
Section CamerasSection(const PageFacts& facts);
Section DistributionsSection(const PageFacts& facts);
Section MergeSection(const PageFacts& facts);

/// A figure with its name, and with what explains it; both are texts.
Html Tile(const char* name, const std::string& figure, const std::string& more = "");

struct Column {
  const char* title;
  bool is_number = false;
};

/// A table of at most kMostRows of `num_rows` rows, in a box that scrolls; what is left out is
/// counted. `row` makes the cells of one. `style`: "cards" if the cells of a row stand below each
/// other where there is little room.
Html Table(const char* caption, const std::vector<Column>& columns, size_t num_rows,
           const std::function<Html(size_t)>& row, const char* style = "");

/// The entry of a legend, for class "c<k>".
Html KeyEntry(size_t k, const std::string& text);

}  // namespace robomerge::page
