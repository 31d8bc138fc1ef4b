#pragma once
/// A password or token. Its memory is wiped when it is released, it cannot be printed or formatted,
/// and whoever needs the text has to say so by name.

#include <string>
#include <string_view>

namespace imap {

class Secret {
 public:
  Secret() = default;
  /// Takes the text over and wipes `text`, which a move leaves as it was when it is short.
  explicit Secret(std::string&& text);
  /// Copies the text; the original is the caller's to wipe.
  explicit Secret(std::string_view text) : text_(text) {}
  explicit Secret(const char* text) : text_(text) {}
  ~Secret() { wipe(); }
  Secret(const Secret&) = default;
  Secret& operator=(const Secret& other);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;

  std::string_view reveal() const { return text_; }
  bool empty() const { return text_.empty(); }
  /// What a log may show.
  static constexpr std::string_view masked() { return "***"; }

 private:
  void wipe() noexcept;

  std::string text_;
};

}  // namespace imap
