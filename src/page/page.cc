#include "base/text.h"
#include "page/charts.h"
#include "page/facts.h"
#include "page/sections.h"
#include "page/style.h"

namespace robomerge::page {
namespace {

// What is longer is a name rather than a figure.
constexpr size_t kMostFigureBytes = 16;

}  // namespace

Html Tile(const char* name, const std::string& figure, const std::string& more) {
  Html tile = Piece("<div><dt>", std::string_view(name), "</dt><dd");
  if (figure.size() > kMostFigureBytes) tile.Add(" class=\"words\"");
  tile.Add(">", figure);
  if (!more.empty()) tile.Add("<small>", more, "</small>");
  return tile.Add("</dd></div>");
}

Html Table(const char* caption, const std::vector<Column>& columns, size_t num_rows,
           const std::function<Html(size_t)>& row, const char* style) {
  Html table = Piece("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"",
                     std::string_view(caption), "\"><table class=\"", std::string_view(style),
                     "\"><caption>", std::string_view(caption), "</caption><thead><tr>");
  for (const Column& column : columns) {
    table.Add("<th scope=\"col\"");
    if (column.is_number) table.Add(" class=\"n\"");
    table.Add(">", std::string_view(column.title), "</th>");
  }
  table.Add("</tr></thead><tbody>");
  for (size_t at = 0; at < std::min(num_rows, kMostRows); ++at)
    table.Add("<tr>", row(at), "</tr>\n");
  table.Add("</tbody></table></div>");
  if (num_rows > kMostRows)
    table.Add("<p class=\"more\">and ", WithSeparators(num_rows - kMostRows), " more</p>");
  return table;
}

Html KeyEntry(size_t k, const std::string& text) {
  Html entry;
  return entry
      .AddMarkup(StrCat("<li><svg viewBox=\"0 0 1 1\" aria-hidden=\"true\"><rect class=\"c",
                        k % kNumColours, "\" width=\"1\" height=\"1\"/></svg>"))
      .Add(text, "</li>");
}

std::string PageText(const PageFacts& facts) {
  std::vector<Section> sections;
  for (const auto make : {OverviewSection, FindingsSection, CamerasSection, SourcesSection,
                          EpisodesSection, TasksSection, DistributionsSection, MergeSection}) {
    Section section = make(facts);
    if (!section.body.empty()) sections.push_back(std::move(section));
  }
  Html page;
  page.AddMarkup(kPageBegin);
  // Nothing may be fetched or run, whatever a name holds.
  page.Add(
      "<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'; img-src data:\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"generator\" content=\"robomerge\">\n<title>",
      facts.title, " - robomerge report</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>");
  page.AddMarkup(kStyle);
  page.Add("</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the content</a>\n",
           "<header class=\"top\"><p class=\"kind\">Dataset report</p><h1 dir=\"auto\">",
           CellText(facts.title), "</h1><p class=\"lead\">", Lead(facts),
           "</p></header>\n<nav aria-label=\"Parts of this page\"><ul>");
  for (const Section& section : sections) {
    page.Add("<li><a href=\"#", std::string_view(section.id), "\">",
             std::string_view(section.title), "</a></li>");
  }
  page.Add("</ul></nav>\n<main id=\"main\">\n");
  for (const Section& section : sections) {
    page.Add("<section id=\"", std::string_view(section.id), "\" aria-labelledby=\"h-",
             std::string_view(section.id), "\">\n<h2 id=\"h-", std::string_view(section.id), "\">",
             std::string_view(section.title), "</h2>\n", section.body, "\n</section>\n");
  }
  page.Add("</main>\n<footer>Made by <code>robomerge report</code>. What is cut here is whole in ",
           "<code>robomerge inspect</code> and <code>robomerge stats</code>.</footer>\n",
           "</body>\n</html>\n");
  return page.text();
}

}  // namespace robomerge::page
