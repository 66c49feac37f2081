# Finds libyaml as Debian's libyaml-dev and other systems ship it: target LibYaml::yaml. The static
# library is preferred, so that a wheel needs none where it is installed.
find_path(LIBYAML_INCLUDE_DIR yaml.h)
find_library(LIBYAML_LIBRARY NAMES libyaml.a yaml)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibYaml
  REQUIRED_VARS LIBYAML_LIBRARY LIBYAML_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "no libyaml found: run scripts/setup.sh, or install what Debian calls libyaml-dev")
if(LibYaml_FOUND AND NOT TARGET LibYaml::yaml)
  add_library(LibYaml::yaml UNKNOWN IMPORTED)
  set_target_properties(LibYaml::yaml PROPERTIES
    IMPORTED_LOCATION ${LIBYAML_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${LIBYAML_INCLUDE_DIR})
endif()
mark_as_advanced(LIBYAML_INCLUDE_DIR LIBYAML_LIBRARY)
