# For tests, ours and others': whole buses in virtual time, faults, and the laws that tests check at their end.
add_library(cafbus_testing STATIC
  tests/testing/decisions.cpp
  tests/testing/explore.cpp
  tests/testing/harness.cpp
  tests/testing/harness_checks.cpp
  tests/testing/harness_clients.cpp
  tests/testing/harness_faults.cpp
  tests/testing/harness_time.cpp
  tests/testing/laws.cpp
  tests/testing/message_relay.cpp
  tests/testing/node_wire.cpp
  tests/testing/run_trace.cpp
  tests/testing/schedule.cpp
  tests/testing/scripted_actors.cpp
  tests/testing/simulated_network.cpp
  tests/testing/socket_client.cpp
  tests/testing/stream_ledger.cpp
)
add_library(cafbus::testing ALIAS cafbus_testing)
set_target_properties(cafbus_testing PROPERTIES CXX_EXTENSIONS OFF EXPORT_NAME testing)
target_include_directories(cafbus_testing PRIVATE "${PROJECT_SOURCE_DIR}/tests")
target_link_libraries(cafbus_testing PUBLIC cafbus::cafbus PRIVATE "$<BUILD_INTERFACE:cafbus_flags>" spdlog::spdlog)
