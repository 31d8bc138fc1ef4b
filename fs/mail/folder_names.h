#pragma once
/// What a level of a mailbox's name is called as a directory, and which names are asked for that no
/// account has. Pure functions; any thread; linear in the length of the name.

#include <optional>
#include <string>
#include <string_view>

namespace fs {

/// What the octets of a level are: UTF-8, or a wire name as it is because it is not valid modified
/// UTF-7 (imap::decode_modified_utf7).
enum class RawOctets : bool { no, yes };

/// One level of a mailbox's name, without the delimiter.
struct FolderComponent {
  std::string octets;
  RawOctets is_raw = RawOctets::no;
  bool operator==(const FolderComponent&) const = default;
};

/// The directory entry: never empty, `.` or `..`, at most 255 bytes of valid UTF-8 without `/` and
/// without control and format characters. Most names are their own entry. Different components have
/// different entries, by these rules:
/// - `%XX` stands for an octet: of `/` and `%`, of control and format characters, of what is not
///   UTF-8, of the dots of `.` and `..`, of the first dot of a view's name (`.headers` and so on),
///   and of the last dot of a name in `.eml` of any case, which a message would be taken for.
/// - `%-` stands for the empty component.
/// - A lone `%` at the end marks raw octets, so that `R&D%` (a wire name with a shift that no one
/// can
///   decode) and `R&D` (wire `R&-D`) differ.
/// - An entry over 255 bytes is cut and ends in `%~` and 8 hexadecimal digits of a hash of the
/// whole
///   component. It cannot be turned back and two of them may be equal, by chance or malice: whoever
///   lists them has to keep a table and to leave out or rename the second.
std::string escape_component(std::string_view octets, RawOctets is_raw);

/// The component whose entry this is. Nothing for what is no component's entry: a `%` without its
/// digits, an escape of what needs none (`%41`), an unescaped `x.eml`, and every shortened entry.
std::optional<FolderComponent> unescape_component(std::string_view entry);

/// The name as everybody else writes it (Unicode's NFC): macOS takes `ü` apart. What is not UTF-8
/// stays as it is.
std::string composed(std::string_view name);

/// Whether desktops, shells and tools look for this name in every directory they enter. Where no
/// folder has it, the answer is no such file, without a look at the server.
bool is_probe_name(std::string_view name);

}  // namespace fs
