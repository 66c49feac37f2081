# The rooms, and what links what: all from cmake/rooms.json, the table against which
# scripts/check_layers.py checks the includes.
set(ROBOMERGE_ROOMS "")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/rooms.json)
file(READ ${CMAKE_CURRENT_LIST_DIR}/rooms.json rooms_json)

# robomerge_append(list key ...): appends the strings of the JSON array under the keys.
function(robomerge_append list)
  string(JSON length ERROR_VARIABLE error LENGTH "${rooms_json}" ${ARGN})
  if(NOT error AND length GREATER 0)
    math(EXPR last "${length} - 1")
    foreach(i RANGE ${last})
      string(JSON value GET "${rooms_json}" ${ARGN} ${i})
      list(APPEND ${list} ${value})
    endforeach()
  endif()
  set(${list} ${${list}} PARENT_SCOPE)
endfunction()

# ROBOMERGE_ROOMS: the folders below src/, in the order of the table. For each,
# ROBOMERGE_LINKS_<folder>: the folders it may include, by single headers or for some of its files
# too.
string(JSON num_rooms LENGTH "${rooms_json}" rooms)
math(EXPR last_room "${num_rooms} - 1")
foreach(i RANGE ${last_room})
  string(JSON room GET "${rooms_json}" rooms ${i} name)
  list(APPEND ROBOMERGE_ROOMS ${room})
  set(links "")
  robomerge_append(links rooms ${i} may_include)
  string(JSON num_patterns ERROR_VARIABLE error LENGTH "${rooms_json}" rooms ${i} files)
  if(NOT error)
    math(EXPR last_pattern "${num_patterns} - 1")
    foreach(j RANGE ${last_pattern})
      string(JSON pattern MEMBER "${rooms_json}" rooms ${i} files ${j})
      robomerge_append(links rooms ${i} files ${pattern})
    endforeach()
  endif()
  list(TRANSFORM links REPLACE "/[^/]*[.]h$" "")
  set(ROBOMERGE_LINKS_${room} ${links})
endforeach()

# robomerge_room_targets(variable folder ...): the libraries of rooms, such as robomerge_mp4 of
# formats/mp4.
function(robomerge_room_targets variable)
  list(TRANSFORM ARGN REPLACE "^.*/" "")
  list(TRANSFORM ARGN PREPEND robomerge_)
  set(${variable} ${ARGN} PARENT_SCOPE)
endfunction()

# robomerge_add_tests(name): the tests of the program <name>_test, for ctest. Under a sanitizer a
# process takes half a second to start, so there they run in four parts.
function(robomerge_add_tests name)
  if(NOT ROBOMERGE_SANITIZE)
    gtest_discover_tests(${name}_test TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60)
    return()
  endif()
  foreach(part RANGE 3)
    add_test(NAME ${name}.${part} COMMAND ${name}_test --gtest_brief=1)
    set_tests_properties(${name}.${part} PROPERTIES ENVIRONMENT "GTEST_TOTAL_SHARDS=4;GTEST_SHARD_INDEX=${part}")
  endforeach()
endfunction()

# robomerge_unite(target): compiles several files at once, since most of the time of a small file
# goes into its headers: a whole build takes a third of the time, an edit a bit more. So a name in an
# unnamed namespace belongs to one file of a room. A missing include is found by scripts/lint.sh and
# by the debug preset, which compile each file on its own.
function(robomerge_unite target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${ROBOMERGE_UNITY} UNITY_BUILD_BATCH_SIZE 8)
  # GCC takes a .cc file that another one includes for a header.
  if(ROBOMERGE_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
endfunction()

# robomerge_room(name [SOURCES ...] [LIBRARIES ...] [PRIVATE ...] [TESTS ...] [TEST_ROOMS folder
# ...]
#                [PRECOMPILE header ...])
#
# Adds the static library robomerge_<name> of the room in the current folder, linked with the rooms
# that the table lets it include, and one test program <name>_test from its *_test.cc files.
# LIBRARIES are outside targets seen through the room's headers; PRIVATE ones are seen by its .cc
# files alone. TEST_ROOMS are the further rooms that the tests link; a header of testing/ that is
# all inline needs none. PRECOMPILE are outside headers that most files of the room include.
function(robomerge_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;LIBRARIES;PRIVATE;TESTS;TEST_ROOMS;PRECOMPILE" ${ARGN})
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR}/src ${CMAKE_CURRENT_SOURCE_DIR})
  robomerge_room_targets(links ${ROBOMERGE_LINKS_${folder}})
  add_library(robomerge_${name} STATIC ${ROOM_SOURCES})
  target_include_directories(robomerge_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(robomerge_${name} PUBLIC ${links} ${ROOM_LIBRARIES} PRIVATE ${ROOM_PRIVATE})
  robomerge_precompile(robomerge_${name} ${ROOM_PRECOMPILE})
  robomerge_unite(robomerge_${name})
  if(ROBOMERGE_BUILD_TESTS AND ROOM_TESTS)
    robomerge_room_targets(test_links ${ROOM_TEST_ROOMS})
    add_executable(${name}_test ${ROOM_TESTS})
    target_link_libraries(${name}_test PRIVATE robomerge_${name} ${test_links} ${ROOM_PRIVATE} GTest::gmock_main)
    add_dependencies(unit_tests ${name}_test)
    robomerge_test_program(${name}_test ${ROOM_PRECOMPILE})
    robomerge_add_tests(${name})
  endif()
endfunction()
