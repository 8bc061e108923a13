# Finds libjq (Debian's libjq-dev ships no pkg-config file). Result: JQ_FOUND and the target Jq::jq.
find_path(JQ_INCLUDE_DIR jq.h)
find_library(JQ_LIBRARY jq)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Jq REQUIRED_VARS JQ_LIBRARY JQ_INCLUDE_DIR)
set(JQ_FOUND ${Jq_FOUND})
if (JQ_FOUND AND NOT TARGET Jq::jq)
  add_library(Jq::jq UNKNOWN IMPORTED)
  set_target_properties(Jq::jq PROPERTIES
    IMPORTED_LOCATION "${JQ_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${JQ_INCLUDE_DIR}")
endif ()
mark_as_advanced(JQ_INCLUDE_DIR JQ_LIBRARY)
