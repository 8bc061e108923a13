# Links to other buses, in two libraries: with TLS, which alone needs OpenSSL, and without.
if (CAFBUS_PROGRAM)
  find_package(OpenSSL 3.0 REQUIRED)
else ()
  find_package(OpenSSL 3.0 QUIET)
endif ()

add_library(cafbus_link_parts OBJECT
  io/links/add_links.cpp
  io/links/link_broker.cpp
  io/links/link_connector.cpp
  io/links/link_session.cpp
  io/links/link_terms.cpp
  io/links/node_links.cpp
  io/links/tcp_socket.cpp
)
target_link_libraries(cafbus_link_parts PRIVATE cafbus cafbus_flags spdlog::spdlog)

function (cafbus_add_links name export tls)
  add_library(${name} STATIC $<TARGET_OBJECTS:cafbus_link_parts> ${tls})
  add_library(cafbus::${export} ALIAS ${name})
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF EXPORT_NAME ${export})
  target_link_libraries(${name} PUBLIC cafbus::cafbus PRIVATE "$<BUILD_INTERFACE:cafbus_flags>" spdlog::spdlog)
endfunction ()
cafbus_add_links(cafbus_links links io/links/no_tls.cpp)
set(CAFBUS_LINK_LIBRARIES cafbus_links)
if (OpenSSL_FOUND)
  cafbus_add_links(cafbus_links_tls links_tls io/links/tls.cpp)
  target_link_libraries(cafbus_links_tls PRIVATE OpenSSL::SSL)
  list(APPEND CAFBUS_LINK_LIBRARIES cafbus_links_tls)
endif ()
if (NOT PROJECT_IS_TOP_LEVEL) # only for who uses them
  set_target_properties(cafbus_link_parts ${CAFBUS_LINK_LIBRARIES} PROPERTIES EXCLUDE_FROM_ALL ON)
endif ()
