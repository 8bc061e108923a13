# Debian's packages by CPack: `./dev package` makes them. They are cut by the components of install().
set(CPACK_PACKAGE_NAME cafbus)
set(CPACK_PACKAGE_VENDOR "The cafbus authors")
set(CAFBUS_MAINTAINER "The cafbus authors <cafbus@example.org>" CACHE STRING "Who answers for Debian packages")
set(CPACK_PACKAGE_CONTACT "${CAFBUS_MAINTAINER}")
set(CPACK_PACKAGE_DIRECTORY "${PROJECT_BINARY_DIR}/packages")
set(CPACK_PACKAGING_INSTALL_PREFIX "${CMAKE_INSTALL_PREFIX}")
set(CPACK_GENERATOR DEB)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL program dev doc)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_COMPONENT_PROGRAM_DESCRIPTION "event bus for the processes of one machine
One daemon per application holds the upstream connection; any number of local
processes consume its events over a Unix socket. A slow consumer loses its own
oldest events, is told how many, and delays nobody else.

This package has the program cafbus, the gateway for HTTP and the benchmark.")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME cafbus)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS "cafbus-doc")
# loaded when it is needed, so that no tool finds it in the program
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS "libsystemd0")
foreach (script IN ITEMS prerm postinst)
  configure_file("config/cmake/${script}.in" "${PROJECT_BINARY_DIR}/debian/${script}" @ONLY
    FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  list(APPEND CPACK_DEBIAN_PROGRAM_PACKAGE_CONTROL_EXTRA "${PROJECT_BINARY_DIR}/debian/${script}")
endforeach ()

set(CPACK_COMPONENT_DEV_DESCRIPTION "event bus for the processes of one machine (development)
One daemon per application holds the upstream connection; any number of local
processes consume its events over a Unix socket.

This package has static libraries and headers: the bus for programs of the C++
Actor Framework, a client in plain C++, and whole buses in virtual time for
tests; and what CMake and pkg-config find them by.")
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libcafbus-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libcaf-dev (>= 0.17.6), libcaf-dev (<< 0.18), libfmt-dev, \
libsimdjson-dev (>= 3.0), libspdlog-dev (>= 1:1.10)")
set(CPACK_DEBIAN_DEV_PACKAGE_SUGGESTS "cafbus-doc, libssl-dev")

set(CPACK_COMPONENT_DOC_DESCRIPTION "event bus for the processes of one machine (documentation)
One daemon per application holds the upstream connection; any number of local
processes consume its events over a Unix socket.

This package has the guides, the wire protocol with its schema and conformance
vectors, recipes and examples.")
set(CPACK_DEBIAN_DOC_PACKAGE_NAME cafbus-doc)
set(CPACK_DEBIAN_DOC_PACKAGE_SECTION doc)
set(CPACK_DEBIAN_DOC_PACKAGE_ARCHITECTURE all)

# What Debian wants of each package beside its files.
find_program(CAFBUS_GZIP gzip REQUIRED)
set(_debian "${PROJECT_BINARY_DIR}/debian")
file(READ LICENSE CAFBUS_LICENSE)
string(REGEX REPLACE "^MIT License\n\nCopyright[^\n]*\n\n" "" CAFBUS_LICENSE "${CAFBUS_LICENSE}")
string(STRIP "${CAFBUS_LICENSE}" CAFBUS_LICENSE)
string(REPLACE "\n\n" "\n.\n" CAFBUS_LICENSE "${CAFBUS_LICENSE}")
string(REPLACE "\n" "\n " CAFBUS_LICENSE "${CAFBUS_LICENSE}")
configure_file(config/cmake/copyright.in "${_debian}/copyright" @ONLY)
string(TIMESTAMP CAFBUS_BUILD_TIME "%a, %d %b %Y %H:%M:%S +0000" UTC) # SOURCE_DATE_EPOCH, if it is set
configure_file(config/cmake/changelog.in "${_debian}/changelog.Debian" @ONLY)
foreach (component IN ITEMS PROGRAM DEV DOC)
  set(_doc "${CMAKE_INSTALL_DATADIR}/doc/${CPACK_DEBIAN_${component}_PACKAGE_NAME}")
  string(TOLOWER "${component}" component)
  install(FILES "${_debian}/copyright" DESTINATION "${_doc}" COMPONENT ${component})
  install(FILES "${_debian}/changelog.Debian.gz" DESTINATION "${_doc}" COMPONENT ${component})
endforeach ()
execute_process(COMMAND "${CAFBUS_GZIP}" -9nkf "${_debian}/changelog.Debian" COMMAND_ERROR_IS_FATAL ANY)
install(CODE "file(GLOB_RECURSE pages \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_MANDIR}/man*/*.[1-8]\")
foreach (page IN LISTS pages)
  execute_process(COMMAND \"${CAFBUS_GZIP}\" -9nf \"\${page}\" COMMAND_ERROR_IS_FATAL ANY)
endforeach ()" COMPONENT program)
include(CPack)
