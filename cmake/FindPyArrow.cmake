# Finds Arrow and Parquet C++ as the pyarrow wheel ships them: targets PyArrow::arrow and
# PyArrow::parquet.
#
# The wheel has headers and versioned libraries (libarrow.so.2600) but no CMake package and no
# unversioned symlink, hence this module. Input: PYARROW_DIR, or Python_EXECUTABLE, or the .venv that
# scripts/setup.sh makes. Output also: PYARROW_VERSION, PYARROW_DIR.
if(NOT Python_EXECUTABLE AND EXISTS ${PROJECT_SOURCE_DIR}/.venv/bin/python)
  set(Python_EXECUTABLE ${PROJECT_SOURCE_DIR}/.venv/bin/python)
endif()
find_package(Python 3.9 QUIET COMPONENTS Interpreter)

if(Python_EXECUTABLE AND NOT PYARROW_DIR)
  # find_spec does not load the libraries, so this also works when they do not fit the machine.
  execute_process(
    COMMAND ${Python_EXECUTABLE} -c
            "import importlib.util as u; s = u.find_spec('pyarrow'); print(s.submodule_search_locations[0] if s else '')"
    OUTPUT_VARIABLE PYARROW_DIR OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()

if(PYARROW_DIR AND EXISTS ${PYARROW_DIR}/include/arrow/util/config.h)
  file(STRINGS ${PYARROW_DIR}/include/arrow/util/config.h _lines REGEX "#define ARROW_(VERSION_STRING|SO_VERSION) ")
  foreach(_line ${_lines})
    if(_line MATCHES "ARROW_([A-Z_]+) \"([^\"]*)\"")
      set(PYARROW_${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
    endif()
  endforeach()
  set(PYARROW_VERSION ${PYARROW_VERSION_STRING})
  foreach(_library arrow parquet)
    if(NOT TARGET PyArrow::${_library} AND EXISTS ${PYARROW_DIR}/lib${_library}.so.${PYARROW_SO_VERSION})
      add_library(PyArrow::${_library} SHARED IMPORTED)
      set_target_properties(PyArrow::${_library} PROPERTIES
        IMPORTED_LOCATION ${PYARROW_DIR}/lib${_library}.so.${PYARROW_SO_VERSION}
        INTERFACE_INCLUDE_DIRECTORIES ${PYARROW_DIR}/include
        SYSTEM TRUE)
    endif()
  endforeach()
  if(TARGET PyArrow::parquet)
    target_link_libraries(PyArrow::parquet INTERFACE PyArrow::arrow)
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(PyArrow
  REQUIRED_VARS PYARROW_DIR PYARROW_SO_VERSION
  VERSION_VAR PYARROW_VERSION
  REASON_FAILURE_MESSAGE "no pyarrow wheel found: run scripts/setup.sh, or pass -DPython_EXECUTABLE=<a python that has pyarrow>")
