// FETCH and UID FETCH (RFC 9051 6.4.5, RFC 7162 3.1.4, RFC 9394 3.3).

#include "base/status.h"
#include "base/text.h"
#include "imap/commands.h"

namespace pennypost::imap {
namespace {

using Kind = FetchItem::Kind;

struct PlainItem {
  std::string_view name;
  Kind kind;
  bool peek = true;
};
constexpr PlainItem kPlainItems[] = {
    {"FLAGS", Kind::kFlags},
    {"UID", Kind::kUid},
    {"INTERNALDATE", Kind::kInternalDate},
    {"RFC822.SIZE", Kind::kSize},
    {"ENVELOPE", Kind::kEnvelope},
    {"BODYSTRUCTURE", Kind::kBodyStructure},
    {"MODSEQ", Kind::kModSeq},
    {"EMAILID", Kind::kEmailId},
    {"THREADID", Kind::kThreadId},
    {"SAVEDATE", Kind::kSaveDate},
    {"PREVIEW", Kind::kPreview},
    {"RFC822", Kind::kRfc822, false},
    {"RFC822.HEADER", Kind::kRfc822Header},
    {"RFC822.TEXT", Kind::kRfc822Text, false},
};

FetchItem Plain(Kind kind) {
  FetchItem item;
  item.kind = kind;
  return item;
}

// The numbers of "1.2.HEADER"; what follows the last dot is left.
absl::Status ParsePartNumbers(Scanner& in, std::vector<uint32_t>& part) {
  while (IsDigit(in.Peek())) {
    ASSIGN_OR_RETURN(uint32_t number, in.Number());
    if (number == 0 || part.size() >= 100) return SyntaxError("Bad part number");
    part.push_back(number);
    if (!in.Eat('.')) return absl::OkStatus();
    if (in.Peek() == ']') return SyntaxError("Bad section");
  }
  return absl::OkStatus();
}

absl::Status ParseHeaderNames(Scanner& in, Section& section) {
  RETURN_IF_ERROR(in.Expect(' '));
  RETURN_IF_ERROR(in.Expect('('));
  do {
    ASSIGN_OR_RETURN(std::string name, in.AString());
    section.fields.push_back(std::move(name));
  } while (in.Eat(' '));
  return in.Expect(')');
}

// Behind "[".
absl::Status ParseSection(Scanner& in, Section& section) {
  RETURN_IF_ERROR(ParsePartNumbers(in, section.part));
  if (in.Eat(']')) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::string word, in.Word());
  if (word == "HEADER") {
    section.text = Section::Text::kHeader;
  } else if (word == "TEXT") {
    section.text = Section::Text::kText;
  } else if (word == "MIME" && !section.part.empty()) {
    section.text = Section::Text::kMime;
  } else if (word == "HEADER.FIELDS" || word == "HEADER.FIELDS.NOT") {
    section.text =
        word == "HEADER.FIELDS" ? Section::Text::kHeaderFields : Section::Text::kHeaderFieldsNot;
    RETURN_IF_ERROR(ParseHeaderNames(in, section));
  } else {
    return SyntaxError("Bad section");
  }
  return in.Expect(']');
}

// RFC 9051 9 partial: "<" number "." nz-number ">".
absl::Status ParsePartial(Scanner& in, FetchItem& item) {
  if (!in.Eat('<')) return absl::OkStatus();
  ASSIGN_OR_RETURN(uint64_t offset, in.Number64());
  RETURN_IF_ERROR(in.Expect('.'));
  ASSIGN_OR_RETURN(uint64_t length, in.Number64());
  if (length == 0) return SyntaxError("Bad partial range");
  item.partial = {offset, length};
  return in.Expect('>');
}

// RFC 8970 4.1: LAZY asks for what is at hand. A preview is made of a few kilobytes, always at
// once.
absl::Status ParsePreviewModifiers(Scanner& in) {
  if (!in.EatWord(" (LAZY")) return absl::OkStatus();
  return in.Expect(')');
}

absl::StatusOr<FetchItem> ParseItem(Scanner& in) {
  ASSIGN_OR_RETURN(std::string word, in.Word());
  FetchItem item;
  bool section = in.Peek() == '[';
  if (!section) {
    if (word == "BODY") return Plain(Kind::kBody);
    for (const PlainItem& row : kPlainItems) {
      if (row.name != word) continue;
      item.kind = row.kind;
      item.peek = row.peek;
      if (item.kind == Kind::kPreview) RETURN_IF_ERROR(ParsePreviewModifiers(in));
      return item;
    }
    return SyntaxError("Unknown fetch item");
  }
  in.Eat('[');
  if (word == "BODY" || word == "BODY.PEEK") {
    item.kind = Kind::kSection;
    item.peek = word != "BODY";
    RETURN_IF_ERROR(ParseSection(in, item.section));
  } else if (word == "BINARY" || word == "BINARY.PEEK" || word == "BINARY.SIZE") {
    item.kind = word == "BINARY.SIZE" ? Kind::kBinarySize : Kind::kBinary;
    item.peek = word != "BINARY";
    RETURN_IF_ERROR(ParsePartNumbers(in, item.section.part));
    RETURN_IF_ERROR(in.Expect(']'));
  } else {
    return SyntaxError("Unknown fetch item");
  }
  if (item.kind != Kind::kBinarySize) RETURN_IF_ERROR(ParsePartial(in, item));
  return item;
}

absl::Status ParseItems(Scanner& in, std::vector<FetchItem>& items) {
  if (in.Eat('(')) {
    do {
      ASSIGN_OR_RETURN(FetchItem item, ParseItem(in));
      items.push_back(std::move(item));
    } while (in.Eat(' '));
    return in.Expect(')');
  }
  bool full = in.EatWord("FULL");
  bool all = full || in.EatWord("ALL");
  if (all || in.EatWord("FAST")) {
    for (Kind kind : {Kind::kFlags, Kind::kInternalDate, Kind::kSize}) items.push_back(Plain(kind));
    if (all) items.push_back(Plain(Kind::kEnvelope));
    if (full) items.push_back(Plain(Kind::kBody));
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(FetchItem item, ParseItem(in));
  items.push_back(std::move(item));
  return absl::OkStatus();
}

absl::Status ParseModifiers(Scanner& in, Fetch& fetch) {
  RETURN_IF_ERROR(in.Expect('('));
  do {
    if (in.EatWord("VANISHED")) {
      fetch.vanished = true;
    } else if (in.EatWord("PARTIAL")) {
      // RFC 9394 3.3
      if (fetch.partial || fetch.numbers != Numbers::kUid)
        return SyntaxError("PARTIAL needs UID FETCH");
      RETURN_IF_ERROR(in.Expect(' '));
      ASSIGN_OR_RETURN(fetch.partial, ParsePartialRange(in));
    } else if (in.EatWord("CHANGEDSINCE")) {
      RETURN_IF_ERROR(in.Expect(' '));
      ASSIGN_OR_RETURN(fetch.changed_since, in.Number64());
    } else {
      return SyntaxError("Unknown modifier");
    }
  } while (in.Eat(' '));
  // RFC 7162 3.2.6
  if (fetch.vanished && (!fetch.changed_since || fetch.numbers != Numbers::kUid))
    return SyntaxError("VANISHED needs UID FETCH and CHANGEDSINCE");
  return in.Expect(')');
}

absl::StatusOr<CommandBody> ParseFetchAs(Scanner& in, Numbers numbers) {
  Fetch fetch;
  fetch.numbers = numbers;
  RETURN_IF_ERROR(in.Expect(' '));
  ASSIGN_OR_RETURN(fetch.set, in.Set());
  RETURN_IF_ERROR(in.Expect(' '));
  RETURN_IF_ERROR(ParseItems(in, fetch.items));
  if (in.Eat(' ')) RETURN_IF_ERROR(ParseModifiers(in, fetch));
  RETURN_IF_ERROR(in.ExpectEnd());
  auto add = [&](Kind kind) {
    for (const FetchItem& item : fetch.items) {
      if (item.kind == kind) return;
    }
    fetch.items.insert(fetch.items.begin(), Plain(kind));
  };
  // RFC 7162 3.1.4.1: CHANGEDSINCE implies MODSEQ; RFC 9051 6.4.9: UID FETCH implies UID.
  if (fetch.changed_since) add(Kind::kModSeq);
  if (numbers == Numbers::kUid) add(Kind::kUid);
  return fetch;
}

}  // namespace

absl::StatusOr<Section> ParseSectionText(std::string_view text) {
  std::string closed = std::string(text) + "]";
  Scanner in(closed, LimitsAfterLogin(0), NameForm::kUtf8);
  Section section;
  RETURN_IF_ERROR(ParseSection(in, section));
  RETURN_IF_ERROR(in.ExpectEnd());
  return section;
}

absl::StatusOr<std::vector<FetchItem>> ParsePushedItems(Scanner& in) {
  std::vector<FetchItem> items;
  RETURN_IF_ERROR(in.Expect('('));
  do {
    ASSIGN_OR_RETURN(FetchItem item, ParseItem(in));
    item.peek = true;
    items.push_back(std::move(item));
  } while (in.Eat(' '));
  RETURN_IF_ERROR(in.Expect(')'));
  return items;
}

absl::StatusOr<CommandBody> ParseFetch(Scanner& in) {
  return ParseFetchAs(in, Numbers::kSequence);
}
absl::StatusOr<CommandBody> ParseUidFetch(Scanner& in) {
  return ParseFetchAs(in, Numbers::kUid);
}

}  // namespace pennypost::imap
