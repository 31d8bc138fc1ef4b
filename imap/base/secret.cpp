#include "imap/base/secret.h"

#include <string.h>

#include <utility>

namespace imap {

namespace {

void wipe_text(std::string& text) noexcept {
  // explicit_bzero is not optimised away; the whole capacity may hold older text.
  text.resize(text.capacity());
  explicit_bzero(text.data(), text.size());
  text.clear();
}

}  // namespace

Secret::Secret(std::string&& text) : text_(std::move(text)) {
  wipe_text(text);
}

void Secret::wipe() noexcept {
  wipe_text(text_);
}

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) {
    wipe();
    text_ = other.text_;
  }
  return *this;
}

Secret::Secret(Secret&& other) noexcept : text_(std::move(other.text_)) {
  other.wipe();
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    text_ = std::move(other.text_);
    other.wipe();
  }
  return *this;
}

}  // namespace imap
