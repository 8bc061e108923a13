#include "cli/event_files.hpp"

#include <string>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

CAF_TEST(names sort like numbers and hold nothing that a shell would act on) {
  event_frame event;
  event.event_type = "a/b c";
  event.event_id = "../$x";
  CAF_CHECK_EQUAL(event_file_name(event, 7), "000000000007_a-b-c_..--x");
  CAF_CHECK_EQUAL(event_file_name(event, 1'234'567'890'123), "1234567890123_a-b-c_..--x");
  CAF_CHECK_LESS(event_file_name(event, 9), event_file_name(event, 10));
}

CAF_TEST(long names are cut) {
  event_frame event;
  std::string name(1'024, 'x');
  event.event_type = event.event_id = name;
  CAF_CHECK_LESS(event_file_name(event, 1).size(), 201u);
}

CAF_TEST(a name tells its number again) {
  CAF_CHECK_EQUAL(event_file_number("000000000017_k_.json"), 17u);
  CAF_CHECK_EQUAL(event_file_number("1234567890123_k_id-2.json"), 1'234'567'890'123u);
}

CAF_TEST(other names have no number) {
  for (const auto* name : {"17_k_.json", "000000000017.json", "000000000017_k_.txt", "k_000000000017_.json",
                           ".cafbus-17.tmp", "99999999999999999999999_k_.json", "", "."})
    CAF_CHECK_EQUAL(event_file_number(name), 0u);
}
