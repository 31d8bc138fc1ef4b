#include "fs/fuse/request.h"

#include "fs/fuse/request_loop.h"
#include "fs/tree/errno_of.h"

#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <string>
#include <utility>
#include <vector>

namespace fs {
namespace {

void on_interrupt(fuse_req_t /*request*/, void* stop) {
  static_cast<std::stop_source*>(stop)->request_stop();
}

std::string text_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& exception) {
    return exception.what();
  } catch (...) {
    return "an unknown error";
  }
}

}  // namespace

struct stat to_stat(const Attributes& attributes, const Ownership& ownership) {
  struct stat stat {};
  stat.st_ino = shown_ino(attributes.ino).value;
  stat.st_mode = attributes.kind == Kind::directory ? S_IFDIR | ownership.directory_mode
                                                    : S_IFREG | ownership.file_mode;
  stat.st_nlink = attributes.links;
  stat.st_uid = ownership.uid;
  stat.st_gid = ownership.gid;
  stat.st_size = static_cast<off_t>(attributes.size);
  stat.st_blksize = 128 * 1024;
  stat.st_blocks = static_cast<blkcnt_t>((attributes.size + 511) / 512);
  stat.st_mtim.tv_sec = attributes.time;
  stat.st_ctim = stat.st_mtim;
  stat.st_atim = stat.st_mtim;
  return stat;
}

std::stop_token Request::token() {
  RequestLoop::about_to_wait();
  if (!stop_) {
    stop_.emplace();
    fuse_req_interrupt_func(request_, on_interrupt, &*stop_);
  }
  return stop_->get_token();
}

void Request::disarm() {
  if (stop_ && request_ != nullptr) fuse_req_interrupt_func(request_, nullptr, nullptr);
}

fuse_req_t Request::take() {
  disarm();
  return std::exchange(request_, nullptr);
}

void Request::error(int number) {
  if (auto* request = take()) fuse_reply_err(request, number);
}

void Request::entry(const fuse_entry_param& entry) {
  if (auto* request = take()) fuse_reply_entry(request, &entry);
}

void Request::attributes(const struct stat& stat, double lifetime) {
  if (auto* request = take()) fuse_reply_attr(request, &stat, lifetime);
}

void Request::octets(std::span<const std::span<const std::byte>> pieces) {
  if (pieces.size() == 1)
    return buffer({reinterpret_cast<const char*>(pieces[0].data()), pieces[0].size()});
  std::vector<iovec> vectors;
  vectors.reserve(pieces.size());
  for (const auto& piece : pieces) {
    vectors.push_back({const_cast<std::byte*>(piece.data()), piece.size()});  // only read
  }
  if (auto* request = take()) {
    fuse_reply_iov(request, vectors.data(), static_cast<int>(vectors.size()));
  }
}

void Request::buffer(std::span<const char> octets) {
  if (auto* request = take()) fuse_reply_buf(request, octets.data(), octets.size());
}

void Request::created(const fuse_entry_param& entry, const fuse_file_info& info) {
  if (auto* request = take()) fuse_reply_create(request, &entry, &info);
}

void Request::written(std::size_t octets) {
  if (auto* request = take()) fuse_reply_write(request, octets);
}

void Request::opened(const fuse_file_info& info) {
  if (auto* request = take()) fuse_reply_open(request, &info);
}

void Request::statistics(const struct statvfs& statistics) {
  if (auto* request = take()) fuse_reply_statfs(request, &statistics);
}

void Request::size(std::size_t octets) {
  if (auto* request = take()) fuse_reply_xattr(request, octets);
}

void answer_failure(Request& request, const char* name, const std::exception_ptr& error) noexcept {
  const int number = errno_of(error);
  try {
    const auto text = text_of(error);
    if (!is_ordinary(number)) spdlog::warn("{} failed: {}", name, text);
  } catch (const std::exception&) {
    // A log that fails is no reason to leave the kernel without an answer.
  }
  request.error(number);
}

}  // namespace fs
