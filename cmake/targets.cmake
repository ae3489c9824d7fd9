# pp_library(NAME [DEPS ...] [LINK ...] [PCH base|asio|rpc])
#
# The library of the folder it stands in, from the names of its files:
#   *.cc                     the library
#   *_test.cc                NAME_test, label unit: needs nothing but the build
#   *_integration_test.cc    NAME_integration_test, label integration: starts PostgreSQL or Redis of its own
#   *_fuzz.cc                one libFuzzer target each, with PP_FUZZ
#   *_benchmark.cc           NAME_benchmark
# DEPS are other libraries of ours (checked by tools/check_layers.py), LINK what Debian gives.
function(pp_library name)
  cmake_parse_arguments(ARG "" "PCH" "DEPS;LINK" ${ARGN})
  if(NOT ARG_PCH)
    set(ARG_PCH base)
  endif()
  file(GLOB all CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc ${CMAKE_CURRENT_SOURCE_DIR}/*/*.cc
       ${CMAKE_CURRENT_SOURCE_DIR}/*/*/*.cc)
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "(_test|_fuzz|_benchmark|/main)\\.cc$")
  set(tests ${all})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(integration ${tests})
  list(FILTER tests EXCLUDE REGEX "_integration_test\\.cc$")
  list(FILTER integration INCLUDE REGEX "_integration_test\\.cc$")
  set(fuzzers ${all})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  set(benchmarks ${all})
  list(FILTER benchmarks INCLUDE REGEX "_benchmark\\.cc$")

  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC pp_common ${ARG_DEPS} ${ARG_LINK})
    target_compile_options(${name} PRIVATE ${PP_WARNINGS})
    target_precompile_headers(${name} REUSE_FROM pp_pch_${ARG_PCH})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE pp_common ${ARG_DEPS} ${ARG_LINK})
  endif()

  foreach(kind IN ITEMS test integration)
    if(kind STREQUAL "test")
      set(files ${tests})
      set(target ${name}_test)
      set(label unit)
    else()
      set(files ${integration})
      set(target ${name}_integration_test)
      set(label integration)
    endif()
    if(files AND NOT PP_FUZZ)
      add_executable(${target} EXCLUDE_FROM_ALL ${files})
      target_link_libraries(${target} PRIVATE ${name} testing GTest::gtest GTest::gtest_main)
      target_compile_options(${target} PRIVATE ${PP_WARNINGS})
      target_precompile_headers(${target} REUSE_FROM pp_pch_${ARG_PCH})
      target_compile_definitions(${target} PRIVATE PP_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
      if(kind STREQUAL "integration")
        add_test(NAME ${target} COMMAND python3 ${CMAKE_SOURCE_DIR}/tools/with_data.py $<TARGET_FILE:${target}> --gtest_brief=1)
      else()
        add_test(NAME ${target} COMMAND ${target} --gtest_brief=1)
      endif()
      set_tests_properties(${target} PROPERTIES LABELS ${label} TIMEOUT 300)
      add_dependencies(all_${label}_tests ${target})
    endif()
  endforeach()

  if(PP_FUZZ)
    foreach(file IN LISTS fuzzers)
      get_filename_component(target ${file} NAME_WE)
      add_executable(${target} ${file})
      target_link_libraries(${target} PRIVATE ${name})
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
      add_dependencies(all_fuzzers ${target})
    endforeach()
  elseif(benchmarks)
    add_executable(${name}_benchmark EXCLUDE_FROM_ALL ${benchmarks})
    target_link_libraries(${name}_benchmark PRIVATE ${name} benchmark::benchmark benchmark::benchmark_main)
  endif()
endfunction()

# pp_binary(NAME DEPS ...): the program of the folder's main.cc.
function(pp_binary name)
  cmake_parse_arguments(ARG "" "PCH" "DEPS" ${ARGN})
  if(PP_FUZZ)
    return()
  endif()
  add_executable(${name} main.cc)
  target_link_libraries(${name} PRIVATE ${ARG_DEPS})
  target_compile_options(${name} PRIVATE ${PP_WARNINGS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()

# pp_sql(NAME): embeds sql/queries/*.sql and sql/migrations/*.sql of the folder as constants in sql/NAME_sql.h.
function(pp_sql name)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/sql/queries/*.sql
       ${CMAKE_CURRENT_SOURCE_DIR}/sql/migrations/*.sql)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/sql/${name}_sql.h)
  add_custom_command(
    OUTPUT ${out}
    COMMAND python3 ${CMAKE_SOURCE_DIR}/tools/embed_sql.py ${name} ${CMAKE_CURRENT_SOURCE_DIR}/sql ${out}
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/tools/embed_sql.py)
  add_custom_target(${name}_sql_header DEPENDS ${out})
  add_library(${name}_sql INTERFACE)
  add_dependencies(${name}_sql ${name}_sql_header)
  target_include_directories(${name}_sql INTERFACE ${CMAKE_CURRENT_BINARY_DIR}/sql)
endfunction()
