// Every bound of a parsed response, at the limit and one beyond.
#include "imap/base/errors.h"
#include "tests/support/catch.h"
#include "tests/support/frames.h"

#include <functional>
#include <string>

using namespace std::string_literals;
using imap::Limits;
using tests::parse;
using tests::parse_as;

namespace {

std::string times(std::size_t count, const std::string& text) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

/// `a0 a1 a2 `
std::string words(std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += "a" + std::to_string(i) + ' ';
  return all;
}

std::string row(const std::string& items) {
  return "* 1 FETCH (UID 7 " + items + ")";
}

}  // namespace

TEST_CASE("one element beyond a bound and a response makes no sense", "[imap][parse][limits]") {
  struct Bound {
    const char* name;
    std::size_t most;
    std::function<std::string(std::size_t)> response;
  };
  const Limits limits;
  const auto x = [](std::size_t octets) {
    return std::string(octets, 'x');
  };
  for (const auto& bound : std::initializer_list<Bound>{
           {"name of LIST", limits.name,
            [&](auto n) {
              return "* LIST () \"/\" " + x(n);
            }},
           {"name of LSUB", limits.name,
            [&](auto n) {
              return "* LSUB () \"/\" " + x(n);
            }},
           {"name of STATUS", limits.name,
            [&](auto n) {
              return "* STATUS " + x(n) + " (MESSAGES 1)";
            }},
           {"quoted name of STATUS", limits.name,
            [&](auto n) {
              return "* STATUS \"" + x(n) + "\" (MESSAGES 1)";
            }},
           {"prefix", limits.name,
            [&](auto n) {
              return "* NAMESPACE ((\"" + x(n) + "\" \"/\")) NIL NIL";
            }},
           {"quota root", limits.name,
            [&](auto n) {
              return "* QUOTA " + x(n) + " ()";
            }},
           {"attributes", limits.attributes,
            [&](auto n) {
              return "* LIST (" + times(n, "\\x ") + ") \"/\" x";
            }},
           {"namespaces", limits.namespaces,
            [&](auto n) {
              return "* NAMESPACE (" + times(n, "(\"\" \"/\")") + ") NIL NIL";
            }},
           {"capabilities", limits.capabilities,
            [&](auto n) {
              return "* CAPABILITY " + words(n);
            }},
           {"object id", limits.object_id,
            [&](auto n) {
              return row("EMAILID (" + x(n) + ")");
            }},
           {"depth", limits.depth,
            [&](auto n) {
              return row("X " + times(n, "(") + times(n, ")"));
            }},
           {"sections", limits.list_items,
            [&](auto n) {
              return row(times(n, "BODY[1] a "));
            }},
       }) {
    INFO(bound.name);
    CHECK_NOTHROW(parse(bound.response(bound.most)));
    CHECK_THROWS_AS(parse(bound.response(bound.most + 1)), imap::ProtocolError);
  }
}

TEST_CASE("one range beyond the bound and a UID set makes no sense", "[imap][parse][limits]") {
  Limits limits;
  limits.uid_ranges = 3;
  for (const auto* begin : {"* SEARCH ", "* ESEARCH UID ALL ", "* ESEARCH UID PARTIAL (1:9 ",
                            "* VANISHED ", "* VANISHED (EARLIER) "}) {
    INFO(begin);
    const auto separator = begin == "* SEARCH "s ? " "s : ","s;
    const auto end = std::string(begin).find('(', 3) != std::string::npos &&
                             std::string(begin).find("PARTIAL") != std::string::npos
                         ? ")"s
                         : ""s;
    const auto three = begin + "1"s + separator + "3" + separator + "5";
    CHECK_NOTHROW(parse(three + end, limits));
    CHECK_THROWS_AS(parse(three + separator + "7" + end, limits), imap::ProtocolError);
  }
}

TEST_CASE("of flags, labels and capabilities what there is room for counts",
          "[imap][parse][limits]") {
  const Limits limits;
  const auto flags = [&](const std::string& text) {
    return *parse_as<imap::FetchRow>(row("FLAGS (" + text + ")")).flags;
  };
  CHECK(flags(words(limits.flags)).keywords.size() == limits.flags);
  const auto many = flags(words(limits.flags + 1) + "\\Seen");
  CHECK(many.keywords.size() == limits.flags);
  CHECK(many.keywords.back() == "a255");
  CHECK(many.has(imap::Flags::seen));
  CHECK(flags(std::string(limits.flag, 'x')).keywords.size() == 1);
  CHECK(flags(std::string(limits.flag + 1, 'x') + " \\Seen").keywords.empty());

  const auto labels = [&](const std::string& text) {
    return parse_as<imap::FetchRow>(row("X-GM-LABELS (" + text + ")")).gmail_labels.size();
  };
  CHECK(labels(words(limits.flags)) == limits.flags);
  CHECK(labels(words(limits.flags + 1)) == limits.flags);
  CHECK(labels(std::string(limits.flag, 'x')) == 1);
  CHECK(labels(std::string(limits.flag + 1, 'x')) == 0);

  const auto capabilities = [&](const std::string& text) {
    return parse_as<imap::Capabilities>("* CAPABILITY IDLE " + text).atoms().size();
  };
  CHECK(capabilities(std::string(limits.capability, 'x')) == 2);
  CHECK(capabilities(std::string(limits.capability + 1, 'x')) == 1);
  const auto enabled = [&](std::size_t count) {
    return parse_as<imap::Enabled>("* ENABLED " + words(count)).names.size();
  };
  CHECK(enabled(limits.capabilities) == limits.capabilities);
  CHECK(enabled(limits.capabilities + 1) == limits.capabilities);
}

TEST_CASE("a response code that is too long is left out of its response", "[imap][parse][limits]") {
  const Limits limits;
  const auto status = [&](const std::string& code, std::size_t octets) {
    const auto arguments = std::string(octets - code.size() - 1, '1');
    return parse_as<imap::Status>("A1 NO [" + code + ' ' + arguments + "] no");
  };
  CHECK(status("BADCHARSET", limits.response_code).arguments.size() == limits.response_code - 11);
  const auto cut = status("BADCHARSET", limits.response_code + 1);
  CHECK(cut.code.empty());
  CHECK(cut.arguments.empty());
  CHECK(cut.condition == imap::Condition::no);
  CHECK(cut.text == "no");
  // Whoever lost these would take messages for changed that are not.
  for (const auto* code : {"COPYUID", "MODIFIED"}) {
    CHECK(status(code, limits.response_code + 1).code == code);
  }
}
