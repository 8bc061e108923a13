# What is installed beside the library: the program, completions, units, guides.
install(TARGETS cafbus_cli RUNTIME COMPONENT program)
# Debian's packages put zsh's functions into share/zsh/vendor-completions
set(CAFBUS_ZSH_DIR "${CMAKE_INSTALL_DATADIR}/zsh/site-functions" CACHE STRING "Where the completion for zsh is installed")
install(FILES cli/completions/cafbus.bash RENAME cafbus DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions"
        COMPONENT program)
install(FILES cli/completions/_cafbus DESTINATION "${CAFBUS_ZSH_DIR}" COMPONENT program)
install(FILES cli/completions/cafbus.fish DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d"
        COMPONENT program)
# They wait for a word that only a program with libsystemd says
set(CAFBUS_SYSTEMD_DIR "lib/systemd" CACHE STRING "Where systemd's units are installed; empty: nowhere")
if (SYSTEMD_FOUND AND CAFBUS_SYSTEMD_DIR)
  foreach (manager IN ITEMS system user)
    foreach (unit IN ITEMS cafbus@.service cafbus-consume@.service)
      configure_file("config/systemd/${manager}/${unit}.in" "${PROJECT_BINARY_DIR}/systemd/${manager}/${unit}" @ONLY)
    endforeach ()
    install(DIRECTORY "${PROJECT_BINARY_DIR}/systemd/${manager}" DESTINATION "${CAFBUS_SYSTEMD_DIR}" COMPONENT program)
    install(FILES "config/systemd/${manager}/cafbus@.socket" DESTINATION "${CAFBUS_SYSTEMD_DIR}/${manager}"
            COMPONENT program)
  endforeach ()
  install(FILES config/systemd/cafbus.sysusers RENAME cafbus.conf DESTINATION lib/sysusers.d COMPONENT program)
endif ()
install(FILES README.md CHANGELOG.md config/OPERATIONS.md config/METRICS.md config/SECURITY.md actors/SOURCES.md
        cli/CONSUME.md messages/PROTOCOL.md messages/CHOICE.md messages/LINKS.md messages/HISTORY.md messages/GROUPS.md io/remote/REMOTE.md clients/asyncapi.json
        DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT doc)
install(FILES gateway/README.md DESTINATION "${CMAKE_INSTALL_DOCDIR}/gateway" COMPONENT doc)
install(FILES config/prometheus/alerts.yml config/prometheus/cafbus-dashboard.json
        DESTINATION "${CMAKE_INSTALL_DATADIR}/cafbus/prometheus" COMPONENT program)
install(DIRECTORY messages/vectors DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT doc)
install(DIRECTORY examples DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT doc USE_SOURCE_PERMISSIONS
        PATTERN CMakeLists.txt EXCLUDE PATTERN __pycache__ EXCLUDE)
