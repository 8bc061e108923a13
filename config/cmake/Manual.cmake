# The manual's pages, which the program's own help and the guides are made into.
find_program(CAFBUS_PANDOC pandoc)
find_program(CAFBUS_PYTHON python3)
if (NOT CAFBUS_PANDOC OR NOT CAFBUS_PYTHON)
  set(_manual_found OFF)
  cafbus_expect(CAFBUS_MANUAL _manual_found "pandoc and python3" "pandoc python3")
  return ()
endif ()
set(_pages "${PROJECT_BINARY_DIR}/man")
add_custom_command(OUTPUT "${_pages}.done"
  COMMAND "${CAFBUS_PYTHON}" -B "${PROJECT_SOURCE_DIR}/config/man/make_pages.py" "$<TARGET_FILE:cafbus_cli>"
          "${PROJECT_SOURCE_DIR}" "${_pages}"
  COMMAND "${CMAKE_COMMAND}" -E touch "${_pages}.done"
  DEPENDS cafbus_cli config/man/make_pages.py config/OPERATIONS.md actors/SOURCES.md
          messages/PROTOCOL.md messages/CHOICE.md messages/HISTORY.md messages/GROUPS.md
  COMMENT "Writing the manual's pages"
  VERBATIM)
add_custom_target(cafbus_manual ALL DEPENDS "${_pages}.done")
install(DIRECTORY "${_pages}/" DESTINATION "${CMAKE_INSTALL_MANDIR}" COMPONENT program)
