#include "from_python.h"

#include <algorithm>

#include "to_python.h"

namespace robomerge::python {
namespace {

namespace nb = nanobind;

// The attribute of a robomerge.Source that no path has: where its rules are stated.
constexpr const char* kPlaces = "_places";

// The repr for a message, cut off: a list may hold thousands of paths.
std::string Shown(nb::handle given) {
  constexpr Py_ssize_t kMostCharacters = 300;
  const nb::str text = nb::repr(given);
  const nb::object begin = nb::steal(PyUnicode_Substring(text.ptr(), 0, kMostCharacters));
  return std::string(nb::str(begin).c_str()) + (nb::len(text) > kMostCharacters ? "..." : "");
}

nb::builtin_exception WrongType(const std::string& name, const std::string& expected,
                                nb::handle given) {
  return nb::type_error((name + " must be " + expected + ", not " + Shown(given)).c_str());
}

// Takes what a call of Python's C API returned. A TypeError becomes that of WrongType(). For an
// error of class `refused` the object that is returned is not valid.
nb::object Checked(PyObject* result, PyObject* refused, const std::string& name,
                   const char* expected, nb::handle given) {
  if (result != nullptr) return nb::steal(result);
  nb::python_error error;
  if (error.matches(PyExc_TypeError)) throw WrongType(name, expected, given);
  if (!error.matches(refused)) throw error;
  return nb::object();
}

std::string TextOf(nb::handle text) {
  const nb::object bytes =
      nb::steal(PyUnicode_AsEncodedString(text.ptr(), "utf-8", "surrogateescape"));
  if (!bytes.is_valid()) throw nb::python_error();
  return std::string(nb::cast<nb::bytes>(bytes).c_str(), nb::len(bytes));
}

}  // namespace

std::string Arguments::Path(const std::string& name, nb::handle given) {
  nb::object path = Checked(PyOS_FSPath(given.ptr()), PyExc_ValueError, name, "a path", given);
  if (path.is_valid() && nb::isinstance<nb::str>(path))
    path = Checked(PyUnicode_EncodeFSDefault(path.ptr()), PyExc_ValueError, name, "a path", given);
  if (path.is_valid()) {
    const auto bytes = nb::cast<nb::bytes>(path);
    std::string text(bytes.c_str(), bytes.size());
    if (text.find('\0') == std::string::npos) return text;
  }
  Refuse(name, "a path that the system can take", given, "E-path");
  return "";
}

// The items of an iterable that is not a single path. The list keeps the items alive.
nb::list Arguments::Several(const std::string& name, nb::handle given, const char* expected) {
  const bool is_one = nb::isinstance<nb::str>(given) || nb::isinstance<nb::bytes>(given) ||
                      nb::hasattr(given, "__fspath__");
  if (is_one || !nb::hasattr(given, "__iter__")) throw WrongType(name, expected, given);
  nb::list items;
  for (const nb::handle each : nb::iter(given)) items.append(each);
  return items;
}

std::vector<std::string> Arguments::Paths(const std::string& name, nb::handle given) {
  std::vector<std::string> paths;
  for (const nb::handle each : Several(name, given))
    paths.push_back(Path(name + "[" + std::to_string(paths.size()) + "]", each));
  return paths;
}

std::vector<SourceSpec> Arguments::Sources(const std::string& name, nb::handle given) {
  std::vector<SourceSpec> sources;
  sources_ = Several(name, given);
  for (const nb::handle each : sources_) {
    const std::string place = name + "[" + std::to_string(sources.size()) + "]";
    if (!nb::hasattr(each, kPlaces)) {
      sources.emplace_back(Path(place, each));
      continue;
    }
    SourceSpec& source = sources.emplace_back(Path(place + ".path", each.attr("path")));
    const nb::object source_name = each.attr("name");
    if (!source_name.is_none()) source.name = Text(place + ".name", source_name);
    TakeRules(place, each, source.adaptation);
  }
  return sources;
}

std::optional<std::string> Arguments::PlaceOf(size_t source, const std::string& rule) const {
  if (!nb::hasattr(sources_[source], kPlaces)) return std::nullopt;
  const nb::object place = sources_[source].attr(kPlaces).attr("get")(TextToPython(rule));
  return place.is_none() ? std::nullopt : std::optional(TextOf(place));
}

std::string Arguments::Text(const std::string& name, nb::handle given) {
  if (!nb::isinstance<nb::str>(given)) throw WrongType(name, "a text", given);
  const nb::object bytes =
      Checked(PyUnicode_AsUTF8String(given.ptr()), PyExc_ValueError, name, "a text", given);
  if (bytes.is_valid()) return {nb::cast<nb::bytes>(bytes).c_str(), nb::len(bytes)};
  Refuse(name, "a text that UTF-8 can hold", given);
  return "";
}

void Arguments::TakeRules(const std::string& place, nb::handle given, Adaptation& rules) {
  Adaptation::VisitFields(rules, [&](const std::string& rule, auto& value) {
    if (rule == "entry" || rule == "left_out" || rule == "add") return;
    const nb::object stated = given.attr(rule.c_str());
    if (!stated.is_none()) TakeRule(place + "." + rule, stated, value);
  });
  if (rules.seed != 0 && !rules.sample)
    Refuse(place + ".seed", "a seed together with `sample`", given.attr("seed"));
}

void Arguments::TakeRule(const std::string& name, nb::handle given, uint64_t& value) {
  if (nb::isinstance<nb::bool_>(given)) throw WrongType(name, "a whole number", given);
  const nb::object number =
      Checked(PyNumber_Index(given.ptr()), nullptr, name, "a whole number", given);
  value = PyLong_AsUnsignedLongLong(number.ptr());
  if (PyErr_Occurred() == nullptr) return;
  PyErr_Clear();
  Refuse(name, "a whole number from 0 to 2**64 - 1", given);
}

std::string Arguments::Number(const std::string& name, nb::handle given) {
  const std::optional<int64_t> number = WholeNumber(name.c_str(), given);
  if (!number || *number < 0) Refuse(name, "a whole number from 0 to 2**63 - 1", given);
  return std::to_string(number.value_or(0));
}

// A list of episodes: a number, numbers, or a text.
void Arguments::TakeRule(const std::string& name, nb::handle given, std::string& episodes) {
  if (nb::isinstance<nb::str>(given)) {
    episodes = Text(name, given);
  } else if (PyIndex_Check(given.ptr())) {
    episodes = Number(name, given);
  } else if (PyObject_IsInstance(given.ptr(), reinterpret_cast<PyObject*>(&PyRange_Type)) == 1 &&
             nb::len(given) > 0 && nb::cast<int64_t>(given.attr("step")) == 1) {
    episodes = Number(name, given[0]) + "-" + Number(name, given[-1]);
  } else {
    const nb::list items =
        Several(name, given, "a whole number, several, a range or a text as 0-9,12,20-");
    for (const nb::handle each : items)
      episodes += (episodes.empty() ? "" : ",") + Number(name + "[...]", each);
  }
  // No text at all would be that of all episodes.
  if (episodes.empty()) Refuse(name, "at least one episode, or None for all", given);
}

void Arguments::TakeRule(const std::string& name, nb::handle given,
                         std::vector<std::string>& texts) {
  if (nb::isinstance<nb::str>(given)) {
    texts.push_back(Text(name, given));
    return;
  }
  for (const nb::handle each : Several(name, given, "a text or several"))
    texts.push_back(Text(name + "[" + std::to_string(texts.size()) + "]", each));
}

void Arguments::TakeRule(const std::string& name, nb::handle given, std::vector<Rule>& rules) {
  const nb::object items =
      nb::steal(PyMapping_Check(given.ptr()) != 0 && !nb::isinstance<nb::str>(given) &&
                        nb::hasattr(given, "items")
                    ? PyMapping_Items(given.ptr())
                    : nullptr);
  if (!items.is_valid()) {
    PyErr_Clear();
    throw WrongType(name, "a dict", given);
  }
  const std::string rule = name.substr(name.rfind('.') + 1);
  for (const nb::handle item : nb::iter(items)) {
    const nb::object key = item[0], value = item[1];
    const std::string place = name + "[" + Shown(key) + "]";
    rules.push_back(
        {rule == "trim" ? Number("a key of " + name, key) : Text("a key of " + name, key),
         RuleValue(rule, place, value)});
  }
}

std::string Arguments::RuleValue(const std::string& rule, const std::string& name,
                                 nb::handle given) {
  if (rule == "pad") return Number(name, given);
  if (rule == "trim" && !nb::isinstance<nb::str>(given)) {
    const nb::list ends = Several(name, given, "a text as 10-250, or the first and the last frame");
    if (nb::len(ends) != 2)
      throw WrongType(name, "a text as 10-250, or the first and the last frame", given);
    return Number(name, ends[0]) + "-" + Number(name, ends[1]);
  }
  if (rule == "fill" && !nb::isinstance<nb::str>(given)) {
    if (nb::isinstance<nb::bool_>(given)) return nb::cast<bool>(given) ? "true" : "false";
    if (PyIndex_Check(given.ptr()) != 0)
      return nb::str(nb::steal(PyNumber_Index(given.ptr()))).c_str();
    const nb::object number = Checked(PyNumber_Float(given.ptr()), PyExc_OverflowError, name,
                                      "a number, True, False or a text", given);
    if (number.is_valid()) return nb::str(nb::repr(number)).c_str();
    Refuse(name, "a number that a double can hold", given);
    return "";
  }
  return Text(name, given);
}

bool Arguments::Flag(const char* name, nb::handle given) {
  if (!nb::isinstance<nb::bool_>(given)) throw WrongType(name, "True or False", given);
  return nb::cast<bool>(given);
}

void Arguments::TakeValue(const char* name, nb::handle given, double& value) {
  if (given.is_none()) return;
  if (nb::isinstance<nb::bool_>(given) || nb::isinstance<nb::str>(given))
    throw WrongType(name, "a number", given);
  const nb::object number =
      Checked(PyNumber_Float(given.ptr()), PyExc_OverflowError, name, "a number", given);
  if (number.is_valid())
    value = nb::cast<double>(number);
  else
    Refuse(name, "a number that a double can hold", given);
}

std::optional<int64_t> Arguments::WholeNumber(const char* name, nb::handle given) {
  if (nb::isinstance<nb::bool_>(given)) throw WrongType(name, "a whole number", given);
  const nb::object number =
      Checked(PyNumber_Index(given.ptr()), nullptr, name, "a whole number", given);
  int overflow = 0;
  const int64_t value = PyLong_AsLongLongAndOverflow(number.ptr(), &overflow);
  return overflow == 0 ? std::optional(value) : std::nullopt;
}

std::optional<size_t> Arguments::IndexOfName(const char* name, nb::handle given,
                                             std::span<const std::string_view> names) {
  std::string expected;
  for (size_t index = 0; index < names.size(); ++index) {
    expected += index == 0 ? "" : index + 1 == names.size() ? " or " : ", ";
    expected += names[index];
  }
  if (!nb::isinstance<nb::str>(given)) throw WrongType(name, expected, given);
  const auto found = std::find(names.begin(), names.end(), TextOf(given));
  if (found != names.end()) return static_cast<size_t>(found - names.begin());
  Refuse(name, expected, given);
  return std::nullopt;
}

void Arguments::Refuse(const std::string& name, std::string expected, nb::handle given,
                       const char* kind) {
  problems_.push_back(Problem(Code::kInvalidArgument, "wrong value for `" + name + "`")
                          .Kind(kind)
                          .Expected(std::move(expected))
                          .Found(Shown(given)));
}

Problem ProblemFromPython(const nb::dict& fields) {
  Problem problem(Code::kInternal, "");
  Problem::VisitFields(problem, [&fields](const char* name, auto& value) {
    const nb::object given = fields[name];
    if constexpr (std::is_same_v<decltype(value), Code&>)
      value = FromName<Code>(TextOf(given)).value_or(value);
    else if constexpr (std::is_same_v<decltype(value), std::string&>)
      value = TextOf(given);
    else
      for (const nb::handle each : given) value.push_back(TextOf(each));
  });
  return problem;
}

}  // namespace robomerge::python
