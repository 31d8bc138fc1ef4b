#include "imap/base/secret.h"

#include "tests/support/catch.h"

#include <string.h>

#include <array>
#include <cstddef>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>

using imap::Secret;

namespace {

/// Whether the memory of `object` itself, not what it points to, holds `text`. A string that was
/// emptied lacks the first character only.
template <class Object>
bool holds(const Object& object, std::string_view text) {
  return ::memmem(&object, sizeof object, text.data() + 1, text.size() - 1) != nullptr;
}

constexpr std::string_view kShort = "open-sesame";  // fits into a std::string without allocation

}  // namespace

TEST_CASE("a short text leaves no copy in the string that it came in", "[base][secret]") {
  std::string text(kShort);
  REQUIRE(holds(text, kShort));
  const Secret secret(std::move(text));
  CHECK_FALSE(holds(text, kShort));
  CHECK(secret.reveal() == kShort);
}

TEST_CASE("a short text leaves no copy in a secret that was moved from", "[base][secret]") {
  Secret first{kShort};
  const Secret second(std::move(first));
  CHECK_FALSE(holds(first, kShort));
  Secret third;
  Secret fourth{kShort};
  third = std::move(fourth);
  CHECK_FALSE(holds(fourth, kShort));
  CHECK(second.reveal() == kShort);
  CHECK(third.reveal() == kShort);
}

TEST_CASE("a released secret is wiped", "[base][secret]") {
  alignas(Secret) std::array<std::byte, sizeof(Secret)> memory{};
  auto* secret = new (memory.data()) Secret(kShort);
  REQUIRE(holds(memory, kShort));
  secret->~Secret();
  CHECK_FALSE(holds(memory, kShort));
}

TEST_CASE("a secret does not become text by itself", "[base][secret]") {
  CHECK_FALSE(std::is_convertible_v<Secret, std::string>);
  CHECK_FALSE(std::is_convertible_v<Secret, std::string_view>);
}
