"""Whoever changes a source finds what tests it: a file of its name in tests/, or what ELSEWHERE names for it."""
import glob
import os
import sys

FOLDERS = ["base", "messages", "config", "actors", "io", "cli", "gateway"]

# What no unit test can see, since it is the process, the terminal or another machine that matters; and parts of a class
# or of a chain that is tested as a whole.
ELSEWHERE = {
    "actors/command_output": ["e2e/14_a_command_is_a_source.py", "e2e/42_a_command_is_restarted.py"],
    "actors/consumer_report": ["actors/hub.test.cpp"],
    "actors/hub_log": ["e2e/95_the_log_goes_where_it_belongs.py"],
    "actors/file_watcher": ["actors/followed_file.test.cpp"],
    "actors/group_terms": ["actors/group.test.cpp"],
    "actors/groups": ["actors/group.test.cpp"],
    "actors/hub_past": ["actors/hub.test.cpp", "testing/history_switch.test.cpp"],
    "actors/line_input": ["actors/line_reader.test.cpp"],
    "actors/node_export": ["testing/link_grace.test.cpp", "io/links/link_resume.test.cpp", "e2e/70_buses_can_be_linked.py"],
    "actors/node_export_events": ["testing/link_losses.test.cpp", "testing/partition.test.cpp", "e2e/70_buses_can_be_linked.py"],
    "cli/bench": ["e2e/92_a_benchmark_is_a_command.py"],
    "cli/completion_command": ["e2e/90_the_shell_completes_the_command_line.py"],
    "cli/consume": ["e2e/21_consume_prints_what_it_is_asked_for.py"],
    "cli/consume_course": ["e2e/99_consume_goes_on_with_another_bus.py"],
    "cli/consume_flags": ["e2e/50_consume_options_combine.py"],
    "cli/consume_session": ["e2e/52_consume_ends_in_good_order.py"],
    "cli/consume_session_events": ["e2e/21_consume_prints_what_it_is_asked_for.py",
                                   "e2e/51_consume_runs_a_command_per_event.py"],
    "cli/consume_session_waiting": ["e2e/52_consume_ends_in_good_order.py", "e2e/82_silence_is_explained.py"],
    "cli/consumer_wait": ["e2e/57_a_script_can_wait_until_it_is_heard.py"],
    "cli/event_command": ["e2e/51_consume_runs_a_command_per_event.py"],
    "cli/description": ["e2e/91_every_option_is_documented.py"],
    "cli/explain": ["e2e/82_silence_is_explained.py"],
    "cli/farewell": ["e2e/55_the_last_line_accounts_for_every_event.py"],
    "cli/group_flags": ["e2e/29_a_group_shares_its_events.py"],
    "cli/http": ["e2e/76_http_serves_events_and_takes_them.py"],
    "cli/jq_flags": ["e2e/87_a_program_that_fails_costs_one_event.py"],
    "cli/jq_process": ["cli/jq_worker.test.cpp", "e2e/87_a_program_that_fails_costs_one_event.py"],
    "cli/logs": ["e2e/95_the_log_goes_where_it_belongs.py"],
    "cli/main": ["e2e/59_the_command_line_explains_itself.py"],
    "cli/no_jq_program": ["e2e/87_a_program_that_fails_costs_one_event.py"],
    "cli/no_top_terminal": ["e2e/96_top_shows_who_is_behind.py"],
    "cli/option_flags": ["e2e/40_options_can_be_set_everywhere.py"],
    "cli/publish": ["e2e/22_publish_tells_what_was_wrong.py"],
    "cli/publish_run": ["e2e/54_publish_says_how_far_it_got.py"],
    "cli/reload": ["e2e/45_sighup_takes_over_what_can_change.py"],
    "cli/restart": ["e2e/64_a_restart_hands_over.py"],
    "cli/serve": ["e2e/37_a_serve_fits_into_its_surroundings.py"],
    "cli/serve_command": ["e2e/46_check_config_says_where_each_value_comes_from.py"],
    "cli/start": ["e2e/30_a_command_starts_the_bus_it_needs.py"],
    "cli/silence": ["e2e/82_silence_is_explained.py"],
    "cli/status": ["e2e/34_status_tells_what_state_a_bus_is_in.py"],
    "cli/status_poller": ["e2e/96_top_shows_who_is_behind.py"],
    "cli/stop": ["e2e/33_stop_returns_when_the_bus_is_gone.py"],
    "cli/top": ["e2e/96_top_shows_who_is_behind.py"],
    "cli/top_terminal": ["e2e/96_top_shows_who_is_behind.py"],
    "cli/version": ["e2e/59_the_command_line_explains_itself.py"],
    "gateway/bus_port": ["e2e/76_http_serves_events_and_takes_them.py"],
    "gateway/feed": ["e2e/69_http_streams_continue.py", "e2e/76_http_serves_events_and_takes_them.py", "faults/14_hostile_http.py"],
    "gateway/feeds": ["e2e/76_http_serves_events_and_takes_them.py", "faults/14_hostile_http.py"],
    "gateway/gateway": ["e2e/78_http_knows_who_may_ask.py", "faults/14_hostile_http.py"],
    "gateway/main": ["e2e/76_http_serves_events_and_takes_them.py"],
    "gateway/session": ["e2e/78_http_knows_who_may_ask.py", "faults/14_hostile_http.py", "fuzz/gateway.cpp"],
    "io/client/publisher": ["io/client/client.test.cpp"],
    "io/daemon/daemon": ["e2e/11_a_bus_stops_cleanly.py", "e2e/45_sighup_takes_over_what_can_change.py"],
    "io/daemon/daemon_log": ["e2e/95_the_log_goes_where_it_belongs.py"],
    "io/daemon/init_process": ["e2e/49_process_one_reaps_what_is_left_to_it.py"],
    "io/daemon/instance": ["e2e/15_one_bus_serves_an_app.py", "e2e/72_the_folder_and_the_socket_are_checked.py"],
    "io/daemon/libsystemd": ["io/daemon/service_manager.test.cpp"],
    "io/daemon/no_libsystemd": ["io/daemon/journal.test.cpp"],
    "io/daemon/reloader": ["e2e/45_sighup_takes_over_what_can_change.py"],
    "io/daemon/spawn_daemon": ["e2e/30_a_command_starts_the_bus_it_needs.py", "e2e/31_a_start_that_fails_says_why.py"],
    "io/daemon/starter": ["e2e/30_a_command_starts_the_bus_it_needs.py", "faults/start_storm.py"],
    "io/daemon/stopper": ["e2e/33_stop_returns_when_the_bus_is_gone.py"],
    "io/links/add_links": ["embed/linked.cpp"],
    "io/links/link_broker": ["e2e/70_buses_can_be_linked.py", "faults/13_hostile_link_peers.py"],
    "io/links/link_connector": ["e2e/70_buses_can_be_linked.py"],
    "io/links/node_links": ["e2e/70_buses_can_be_linked.py"],
    "io/links/no_tls": ["embed/linked.cpp"],
    "io/links/tls": ["e2e/71_links_use_tls.py"],
    "io/remote/remote_session": ["io/remote/remote_gate.test.cpp", "io/remote/remote_bus.test.cpp"],
    "io/sockets/serve": ["io/sockets/socket_broker.test.cpp"],
    "io/sockets/session_frames": ["io/sockets/session.test.cpp", "fuzz/session.cpp"],
    "io/sockets/socket_scribe": ["io/sockets/session.test.cpp", "e2e/13_standard_input_is_a_source.py"],
}


def main():
    sources = [os.path.splitext(x)[0] for folder in FOLDERS for x in glob.glob(f"{folder}/**/*.cpp", recursive=True)]
    own = {x for x in sources if os.path.exists(f"tests/{x}.test.cpp")}
    wrong = [f"{x}.cpp: neither tests/{x}.test.cpp nor an entry here" for x in sources if x not in own | ELSEWHERE.keys()]
    wrong += [f"{x}: has a test of its own, or is gone" for x in ELSEWHERE if x in own or x not in sources]
    wrong += [f"{x}: there is no tests/{y}" for x, tests in ELSEWHERE.items() for y in tests
              if not os.path.exists(f"tests/{y}")]
    print("\n".join(sorted(wrong)) or f"{len(sources)} sources, {len(own)} with a test of their name")
    return 1 if wrong or not sources else 0


sys.exit(main())
