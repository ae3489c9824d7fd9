#include <gtest/gtest.h>

#include "base/status.h"
#include "imap/commands.h"

namespace pennypost::imap {
namespace {

template <typename Body>
absl::StatusOr<Body> Parse(std::string_view verb, std::string_view arguments,
                           Limits limits = LimitsAfterLogin(1000),
                           NameForm names = NameForm::kUtf7) {
  Scanner scanner(arguments, limits, names);
  const CommandRow* row = FindCommand(verb);
  EXPECT_NE(row, nullptr) << verb;
  ASSIGN_OR_RETURN(CommandBody body, row->parse(scanner));
  return std::get<Body>(std::move(body));
}

TEST(Parse, RefusesBrokenCommands) {
  struct Row {
    std::string_view verb;
    std::string_view arguments;
  } rows[] = {
      {"NOOP", " x"},
      {"LOGIN", " a"},
      {"LOGIN", " a b c"},
      {"LOGIN", " \"a b"},
      {"LOGIN", " \"a\\x\" b"},
      {"LOGIN", " {5}\r\nab"},
      {"SELECT", ""},
      {"SELECT", " a (X)"},
      {"SELECT", " \"\xff\""},
      {"SELECT", " a (QRESYNC (1))"},
      {"SELECT", " a (QRESYNC (1 2 1:*))"},
      {"SELECT", " a (QRESYNC (1 2 $))"},
      {"SELECT", " a (QRESYNC (1 2 (1,3 5,4)))"},
      {"SELECT", " a (QRESYNC (1 2 (1)))"},
      {"CREATE", " a (USE (Sent))"},
      {"LIST", " \"\""},
      {"LIST", " (RECURSIVEMATCH) \"\" *"},
      {"LIST", " \"\" * RETURN (X)"},
      {"STATUS", " a ()"},
      {"STATUS", " a (X)"},
      {"APPEND", " a (\\Recent) {1}\r\nx"},
      {"APPEND", " a \"30-Feb-2024 00:00:00 +0000\" {1}\r\nx"},
      {"APPEND", " a \"x\" {1}\r\nx"},
      {"APPEND", " a {1}\r\nx "},
      {"APPEND", " a {1}\r\nxy"},
      {"APPEND", " a UTF8 ({1}\r\nx)"},
      {"APPEND", " a UTF8 (~{1}\r\nx"},
      {"APPEND", " a CATENATE"},
      {"APPEND", " a CATENATE ()"},
      {"APPEND", " a CATENATE (TEXT \"x\")"},
      {"APPEND", " a CATENATE (URL )"},
      {"APPEND", " a CATENATE (URL x"},
      {"APPEND", " a CATENATE (URL x TEXT {1}\r\nx"},
      {"APPEND", " a CATENATE (URL x){1}\r\nx"},
      {"FETCH", " 0 FLAGS"},
      {"FETCH", " 4294967296 FLAGS"},
      {"FETCH", " 1:x FLAGS"},
      {"FETCH", " 1, FLAGS"},
      {"FETCH", " 1 ()"},
      {"FETCH", " 1 X"},
      {"FETCH", " 1 BODY[MIME]"},
      {"FETCH", " 1 BODY[1.]"},
      {"FETCH", " 1 BODY[HEADER.FIELDS ()]"},
      {"FETCH", " 1 BODY[]<1>"},
      {"FETCH", " 1 BODY[]<0.0>"},
      {"FETCH", " 1 BODY["},
      {"FETCH", " 1 FLAGS (X)"},
      {"FETCH", " 1 FLAGS (CHANGEDSINCE 1 VANISHED)"},
      {"UID FETCH", " 1 FLAGS (VANISHED)"},
      {"STORE", " 1 FLAGS"},
      {"STORE", " 1 +FLAGS (\\Recent)"},
      {"STORE", " 1 +X (\\Seen)"},
      {"COPY", " 1"},
      {"SEARCH", ""},
      {"SEARCH", " X"},
      {"SEARCH", " BEFORE 32-Jan-2024"},
      {"SEARCH", " ("},
      {"SEARCH", " OR SEEN"},
      {"SEARCH", " NOT"},
      {"SEARCH", " RETURN (X) ALL"},
      {"SEARCH", " EMAILID \"x\""},
      {"SEARCH", " RETURN (PARTIAL 1:2 ALL) ALL"},
      {"SEARCH", " RETURN (PARTIAL 1:2 PARTIAL 3:4) ALL"},
      {"SEARCH", " RETURN (PARTIAL 0:2) ALL"},
      {"SEARCH", " RETURN (PARTIAL 1:-2) ALL"},
      {"SEARCH", " RETURN (PARTIAL -1:2) ALL"},
      {"SEARCH", " FUZZY"},
      {"SEARCH", " FUZZY SUBJECT"},
      {"SEARCH", " RETURN (RELEVANCY) SUBJECT x"},
      {"SORT", " (RELEVANCY) UTF-8 SUBJECT x"},
      {"SORT", " RETURN (RELEVANCY) (DATE) UTF-8 SUBJECT x"},
      {"SORT", " () UTF-8 ALL"},
      {"SORT", " (X) UTF-8 ALL"},
      {"SORT", " (REVERSE) UTF-8 ALL"},
      {"SORT", " (DATE) UTF-8"},
      {"THREAD", " X UTF-8 ALL"},
      {"THREAD", " REFERENCES ALL"},
      {"FETCH", " 1 FLAGS (PARTIAL 1:2)"},
      {"SEARCH", " THREADID"},
      {"FETCH", " 1 PREVIEW (LAZY"},
      {"FETCH", " 1 (PREVIEW (X))"},
      {"SETACL", " a b"},
      {"SETACL", " a b Lr"},
      {"SETACL", " a b lrq"},
      {"SETACL", " a \"\" lr"},
      {"SETACL", " a b +-l"},
      {"DELETEACL", " a"},
      {"GETACL", " a b"},
      {"MYRIGHTS", ""},
      {"LISTRIGHTS", " a"},
      {"ID", " (a b)"},
      {"ENABLE", ""},
      {"GETMETADATA", " INBOX"},
      {"GETMETADATA", " INBOX comment"},
      {"GETMETADATA", " INBOX /private"},
      {"GETMETADATA", " INBOX /other/comment"},
      {"GETMETADATA", " INBOX /private//x"},
      {"GETMETADATA", " INBOX \"/private/x*\""},
      {"GETMETADATA", " INBOX (DEPTH 2) /private/x"},
      {"SETMETADATA", " INBOX /private/x y"},
      {"SETMETADATA", " INBOX (/private/x)"},
      {"SETMETADATA", " INBOX ()"},
  };
  for (const Row& row : rows) {
    Scanner scanner(row.arguments, LimitsAfterLogin(1000), NameForm::kUtf7);
    auto body = FindCommand(row.verb)->parse(scanner);
    EXPECT_EQ(ReasonOf(body.status()), Reason::kSyntax) << row.verb << row.arguments;
  }
}

TEST(Parse, LoginAndNames) {
  auto login = Parse<Login>("LOGIN", " ann@b \"a\\\"b\"");
  EXPECT_EQ(login->user, "ann@b");
  EXPECT_EQ(login->password, "a\"b");
  EXPECT_EQ(Parse<Login>("LOGIN", " {2}\r\nab {1+}\r\nc")->password, "c");
  EXPECT_EQ(Parse<Select>("SELECT", " inbox")->mailbox, "INBOX");
  EXPECT_TRUE(Parse<Select>("EXAMINE", " \"a b\" (CONDSTORE)")->condstore);
  EXPECT_EQ(Parse<Select>("SELECT", " &APw-")->mailbox, "\u00fc");
  EXPECT_EQ(Parse<Select>("SELECT", " \"&APw-\"", LimitsAfterLogin(0), NameForm::kUtf8)->mailbox,
            "&APw-");
  EXPECT_EQ(Parse<Create>("CREATE", " Out (USE (\\Sent \\X))")->special_uses,
            (std::vector<std::string>{"\\Sent", "\\X"}));
  EXPECT_EQ(Parse<Rename>("RENAME", " a \"b c\"")->to, "b c");
  EXPECT_EQ(Parse<Authenticate>("AUTHENTICATE", " PLAIN =")->initial, "=");
  EXPECT_EQ(Parse<Id>("ID", " (\"name\" \"x\" \"v\" NIL)")->fields.size(), 2u);
  EXPECT_EQ(Parse<Status>("STATUS", " a (messages SIZE HIGHESTMODSEQ)")->items.size(), 3u);
}

TEST(Parse, Rights) {
  auto set = Parse<SetAcl>("SETACL", " Work bob@example.org -lrd");
  ASSERT_TRUE(set.ok());
  EXPECT_EQ(set->mailbox, "Work");
  EXPECT_EQ(set->identifier, "bob@example.org");
  EXPECT_EQ(set->mode, SetAcl::Mode::kRemove);
  EXPECT_EQ(set->rights.ToString(), "lrte");
  EXPECT_EQ(Parse<SetAcl>("SETACL", " Work anyone +c")->mode, SetAcl::Mode::kAdd);
  EXPECT_TRUE(Parse<SetAcl>("SETACL", " Work anyone \"\"")->rights.empty());
  EXPECT_EQ(Parse<DeleteAcl>("DELETEACL", " inbox -x")->identifier, "-x");
  EXPECT_EQ(Parse<GetAcl>("GETACL", " inbox")->mailbox, "INBOX");
  EXPECT_EQ(Parse<ListRights>("LISTRIGHTS", " a \"b c\"")->identifier, "b c");
  EXPECT_EQ(Parse<MyRights>("MYRIGHTS", " a")->mailbox, "a");
  EXPECT_TRUE(Parse<List>("LIST", " \"\" * RETURN (MYRIGHTS)")->return_my_rights);
}

TEST(Parse, SortAndThread) {
  auto sort = Parse<Sort>("UID SORT",
                          " RETURN (COUNT PARTIAL -1:-9) (REVERSE DATE subject) UTF-8 OR SEEN 1");
  ASSERT_TRUE(sort.ok());
  EXPECT_EQ(sort->order, (std::vector<SortKey>{{SortKey::Field::kDate, true},
                                               {SortKey::Field::kSubject, false}}));
  EXPECT_EQ(sort->search.partial, (Partial{1, 9, true}));
  EXPECT_EQ(sort->search.returns, unsigned{kReturnCount | kReturnPartial});
  EXPECT_EQ(sort->search.numbers, Numbers::kUid);
  EXPECT_EQ(sort->search.key.op, SearchKey::Op::kOr);
  auto thread = Parse<Thread>("THREAD", " orderedsubject \"iso-8859-1\" SUBJECT {1}\r\n\xfc");
  ASSERT_TRUE(thread.ok());
  EXPECT_EQ(thread->algorithm, Thread::Algorithm::kOrderedSubject);
  EXPECT_EQ(thread->search.key.text, "\u00fc");
  EXPECT_EQ(Parse<Fetch>("UID FETCH", " 1 FLAGS (PARTIAL 3:1)")->partial, (Partial{3, 1, false}));
}

// RFC 6203
TEST(Parse, Fuzzy) {
  auto search =
      Parse<Search>("SEARCH", " RETURN (RELEVANCY ALL) FUZZY (SUBJECT x OR SEEN TO y) FROM z");
  ASSERT_TRUE(search.ok());
  EXPECT_EQ(search->returns, unsigned{kReturnRelevancy | kReturnAll});
  const SearchKey& key = search->key;
  ASSERT_EQ(key.children.size(), 2u);
  const SearchKey& inside = key.children[0];
  EXPECT_EQ(inside.op, SearchKey::Op::kAnd);
  EXPECT_TRUE(inside.fuzzy && inside.children[0].fuzzy && inside.children[1].children[1].fuzzy);
  EXPECT_FALSE(key.fuzzy || key.children[1].fuzzy);
  EXPECT_EQ(inside.children[0].text, "x");
  auto negated = Parse<Search>("SEARCH", " FUZZY UNSEEN");
  EXPECT_EQ(negated->key.op, SearchKey::Op::kNot);
  auto sort =
      Parse<Sort>("SORT", " RETURN (RELEVANCY) (REVERSE RELEVANCY DATE) UTF-8 NOT FUZZY TEXT x");
  ASSERT_TRUE(sort.ok());
  EXPECT_EQ(sort->order[0], (SortKey{SortKey::Field::kRelevancy, true}));
}

TEST(Parse, Metadata) {
  auto get =
      Parse<GetMetadata>("GETMETADATA", " (MAXSIZE 9 DEPTH infinity) \"\" (/private/A /shared/b)");
  ASSERT_TRUE(get.ok());
  EXPECT_EQ(get->mailbox, "");
  EXPECT_EQ(get->entries, (std::vector<std::string>{"/private/a", "/shared/b"}));
  EXPECT_EQ(get->max_size, 9u);
  EXPECT_EQ(get->depth, GetMetadata::Depth::kAll);
  get = Parse<GetMetadata>("GETMETADATA", " inbox (DEPTH 1) /private/a");
  ASSERT_TRUE(get.ok());
  EXPECT_EQ(get->mailbox, "INBOX");
  EXPECT_EQ(get->depth, GetMetadata::Depth::kChildren);
  auto set = Parse<SetMetadata>("SETMETADATA",
                                " x (/private/a NIL /private/b \"y\" /shared/c ~{2}\r\nz\n)");
  ASSERT_TRUE(set.ok());
  ASSERT_EQ(set->entries.size(), 3u);
  EXPECT_FALSE(set->entries[0].value);
  EXPECT_EQ(set->entries[1].value, "y");
  EXPECT_EQ(set->entries[2].value, "z\n");
}

TEST(Parse, Resync) {
  auto select = Parse<Select>("SELECT", " a (QRESYNC (7 99 1:4,9 (1,3:4 2,6:7)) CONDSTORE)");
  ASSERT_TRUE(select.ok() && select->resync);
  EXPECT_TRUE(select->condstore);
  EXPECT_EQ(select->resync->uid_validity, 7u);
  EXPECT_EQ(select->resync->modseq, 99u);
  EXPECT_EQ(select->resync->known_uids, (NumberSet{{{1, 4}, {9, 9}}, false}));
  EXPECT_EQ(select->resync->sample_uids, (NumberSet{{{2, 2}, {6, 7}}, false}));
  select = Parse<Select>("EXAMINE", " a (QRESYNC (7 99 (1 2)))");
  ASSERT_TRUE(select.ok() && select->resync);
  EXPECT_FALSE(select->resync->known_uids);
  EXPECT_TRUE(Parse<Fetch>("UID FETCH", " 1 FLAGS (VANISHED CHANGEDSINCE 5)")->vanished);
}

TEST(Parse, ListForms) {
  auto plain = Parse<List>("LIST", " \"\" %");
  EXPECT_FALSE(plain->extended);
  EXPECT_EQ(plain->patterns, std::vector<std::string>{"%"});
  auto full = Parse<List>("LIST",
                          " (SUBSCRIBED RECURSIVEMATCH) \"x/\" (a* \"b c%\") RETURN (CHILDREN "
                          "STATUS (MESSAGES UNSEEN) SPECIAL-USE)");
  EXPECT_TRUE(full->only_subscribed && full->recursive_match && full->return_children &&
              full->return_special_use);
  EXPECT_EQ(full->reference, "x/");
  EXPECT_EQ(full->patterns, (std::vector<std::string>{"a*", "b c%"}));
  EXPECT_EQ(full->return_status.size(), 2u);
  EXPECT_TRUE(Parse<List>("LSUB", " \"\" *")->lsub);
  EXPECT_TRUE(Parse<List>("LIST", " () \"\" *")->extended);
}

TEST(Parse, AppendKeepsTheMessageInPlace) {
  std::string text = "a APPEND x (\\Seen $Junk) \"17-Jul-1996 02:44:25 -0700\" {5}\r\nhello";
  Scanner scanner(text, LimitsAfterLogin(1000), NameForm::kUtf7);
  ASSERT_TRUE(scanner.Tag().ok() && scanner.Eat(' ') && scanner.Word().ok());
  auto body = ParseAppend(scanner);
  ASSERT_TRUE(body.ok());
  Append append = std::get<Append>(*body);
  append.text = text;
  ASSERT_EQ(append.messages.size(), 1u);
  EXPECT_EQ(append.content(append.messages[0]), "hello");
  EXPECT_EQ(append.messages[0].flags, (std::vector<std::string>{"\\Seen", "$Junk"}));
  EXPECT_EQ(absl::ToUnixSeconds(*append.messages[0].date), 837596665);
  EXPECT_EQ(Parse<Append>("APPEND", " x ~{1+}\r\n\n")->messages[0].size, 1u);
  // RFC 3502, RFC 6855 4
  auto several = Parse<Append>("APPEND", " x {1}\r\na (\\Seen) UTF8 (~{2+}\r\nbc) ~{1}\r\nd");
  ASSERT_TRUE(several.ok());
  ASSERT_EQ(several->messages.size(), 3u);
  EXPECT_EQ(several->messages[1].size, 2u);
  EXPECT_EQ(several->messages[1].flags.size(), 1u);
}

TEST(Parse, FetchItems) {
  auto fetch = Parse<Fetch>(
      "UID FETCH", " 1:3,*,9:* (FLAGS BODY.PEEK[1.2.HEADER.FIELDS (To \"x\")]<5.6> BODY[])");
  EXPECT_EQ(fetch->set.ranges, (std::vector<NumberRange>{{1, 3}, {0, 0}, {9, 0}}));
  ASSERT_EQ(fetch->items.size(), 4u);
  EXPECT_EQ(fetch->items[0].kind, FetchItem::Kind::kUid);
  EXPECT_EQ(fetch->items[2].section, (Section{{1, 2}, Section::Text::kHeaderFields, {"To", "x"}}));
  EXPECT_EQ(fetch->items[2].partial, (std::pair<uint64_t, uint64_t>{5, 6}));
  EXPECT_TRUE(fetch->items[2].peek);
  EXPECT_FALSE(fetch->items[3].peek);
  EXPECT_EQ(Parse<Fetch>("FETCH", " 1 FULL")->items.size(), 5u);
  EXPECT_EQ(Parse<Fetch>("FETCH", " 1 all")->items.size(), 4u);
  EXPECT_EQ(Parse<Fetch>("FETCH", " $ FAST")->items.size(), 3u);
  EXPECT_EQ(Parse<Fetch>("FETCH", " 1 body[text]")->items[0].section.text, Section::Text::kText);
  EXPECT_EQ(Parse<Fetch>("FETCH", " 1 BODY")->items[0].kind, FetchItem::Kind::kBody);
  EXPECT_EQ(Parse<Fetch>("FETCH", " 1 BINARY.SIZE[1]")->items[0].kind,
            FetchItem::Kind::kBinarySize);
  EXPECT_FALSE(Parse<Fetch>("FETCH", " 1 RFC822")->items[0].peek);
  auto changed = Parse<Fetch>("FETCH", " 1:* (FLAGS) (CHANGEDSINCE 12345)");
  EXPECT_EQ(changed->changed_since, 12345u);
  EXPECT_EQ(changed->items[0].kind, FetchItem::Kind::kModSeq);
}

TEST(Parse, StoreAndCopy) {
  auto store = Parse<Store>("STORE", " 1:2 (UNCHANGEDSINCE 0) -FLAGS.SILENT (\\seen x)");
  EXPECT_EQ(store->mode, Store::Mode::kRemove);
  EXPECT_TRUE(store->silent);
  EXPECT_EQ(store->unchanged_since, 0u);
  EXPECT_EQ(store->flags, (std::vector<std::string>{"\\Seen", "x"}));
  EXPECT_EQ(Parse<Store>("UID STORE", " 1 FLAGS ()")->flags.size(), 0u);
  EXPECT_EQ(Parse<Store>("STORE", " 1 +FLAGS \\Deleted \\Seen")->flags.size(), 2u);
  EXPECT_TRUE(Parse<Copy>("UID MOVE", " 5 x")->move);
}

// "(and (not (flag \Seen)) (header From x))"
std::string Show(const SearchKey& key) {
  static constexpr const char* kNames[] = {
      "all",     "and",    "or",    "not",        "flag",   "seq",       "uid",
      "before",  "on",     "since", "sentbefore", "senton", "sentsince", "larger",
      "smaller", "header", "body",  "text",       "modseq", "older",     "younger"};
  std::string out = std::string("(") + kNames[static_cast<size_t>(key.op)];
  for (const SearchKey& child : key.children) out += " " + Show(child);
  if (!key.header.empty()) out += " " + key.header;
  if (!key.text.empty()) out += " " + key.text;
  if (key.number) out += " " + std::to_string(key.number);
  if (key.date) out += " " + std::to_string(key.date);
  for (const NumberRange& range : key.set.ranges)
    out += " " + std::to_string(range.first) + ":" + std::to_string(range.last);
  return out + ")";
}

TEST(Parse, SearchTrees) {
  struct Row {
    std::string_view arguments;
    std::string_view expected;
  } rows[] = {
      {" ALL", "(all)"},
      {" UNSEEN FROM \"x y\"", "(and (not (flag \\Seen)) (header From x y))"},
      {" OR SEEN (1:3 UID 5,7:*)", "(or (flag \\Seen) (and (seq 1:3) (uid 5:5 7:0)))"},
      {" NOT KEYWORD $Junk", "(not (flag $Junk))"},
      {" HEADER Message-ID <a@b>", "(header Message-ID <a@b>)"},
      {" SINCE 1-Feb-1970 BEFORE \"1-Jan-1971\"", "(and (since 31) (before 365))"},
      {" LARGER 100 OLDER 60", "(and (larger 100) (older 60))"},
      {" CHARSET UTF-8 TEXT {2}\r\n\u00fc", "(text \u00fc)"},
      {" CHARSET ISO-8859-1 TEXT {1}\r\n\xfc", "(text \u00fc)"},
      {" MODSEQ \"/flags/\\\\draft\" all 620162338", "(modseq 620162338)"},
      {" NEW", "(not (all))"},
  };
  for (const Row& row : rows) {
    auto search = Parse<Search>("SEARCH", row.arguments);
    ASSERT_TRUE(search.ok()) << row.arguments << search.status();
    EXPECT_EQ(Show(search->key), row.expected);
  }
  auto returns = Parse<Search>("UID SEARCH", " RETURN (MIN COUNT SAVE) ALL");
  EXPECT_EQ(returns->returns, kReturnMin | kReturnCount | kReturnSave);
  EXPECT_EQ(Parse<Search>("SEARCH", " RETURN () ALL")->returns, kReturnAll);
  EXPECT_EQ(ReasonOf(Parse<Search>("SEARCH", " CHARSET x-none ALL").status()), Reason::kPolicy);
}

TEST(Parse, LimitsHold) {
  std::string nots = " ";
  for (int i = 0; i < 100; ++i) nots += "NOT ";
  EXPECT_EQ(ReasonOf(Parse<Search>("SEARCH", nots + "ALL").status()), Reason::kTooBig);
  std::string parens(" ");
  parens.append(1 << 20, '(');
  EXPECT_EQ(ReasonOf(Parse<Search>("SEARCH", parens).status()), Reason::kTooBig);
  std::string many;
  for (int i = 0; i < 2000; ++i) many += " ALL";
  EXPECT_EQ(ReasonOf(Parse<Search>("SEARCH", many).status()), Reason::kTooBig);
}

}  // namespace
}  // namespace pennypost::imap
