# find_package(cafbus) gives cafbus::cafbus (the bus, with CAF) and cafbus::client (clients in plain C++);
# find_package(cafbus COMPONENTS client) only the latter, for which CAF need not be there. cafbus::links links buses
# without TLS; find_package(cafbus COMPONENTS links_tls) also gives cafbus::links_tls, which needs OpenSSL.
include(CMakeFindDependencyMacro)
find_dependency(simdjson 3.0)
include("${CMAKE_CURRENT_LIST_DIR}/cafbusClientTargets.cmake")
if (NOT "${cafbus_FIND_COMPONENTS}" STREQUAL "client")
  # Debian's CAF has no package file of its own; ours is for here only
  set(_cafbus_module_path "${CMAKE_MODULE_PATH}")
  list(PREPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}")
  find_dependency(CAF 0.17.6...<0.18 COMPONENTS core io)
  set(CMAKE_MODULE_PATH "${_cafbus_module_path}")
  unset(_cafbus_module_path)
  find_dependency(spdlog 1.10)
  include("${CMAKE_CURRENT_LIST_DIR}/cafbusTargets.cmake")
  if ("links_tls" IN_LIST cafbus_FIND_COMPONENTS)
    find_dependency(OpenSSL 3.0)
    include("${CMAKE_CURRENT_LIST_DIR}/cafbusTlsTargets.cmake")
  endif ()
endif ()
