// A filter in the first line and payloads in the others: whatever JSON they are, filters say the same as a parser of
// other makers that builds the whole value, where that one can hold it; and the same once more.
#include "actors/compiled_filter.hpp"
#include "messages/event_encoder.hpp"
#include "messages/filter_text.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

using namespace cafbus;

namespace {

using tree = nlohmann::json;

/// Whether the member is there; nothing where the parsers differ by right: of several members of one name ours takes
/// the first one.
std::optional<bool> is_there(const tree& payload, const std::string& pointer) {
  const auto names = split_pointer(pointer);
  const auto* at = &payload;
  for (const auto& name : *names) {
    if (at->is_object()) {
      const auto found = at->find(name);
      if (found == at->end())
        return false;
      at = &*found;
    } else if (at->is_array()) {
      const auto is_index = !name.empty() && name.size() < 10 && name.find_first_not_of("0123456789") == name.npos &&
                            (name == "0" || name[0] != '0');
      if (!is_index || std::stoul(name) >= at->size())
        return false;
      at = &(*at)[std::stoul(name)];
    } else {
      return false;
    }
  }
  return true;
}

bool repeats_a_name(std::string_view payload) {
  std::vector<std::set<std::string>> open;
  bool found = false;
  const auto look = [&](int, tree::parse_event_t event, tree& x) {
    if (event == tree::parse_event_t::object_start)
      open.emplace_back();
    else if (event == tree::parse_event_t::object_end)
      open.pop_back();
    else if (event == tree::parse_event_t::key)
      found = !open.back().insert(x.get<std::string>()).second || found;
    return true;
  };
  const auto parsed = tree::parse(payload, look, false);
  return found || parsed.is_discarded();
}

void check(const event_filter& filter, const event_batch& batch, size_t i, payload_reader& reader) {
  fuzz::require(reader.open(batch, i), "a payload cannot be opened", batch.payload(i));
  const compiled_filter whole{filter};
  const auto first = whole.judge(reader);
  fuzz::require(first == whole.judge(reader), "a second look says something else", batch.payload(i));
  fuzz::require(whole.why_unknown(reader).empty() == (first != verdict::unknown), "no reason", batch.payload(i));
  if (repeats_a_name(batch.payload(i)))
    return;
  const auto parsed = tree::parse(batch.payload(i), nullptr, false);
  for (auto x : filter) {
    x.op = to_string(filter_op::exists);
    x.value.reset();
    const auto there = compiled_filter{{x}}.judge(reader) == verdict::yes;
    fuzz::require(there == is_there(parsed, x.pointer), "the parsers differ on a member", batch.payload(i));
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = fuzz::text_of(data, size);
  const auto end = text.find('\n');
  const auto filter = parse_filter(text.substr(0, end));
  if (!filter || end == text.npos)
    return 0;
  event_encoder encoder;
  for (auto rest = text.substr(end + 1); !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    event_fields fields;
    fields.event_type = "t";
    fields.payload = line;
    encoder.add(fields);
  }
  const auto batch = encoder.finish();
  payload_reader reader;
  for (size_t i = 0; batch && i < batch->size(); ++i)
    check(*filter, *batch, i, reader);
  return 0;
}
