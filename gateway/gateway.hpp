#pragma once
#include "gateway/feeds.hpp"
#include "gateway/request.hpp"

#include <functional>
#include <list>

namespace cafbus::http {

/// A connection over which no request that needs a right has been accepted yet.
class stranger {
public:
  virtual void close() = 0; ///< It is no stranger any longer then.
  virtual bool is_sending_body() const = 0;

protected:
  ~stranger() = default;
};

/// What is behind the routes. All connections of one process share it.
class gateway {
public:
  using answered = std::function<void(answer)>;

  gateway(boost::asio::io_context& loop, const gateway_options& options, gateway_log::writer log_to);

  /// Looks at the header alone, before any of the body is read.
  std::optional<answer> refusal(const request& x) const { return http::refusal(x, options_); }

  /// Answers everything but /events. @pre not refused
  void serve(const request& x, answered done);

  /// Makes the stream that /events asks for with `make`, and lets it join.
  /// @returns why there is none.
  std::optional<answer> join(const request& x, const std::function<std::shared_ptr<stream>(uint32_t rate)>& make);
  void leave(const std::shared_ptr<stream>& reader);

  /// Logs what was refused, and what failed. @param peer Its address.
  void note(const request& x, const answer& how, std::string_view peer);

  /// Closes the stranger that has been there longest. @returns whether there was one.
  bool make_room();
  /// The same among those of whose body a part is still to come.
  bool make_room_for_body();

  gateway_counters counters;
  std::list<stranger*> strangers; ///< In the order in which they came.
  gateway_log log;

private:
  void serve_page(const answered& done) const;
  void serve_status(const request& x, answered done);
  void serve_metrics(answered done);
  void publish(const request& x, answered done);
  void take_webhook(const request& x, answered done);
  std::string own_status() const;

  const gateway_options& options_;
  bus_port port_;
  feeds feeds_;
  std::string page_policy_;
};

/// The page, as `page.html` has it.
std::string_view page_text() noexcept;

} // namespace cafbus::http
