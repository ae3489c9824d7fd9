// SEARCH and UID SEARCH (RFC 9051 6.4.4, RFC 4731, RFC 5032, RFC 7162 3.1.5, RFC 8474 6,
// RFC 8514 4.3, RFC 6203), CANCELUPDATE (RFC 5267 4.3.5).

#include <algorithm>

#include "base/status.h"
#include "base/text.h"
#include "imap/commands.h"
#include "mime/charset.h"

namespace pennypost::imap {
namespace {

using Op = SearchKey::Op;

// What follows the name of a key.
enum class Argument {
  kNone,
  kText,
  kHeader,
  kDate,
  kNumber,
  kFlag,
  kKey,
  kTwoKeys,
  kFuzzyKey,
  kUids,
  kModSeq,
  kObjectId
};

struct KeyRow {
  std::string_view name;
  Op op;
  Argument argument;
  std::string_view text = "";  // the flag of fixed keys, the field of address keys
  bool negated = false;
};
constexpr KeyRow kKeys[] = {
    {"ALL", Op::kAll, Argument::kNone},
    {"ANSWERED", Op::kFlag, Argument::kNone, "\\Answered"},
    {"UNANSWERED", Op::kFlag, Argument::kNone, "\\Answered", true},
    {"DELETED", Op::kFlag, Argument::kNone, "\\Deleted"},
    {"UNDELETED", Op::kFlag, Argument::kNone, "\\Deleted", true},
    {"DRAFT", Op::kFlag, Argument::kNone, "\\Draft"},
    {"UNDRAFT", Op::kFlag, Argument::kNone, "\\Draft", true},
    {"FLAGGED", Op::kFlag, Argument::kNone, "\\Flagged"},
    {"UNFLAGGED", Op::kFlag, Argument::kNone, "\\Flagged", true},
    {"SEEN", Op::kFlag, Argument::kNone, "\\Seen"},
    {"UNSEEN", Op::kFlag, Argument::kNone, "\\Seen", true},
    {"KEYWORD", Op::kFlag, Argument::kFlag},
    {"UNKEYWORD", Op::kFlag, Argument::kFlag, "", true},
    // No message is \Recent here (RFC 9051 dropped it): OLD is all of them, RECENT and NEW none.
    {"OLD", Op::kAll, Argument::kNone},
    {"RECENT", Op::kAll, Argument::kNone, "", true},
    {"NEW", Op::kAll, Argument::kNone, "", true},
    {"BCC", Op::kHeader, Argument::kText, "Bcc"},
    {"CC", Op::kHeader, Argument::kText, "Cc"},
    {"FROM", Op::kHeader, Argument::kText, "From"},
    {"TO", Op::kHeader, Argument::kText, "To"},
    {"SUBJECT", Op::kHeader, Argument::kText, "Subject"},
    {"HEADER", Op::kHeader, Argument::kHeader},
    {"BODY", Op::kBody, Argument::kText},
    {"TEXT", Op::kText, Argument::kText},
    {"BEFORE", Op::kBefore, Argument::kDate},
    {"ON", Op::kOn, Argument::kDate},
    {"SINCE", Op::kSince, Argument::kDate},
    {"SENTBEFORE", Op::kSentBefore, Argument::kDate},
    {"SENTON", Op::kSentOn, Argument::kDate},
    {"SENTSINCE", Op::kSentSince, Argument::kDate},
    {"LARGER", Op::kLarger, Argument::kNumber},
    {"SMALLER", Op::kSmaller, Argument::kNumber},
    {"OLDER", Op::kOlder, Argument::kNumber},
    {"YOUNGER", Op::kYounger, Argument::kNumber},
    {"EMAILID", Op::kEmailId, Argument::kObjectId},
    {"THREADID", Op::kThreadId, Argument::kObjectId},
    {"SAVEDBEFORE", Op::kSavedBefore, Argument::kDate},
    {"SAVEDON", Op::kSavedOn, Argument::kDate},
    {"SAVEDSINCE", Op::kSavedSince, Argument::kDate},
    // Every mailbox here knows save dates.
    {"SAVEDATESUPPORTED", Op::kAll, Argument::kNone},
    {"NOT", Op::kNot, Argument::kKey},
    // The key itself, marked.
    {"FUZZY", Op::kAnd, Argument::kFuzzyKey},
    {"OR", Op::kOr, Argument::kTwoKeys},
    {"UID", Op::kUid, Argument::kUids},
    {"MODSEQ", Op::kModSeq, Argument::kModSeq},
};

void MarkFuzzy(SearchKey& key) {
  key.fuzzy = true;
  for (SearchKey& child : key.children) MarkFuzzy(child);
}

class SearchParser {
 public:
  SearchParser(Scanner& in, std::string_view charset) : in_(in), charset_(charset) {}

  // Keys in a row are joined by AND.
  absl::StatusOr<SearchKey> Keys() {
    SearchKey all;
    all.op = Op::kAnd;
    do {
      ASSIGN_OR_RETURN(SearchKey key, Key());
      all.children.push_back(std::move(key));
    } while (in_.Eat(' '));
    if (all.children.size() > 1) return all;
    SearchKey only = std::move(all.children[0]);
    return only;
  }

 private:
  // Recursion is as deep as the scanner's limit allows.
  absl::StatusOr<SearchKey> Key() {
    RETURN_IF_ERROR(in_.Enter());
    absl::StatusOr<SearchKey> key = KeyInside();
    in_.Leave();
    return key;
  }

  absl::StatusOr<SearchKey> KeyInside() {
    if (in_.Eat('(')) {
      ASSIGN_OR_RETURN(SearchKey key, Keys());
      RETURN_IF_ERROR(in_.Expect(')'));
      return key;
    }
    if (IsDigit(in_.Peek()) || in_.Peek() == '*' || in_.Peek() == '$') {
      SearchKey key;
      key.op = Op::kSequence;
      ASSIGN_OR_RETURN(key.set, in_.Set());
      return key;
    }
    ASSIGN_OR_RETURN(std::string word, in_.Word());
    for (const KeyRow& row : kKeys) {
      if (row.name == word) return Named(row);
    }
    return SyntaxError("Unknown search key");
  }

  absl::StatusOr<SearchKey> Named(const KeyRow& row) {
    SearchKey key;
    key.op = row.op;
    if (row.op == Op::kHeader) {
      key.header = row.text;
    } else {
      key.text = row.text;
    }
    RETURN_IF_ERROR(Arguments(row.argument, key));
    if (!row.negated) return key;
    SearchKey negation;
    negation.op = Op::kNot;
    negation.children.push_back(std::move(key));
    return negation;
  }

  absl::Status Arguments(Argument argument, SearchKey& key) {
    if (argument == Argument::kNone) return absl::OkStatus();
    RETURN_IF_ERROR(in_.Expect(' '));
    switch (argument) {
      case Argument::kNone:
        break;
      case Argument::kHeader: {
        ASSIGN_OR_RETURN(key.header, in_.AString());
        RETURN_IF_ERROR(in_.Expect(' '));
        return Text(key);
      }
      case Argument::kText:
        return Text(key);
      case Argument::kDate: {
        ASSIGN_OR_RETURN(key.date, in_.Date());
        break;
      }
      case Argument::kNumber: {
        ASSIGN_OR_RETURN(key.number, in_.Number64());
        break;
      }
      case Argument::kFlag: {
        ASSIGN_OR_RETURN(key.text, in_.Flag());
        break;
      }
      case Argument::kUids: {
        ASSIGN_OR_RETURN(key.set, in_.Set());
        break;
      }
      case Argument::kModSeq:
        return ModSeq(key);
      case Argument::kObjectId: {
        ASSIGN_OR_RETURN(key.text, in_.ObjectId());
        break;
      }
      case Argument::kTwoKeys: {
        ASSIGN_OR_RETURN(SearchKey first, Key());
        key.children.push_back(std::move(first));
        RETURN_IF_ERROR(in_.Expect(' '));
        [[fallthrough]];
      }
      case Argument::kKey: {
        ASSIGN_OR_RETURN(SearchKey child, Key());
        key.children.push_back(std::move(child));
        break;
      }
      case Argument::kFuzzyKey: {
        ASSIGN_OR_RETURN(SearchKey child, Key());
        key = std::move(child);
        MarkFuzzy(key);
        break;
      }
    }
    return absl::OkStatus();
  }

  absl::Status Text(SearchKey& key) {
    ASSIGN_OR_RETURN(std::string text, in_.AString());
    key.text = mime::ToUtf8(text, charset_);
    return absl::OkStatus();
  }

  // RFC 7162 3.1.5: an entry name and type may stand before the number; all metadata share one
  // MODSEQ here.
  absl::Status ModSeq(SearchKey& key) {
    if (in_.Peek() == '"') {
      RETURN_IF_ERROR(in_.String().status());
      RETURN_IF_ERROR(in_.Expect(' '));
      RETURN_IF_ERROR(in_.Word().status());
      RETURN_IF_ERROR(in_.Expect(' '));
    }
    ASSIGN_OR_RETURN(key.number, in_.Number64());
    return absl::OkStatus();
  }

  Scanner& in_;
  const std::string charset_;
};

absl::StatusOr<CommandBody> ParseSearchAs(Scanner& in, Numbers numbers) {
  Search search;
  search.numbers = numbers;
  RETURN_IF_ERROR(in.Expect(' '));
  if (in.EatWord("RETURN")) {
    RETURN_IF_ERROR(in.Expect(' '));
    RETURN_IF_ERROR(ParseSearchReturn(in, search));
    RETURN_IF_ERROR(in.Expect(' '));
  }
  std::string charset = "UTF-8";
  if (in.EatWord("CHARSET")) {
    RETURN_IF_ERROR(in.Expect(' '));
    ASSIGN_OR_RETURN(charset, in.AString());
    RETURN_IF_ERROR(in.Expect(' '));
    search.charset_given = true;
  }
  ASSIGN_OR_RETURN(search.key, ParseSearchKeys(in, charset));
  RETURN_IF_ERROR(CheckRelevancy(search));
  return search;
}

absl::StatusOr<uint32_t> ParsePlace(Scanner& in, bool from_end) {
  if (from_end) RETURN_IF_ERROR(in.Expect('-'));
  ASSIGN_OR_RETURN(uint32_t place, in.Number());
  if (place == 0) return SyntaxError("Bad range");
  return place;
}

}  // namespace

bool UsesFuzzy(const SearchKey& key) {
  return key.fuzzy || std::any_of(key.children.begin(), key.children.end(), UsesFuzzy);
}

// RFC 6203 4: not without a FUZZY key.
absl::Status CheckRelevancy(const Search& search) {
  if ((search.returns & kReturnRelevancy) == 0 || UsesFuzzy(search.key)) return absl::OkStatus();
  return SyntaxError("RELEVANCY needs a FUZZY key");
}

absl::StatusOr<SearchKey> ParseSearchKeys(Scanner& in, std::string_view charset) {
  if (!mime::IsKnownCharset(charset)) {
    return MakeError(absl::StatusCode::kInvalidArgument, Reason::kPolicy, "Unknown charset");
  }
  SearchParser parser(in, charset);
  ASSIGN_OR_RETURN(SearchKey key, parser.Keys());
  RETURN_IF_ERROR(in.ExpectEnd());
  return key;
}

// RFC 9394 4 partial-range
absl::StatusOr<Partial> ParsePartialRange(Scanner& in) {
  Partial partial;
  partial.from_end = in.Peek() == '-';
  ASSIGN_OR_RETURN(partial.first, ParsePlace(in, partial.from_end));
  RETURN_IF_ERROR(in.Expect(':'));
  ASSIGN_OR_RETURN(partial.last, ParsePlace(in, partial.from_end));
  return partial;
}

absl::Status ParseSearchReturn(Scanner& in, Search& search) {
  struct Row {
    std::string_view name;
    unsigned bit;
  };
  constexpr Row kRows[] = {{"MIN", kReturnMin},
                           {"MAX", kReturnMax},
                           {"ALL", kReturnAll},
                           {"COUNT", kReturnCount},
                           {"SAVE", kReturnSave},
                           {"PARTIAL", kReturnPartial},
                           {"RELEVANCY", kReturnRelevancy},
                           {"UPDATE", kReturnUpdate},
                           {"CONTEXT", kReturnContext}};
  RETURN_IF_ERROR(in.Expect('('));
  bool first = true;
  while (!in.Eat(')')) {
    if (!first) RETURN_IF_ERROR(in.Expect(' '));
    first = false;
    ASSIGN_OR_RETURN(std::string word, in.Word());
    unsigned bit = 0;
    for (const Row& row : kRows) {
      if (row.name == word) bit = row.bit;
    }
    if (bit == 0) return SyntaxError("Unknown result option");
    // RFC 9394 3.1: one PARTIAL, one ALL, or neither.
    bool twice = (search.returns & bit) != 0 && bit == kReturnPartial;
    search.returns |= bit;
    constexpr unsigned kBoth = kReturnAll | kReturnPartial;
    if (twice || (search.returns & kBoth) == kBoth) return SyntaxError("PARTIAL stands for ALL");
    if (bit == kReturnUpdate && in.Sees(" (")) {
      in.Eat(' ');
      ASSIGN_OR_RETURN(search.new_items, ParsePushedItems(in));
    }
    if (bit != kReturnPartial) continue;
    RETURN_IF_ERROR(in.Expect(' '));
    ASSIGN_OR_RETURN(search.partial, ParsePartialRange(in));
  }
  // RFC 4731 3.1: an empty list means ALL. One with UPDATE alone asks for nothing yet.
  if (search.returns == 0) search.returns = kReturnAll;
  search.extended = true;
  return absl::OkStatus();
}

absl::StatusOr<CommandBody> ParseCancelUpdate(Scanner& in) {
  CancelUpdate cancel;
  do {
    RETURN_IF_ERROR(in.Expect(' '));
    ASSIGN_OR_RETURN(std::string tag, in.String());
    cancel.tags.push_back(std::move(tag));
  } while (!in.AtEnd());
  return cancel;
}

absl::StatusOr<CommandBody> ParseSearch(Scanner& in) {
  return ParseSearchAs(in, Numbers::kSequence);
}
absl::StatusOr<CommandBody> ParseUidSearch(Scanner& in) {
  return ParseSearchAs(in, Numbers::kUid);
}

}  // namespace pennypost::imap
