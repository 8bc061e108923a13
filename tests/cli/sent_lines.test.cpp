#include "cli/sent_lines.hpp"

#include <random>
#include <vector>

#include <caf/test/unit_test.hpp>

using namespace cafbus;

CAF_TEST(nothing is unanswered before anything is sent) {
  sent_lines lines;
  CAF_CHECK_EQUAL(lines.first_unanswered(), 0u);
  lines.answered(0);
  lines.answered(7);
  CAF_CHECK_EQUAL(lines.last_answered(), 0u);
}

CAF_TEST(lines that gave no frame are passed over) {
  sent_lines lines;
  for (uint64_t line : {2, 3, 7, 8, 20})
    lines.add(line);
  CAF_CHECK_EQUAL(lines.first_unanswered(), 2u);
  lines.answered(2);
  CAF_CHECK_EQUAL(lines.last_answered(), 3u);
  CAF_CHECK_EQUAL(lines.first_unanswered(), 7u);
  lines.answered(4);
  CAF_CHECK_EQUAL(lines.last_answered(), 8u);
  CAF_CHECK_EQUAL(lines.first_unanswered(), 20u);
  lines.answered(5);
  CAF_CHECK_EQUAL(lines.last_answered(), 20u);
  CAF_CHECK_EQUAL(lines.first_unanswered(), 0u);
}

CAF_TEST(any order of sending and answering is told right) {
  std::minstd_rand random{7};
  for (int round = 0; round < 200; ++round) {
    sent_lines lines;
    std::vector<uint64_t> sent;
    uint64_t line = 0;
    size_t answered = 0;
    for (int step = 0; step < 50; ++step) {
      if (random() % 3 != 0) {
        line += random() % 4 == 0 ? 1 + random() % 5 : 1;
        sent.push_back(line);
        lines.add(line);
      } else {
        answered += random() % (sent.size() - answered + 1);
        lines.answered(answered);
      }
      if (lines.first_unanswered() != (answered == sent.size() ? 0 : sent[answered]))
        CAF_FAIL("first unanswered in round " << round << ", step " << step);
      if (lines.last_answered() != (answered == 0 ? 0 : sent[answered - 1]))
        CAF_FAIL("last answered in round " << round << ", step " << step);
    }
  }
}
