#include "to_python.h"

namespace robomerge::python {

namespace nb = nanobind;

nb::str TextToPython(std::string_view text) {
  PyObject* object =
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "surrogateescape");
  if (object == nullptr) throw nb::python_error();
  return nb::steal<nb::str>(object);
}

}  // namespace robomerge::python
