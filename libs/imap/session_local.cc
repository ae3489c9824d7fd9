// Commands the session answers by itself.

#include <fmt/format.h>

#include "base/text.h"
#include "imap/mailbox_name.h"
#include "imap/session.h"

namespace pennypost::imap {

void ServerSession::RunLocal(std::string tag, const CommandRow& row, CommandBody body) {
  if (row.name == "CAPABILITY") {
    Untagged("CAPABILITY " + Capabilities());
    Tagged(tag, Ok("Done"));
  } else if (row.name == "NAMESPACE") {
    Untagged(fmt::format("NAMESPACE ((\"\" \"/\")) ((\"{}/\" \"/\")) NIL", kOtherUsers));
    Tagged(tag, Ok("Done"));
  } else if (row.name == "ID") {
    DoId(tag);
  } else if (row.name == "LOGOUT") {
    DoLogout(tag);
  } else if (row.name == "STARTTLS") {
    DoStartTls(tag);
  } else if (auto* compress = std::get_if<Compress>(&body)) {
    DoCompress(tag, *compress);
  } else if (row.name == "UNSELECT") {
    DoUnselect(tag);
  } else if (auto* cancel = std::get_if<CancelUpdate>(&body)) {
    DoCancelUpdate(tag, *cancel);
  } else if (row.name == "IDLE") {
    out_ += "+ idling\r\n";
    mode_ = Idling{std::move(tag)};
    PushUpdates();
  } else if (auto* enable = std::get_if<Enable>(&body)) {
    DoEnable(tag, *enable);
  } else if (auto* login = std::get_if<Login>(&body)) {
    DoLogin(std::move(tag), std::move(*login));
  } else if (auto* authenticate = std::get_if<Authenticate>(&body)) {
    DoAuthenticate(std::move(tag), std::move(*authenticate));
  }
}

std::string ServerSession::Capabilities() const {
  std::string out = "IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE";
  if (!authenticated()) {
    if (!options_.tls && options_.starttls) out += " STARTTLS";
    if (PasswordsAllowed()) {
      for (const std::string& name : sasl::ServerMechanismNames()) {
        // LOGIN is for SMTP clients that know nothing else.
        if (name != "LOGIN") out += " AUTH=" + name;
      }
    } else {
      out += " LOGINDISABLED";
    }
    return out;
  }
  return out +
         " IDLE NAMESPACE UIDPLUS MOVE UNSELECT CHILDREN SPECIAL-USE CREATE-SPECIAL-USE "
         "LIST-EXTENDED"
         " LIST-STATUS STATUS=SIZE OBJECTID SAVEDATE PREVIEW ESEARCH SEARCHRES PARTIAL ESORT SORT "
         "SEARCH=FUZZY CONTEXT=SEARCH CONTEXT=SORT "
         "SORT=DISPLAY THREAD=REFERENCES "
         "THREAD=ORDEREDSUBJECT WITHIN CONDSTORE "
         "QRESYNC NOTIFY UIDONLY INPROGRESS BINARY MULTIAPPEND CATENATE REPLACE UTF8=ACCEPT "
         "METADATA QUOTA "
         "QUOTA=RES-STORAGE ACL RIGHTS=kxte LIST-MYRIGHTS" +
         (compressed_ ? "" : " COMPRESS=DEFLATE") +
         fmt::format(" APPENDLIMIT={} SAVELIMIT={}", options_.max_message, options_.save_limit);
}

// RFC 2971 3.2: the name only; versions help attackers.
void ServerSession::DoId(const std::string& tag) {
  Untagged("ID (\"name\" \"Pennypost\")");
  Tagged(tag, Ok("Done"));
}

void ServerSession::DoLogout(const std::string& tag) {
  Untagged("BYE Logging out");
  Tagged(tag, Ok("Done"));
  mode_ = Closed{"logout"};
}

void ServerSession::DoStartTls(const std::string& tag) {
  if (options_.tls || !options_.starttls) return Tagged(tag, Bad("TLS cannot start here"));
  if (lexer_.HasBuffered()) {
    // What a man in the middle put behind the command must not run as if it came over TLS.
    Tagged(tag, Bad("Nothing may follow STARTTLS"));
    return Bye("Nothing may follow STARTTLS", "bytes after STARTTLS");
  }
  Tagged(tag, Ok("Begin TLS now"));
  tls_due_ = true;
  mode_ = TlsHandshake{};
}

void ServerSession::TlsStarted() {
  // RFC 9051 6.2.1: what was known before counts no more.
  options_.tls = true;
  lexer_.Clear();
  bad_commands_ = 0;
  mode_ = Commands{};
}

void ServerSession::DoEnable(const std::string& tag, const Enable& enable) {
  std::string enabled;
  for (const std::string& feature : enable.features) {
    if (feature == "CONDSTORE" && !features_.condstore) {
      features_.condstore = true;
      enabled += " CONDSTORE";
    } else if (feature == "QRESYNC" && !features_.qresync) {
      // RFC 7162 3.2.3: it is a CONDSTORE enabling command.
      features_.qresync = features_.condstore = true;
      enabled += " QRESYNC";
    } else if (feature == "UTF8=ACCEPT" && !features_.utf8) {
      features_.utf8 = true;
      enabled += " UTF8=ACCEPT";
    } else if (feature == "UIDONLY" && !features_.uidonly) {
      features_.uidonly = true;
      enabled += " UIDONLY";
    } else if (feature == "IMAP4REV2" && !features_.imap4rev2) {
      features_.imap4rev2 = true;
      enabled += " IMAP4rev2";
    }
  }
  Untagged("ENABLED" + enabled);
  Tagged(tag, Ok("Done"));
}

void ServerSession::DoCompress(const std::string& tag, const Compress& compress) {
  if (!EqualsIgnoreCase(compress.mechanism, "DEFLATE"))
    return Tagged(tag, Bad("Unknown compression"));
  if (compressed_) return Tagged(tag, Bad("Compression is active"));
  if (lexer_.HasBuffered()) {
    // RFC 4978 3: the client waits for the answer; what it sent already could be in either form.
    Tagged(tag, Bad("Nothing may follow COMPRESS"));
    return Bye("Nothing may follow COMPRESS", "bytes after COMPRESS");
  }
  Tagged(tag, Ok("Compression begins"));
  compressed_ = compress_due_ = true;
}

void ServerSession::DoCancelUpdate(const std::string& tag, const CancelUpdate& cancel) {
  SearchUpdates& updates = *search_updates();
  for (const std::string& named : cancel.tags) {
    if (!updates.Has(named)) return Tagged(tag, Bad("No search of that tag is kept"));
  }
  for (const std::string& named : cancel.tags) updates.Cancel(named);
  Tagged(tag, Ok("No further updates"));
}

void ServerSession::DoUnselect(const std::string& tag) {
  state_ = Authenticated{};
  Tagged(tag, Ok("Done"));
}

}  // namespace pennypost::imap
