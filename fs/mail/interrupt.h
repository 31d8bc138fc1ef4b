#pragma once
/// Whether somebody who waits has been asked to stop. Made anew for each request, used by one
/// thread; the token is asked for only by those who really wait, because arming it costs.

#include <stop_token>

namespace fs {

class Interrupt {
 public:
  virtual ~Interrupt() = default;
  virtual std::stop_token token() = 0;
};

/// Nobody interrupts.
class NoInterrupt : public Interrupt {
 public:
  std::stop_token token() override { return {}; }
};

}  // namespace fs
