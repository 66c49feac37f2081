#include "from_python.h"

#include <algorithm>

namespace robomerge::python {
namespace {

namespace nb = nanobind;

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
nb::list Arguments::Several(const std::string& name, nb::handle given) {
  const bool is_one = nb::isinstance<nb::str>(given) || nb::isinstance<nb::bytes>(given) ||
                      nb::hasattr(given, "__fspath__");
  if (is_one || !nb::hasattr(given, "__iter__")) throw WrongType(name, "several paths", given);
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
  for (const nb::handle each : Several(name, given)) {
    const std::string place = name + "[" + std::to_string(sources.size()) + "]";
    if (!nb::hasattr(each, "location")) {
      sources.emplace_back(Path(place, each));
      continue;
    }
    SourceSpec& source = sources.emplace_back(Path(place + ".location", each.attr("location")));
    const nb::object source_name = each.attr("name");
    if (!nb::isinstance<nb::str>(source_name))
      throw WrongType(place + ".name", "a text", source_name);
    const nb::object bytes = Checked(PyUnicode_AsUTF8String(source_name.ptr()), PyExc_ValueError,
                                     place + ".name", "a text", source_name);
    if (bytes.is_valid())
      source.name.assign(nb::cast<nb::bytes>(bytes).c_str(), nb::len(bytes));
    else
      Refuse(place + ".name", "a text that UTF-8 can hold", source_name);
  }
  return sources;
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
