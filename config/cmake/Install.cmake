# What is public: a few headers, each of which compiles alone. Those of the clients do without CAF.
set(CAFBUS_CLIENT_HEADERS
  base/deadline.hpp
  base/result.hpp
  base/spawn.hpp
  base/unique_fd.hpp
  config/defaults.hpp
  config/reload_result.hpp
  config/runtime_limits.hpp
  config/version.hpp
  io/client/blocking_client.hpp
  io/client/client.hpp
  io/client/publisher.hpp
  messages/close_reason.hpp
  messages/event_batch.hpp
  messages/event_cursor.hpp
  messages/event_encoder.hpp
  messages/event_filter.hpp
  messages/event_frame.hpp
  messages/event_view.hpp
  messages/frame_codec.hpp
  messages/frame_splitter.hpp
  messages/frames.hpp
  messages/states.hpp
  messages/words.hpp)
set(CAFBUS_BUS_HEADERS
  actors/add_sources.hpp
  actors/bus.hpp
  config/bus_options.hpp
  config/link_rights.hpp
  config/log_callback.hpp
  config/node_options.hpp
  io/links/add_links.hpp
  io/remote/remote_bus.hpp
  io/sockets/serve.hpp
  messages/actor_messages.hpp
  messages/delivery_messages.hpp
  messages/group_messages.hpp
  messages/actors.hpp
  messages/remote_actors.hpp
  messages/stream_list.hpp)
set(CAFBUS_TESTING_HEADERS # in tests/
  testing/decisions.hpp
  testing/explore.hpp
  testing/harness.hpp
  testing/laws.hpp
  testing/message_relay.hpp
  testing/scripts.hpp
  testing/socket_client.hpp
  testing/trace_options.hpp)

# The tree of <cafbus/...>, as it is installed; whoever links the libraries in a build tree sees the same.
set(_staged)
set(_checks)
foreach (header IN LISTS CAFBUS_CLIENT_HEADERS CAFBUS_BUS_HEADERS CAFBUS_TESTING_HEADERS)
  set(from "${PROJECT_SOURCE_DIR}/${header}")
  if (header IN_LIST CAFBUS_TESTING_HEADERS)
    set(from "${PROJECT_SOURCE_DIR}/tests/${header}")
  endif ()
  set(staged "${CAFBUS_STAGED_INCLUDE}/cafbus/${header}")
  add_custom_command(OUTPUT "${staged}"
    COMMAND "${CMAKE_COMMAND}" "-DFROM=${from}" "-DTO=${staged}"
            -P "${PROJECT_SOURCE_DIR}/config/cmake/PublicHeader.cmake"
    DEPENDS "${from}" "${PROJECT_SOURCE_DIR}/config/cmake/PublicHeader.cmake"
    VERBATIM)
  list(APPEND _staged "${staged}")
  # a program of this header alone, twice, so that a guard is missed as well
  string(REPLACE "/" "_" check "${header}")
  set(check "${PROJECT_BINARY_DIR}/header_check/${check}.cpp")
  set(content "#include <cafbus/${header}>\n#include <cafbus/${header}>\n")
  if (header IN_LIST CAFBUS_CLIENT_HEADERS)
    string(APPEND content "#ifdef CAF_VERSION\n#error a header of the clients must do without CAF\n#endif\n")
  endif ()
  file(CONFIGURE OUTPUT "${check}" CONTENT "${content}" @ONLY)
  list(APPEND _checks "${check}")
endforeach ()
# <cafbus/cafbus.hpp>: all that a program needs that embeds a bus
set(_umbrella "// What a program needs that embeds a bus.\n#pragma once\n")
foreach (header IN ITEMS actors/add_sources.hpp actors/bus.hpp config/log_callback.hpp config/version.hpp
                         io/sockets/serve.hpp messages/event_encoder.hpp)
  string(APPEND _umbrella "#include \"cafbus/${header}\" // IWYU pragma: export\n")
endforeach ()
file(CONFIGURE OUTPUT "${CAFBUS_STAGED_INCLUDE}/cafbus/cafbus.hpp" CONTENT "${_umbrella}" @ONLY)
add_custom_target(cafbus_stage_headers ALL DEPENDS ${_staged})
add_dependencies(cafbus_client cafbus_stage_headers)

if (NOT PROJECT_IS_TOP_LEVEL)
  return() # that project says what is installed
endif ()

# Sees the staged headers and CAF, nothing else of this tree: an include of a header that is not public does not compile.
# `./dev odr` builds it.
add_library(cafbus_header_check OBJECT EXCLUDE_FROM_ALL ${_checks})
set_target_properties(cafbus_header_check PROPERTIES UNITY_BUILD OFF)
target_link_libraries(cafbus_header_check PRIVATE cafbus cafbus_user_flags)

include(CMakePackageConfigHelpers)
set(_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/cafbus")
set(_pc_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}/${_pc_dir}"
           OUTPUT_VARIABLE CAFBUS_PC_TO_PREFIX)
foreach (name IN ITEMS cafbus cafbus-client cafbus-links cafbus-links-tls)
  if (name STREQUAL "cafbus-links-tls" AND NOT TARGET cafbus_links_tls)
    continue ()
  endif ()
  configure_file("config/cmake/${name}.pc.in" "${PROJECT_BINARY_DIR}/${name}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${name}.pc" DESTINATION "${_pc_dir}" COMPONENT dev)
endforeach ()
write_basic_package_version_file("${PROJECT_BINARY_DIR}/cafbusConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/cafbusConfigVersion.cmake" config/cmake/cafbusConfig.cmake
              config/cmake/FindCAF.cmake
        DESTINATION "${_package_dir}" COMPONENT dev)
install(TARGETS cafbus_client EXPORT cafbusClientTargets ARCHIVE COMPONENT dev LIBRARY COMPONENT dev)
install(TARGETS cafbus cafbus_links cafbus_testing EXPORT cafbusTargets ARCHIVE COMPONENT dev LIBRARY COMPONENT dev)
install(EXPORT cafbusClientTargets NAMESPACE cafbus:: DESTINATION "${_package_dir}" COMPONENT dev)
install(EXPORT cafbusTargets NAMESPACE cafbus:: DESTINATION "${_package_dir}" COMPONENT dev)
if (TARGET cafbus_links_tls)
  install(TARGETS cafbus_links_tls EXPORT cafbusTlsTargets ARCHIVE COMPONENT dev)
  install(EXPORT cafbusTlsTargets NAMESPACE cafbus:: DESTINATION "${_package_dir}" COMPONENT dev)
endif ()
install(DIRECTORY "${CAFBUS_STAGED_INCLUDE}/cafbus" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT dev)
