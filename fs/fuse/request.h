#pragma once
/// One request of the kernel and its single answer. Made by `answer` for the time of one callback,
/// on the libfuse thread that got it.

#include "fs/mail/interrupt.h"
#include "fs/tree/attributes.h"
#include "fs/tree/filesystem.h"

#include <fuse_lowlevel.h>

#include <cerrno>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>

namespace fs {

/// Who the files belong to and what may be done with them.
struct Ownership {
  uid_t uid = 0;
  gid_t gid = 0;
  mode_t file_mode = 0600;
  mode_t directory_mode = 0700;
};

struct stat to_stat(const Attributes& attributes, const Ownership& ownership);

class Request : public Interrupt {
 public:
  explicit Request(fuse_req_t request) : request_(request) {}
  ~Request() override { disarm(); }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  /// Whoever asks for it is about to wait, so another thread goes on with the other requests. Arms
  /// the kernel's INTERRUPT at the first call.
  std::stop_token token() override;

  // Answers: the first one counts for the kernel, so each is the last statement of its callback.
  // The kernel may forget the inode at once.

  void error(int number);
  /// Done, and there is nothing else to say.
  void ok() { error(0); }
  void entry(const fuse_entry_param& entry);
  void attributes(const struct stat& stat, double lifetime);
  void octets(std::span<const std::span<const std::byte>> pieces);
  void buffer(std::span<const char> octets);
  void created(const fuse_entry_param& entry, const fuse_file_info& info);
  void written(std::size_t octets);
  void opened(const fuse_file_info& info);
  void statistics(const struct statvfs& statistics);
  /// The size of an attribute's value or of the list of names.
  void size(std::size_t octets);

  bool is_answered() const { return request_ == nullptr; }
  fuse_req_t raw() const { return request_; }

 private:
  /// Takes the request for answering it: the interrupt is disarmed first, because it can race with
  /// the answer. Null when it was answered before.
  fuse_req_t take();
  void disarm();

  fuse_req_t request_;
  std::optional<std::stop_source> stop_;
};

/// Runs a callback's body and sees to it that the request is answered exactly once: an exception
/// becomes its errno, a body that answers nothing EIO. `name` is for the log.
template <class Body>
void answer(fuse_req_t raw, const char* name, Body&& body);

/// The part of `answer` that does not depend on the body.
void answer_failure(Request& request, const char* name, const std::exception_ptr& error) noexcept;

template <class Body>
void answer(fuse_req_t raw, const char* name, Body&& body) {
  Request request(raw);
  try {
    body(request);
    if (!request.is_answered()) request.error(EIO);
  } catch (...) {
    answer_failure(request, name, std::current_exception());
  }
}

}  // namespace fs
