#include "sasl/server.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/text.h"
#include "sasl/client.h"

namespace pennypost::sasl {
namespace {

using namespace std::string_view_literals;

template <typename T>
T Expect(const ServerStep& step) {
  if (!std::holds_alternative<T>(step)) {
    ADD_FAILURE() << "wrong step " << step.index();
    return {};
  }
  return std::get<T>(step);
}

TEST(Plain, Rfc4616Examples) {
  auto plain = NewServerMechanism("plain");
  auto check = Expect<NeedPasswordCheck>(plain->Start("\0tim\0tanstaaftanstaaf"sv));
  EXPECT_EQ(check.authzid, "");
  EXPECT_EQ(check.user, "tim");
  EXPECT_EQ(check.password, "tanstaaftanstaaf");
  EXPECT_EQ(Expect<Success>(plain->PasswordChecked(PasswordResult::kCorrect)).user, "tim");

  plain = NewServerMechanism("PLAIN");
  EXPECT_EQ(Expect<Challenge>(plain->Start(std::nullopt)).bytes, "");
  check = Expect<NeedPasswordCheck>(plain->Respond("Ursel\0Kurt\0xipj3plmq"sv));
  EXPECT_EQ(check.authzid, "Ursel");
  auto failure = Expect<Failure>(plain->PasswordChecked(PasswordResult::kWrong));
  EXPECT_EQ(failure.kind, FailureKind::kBadCredentials);
  EXPECT_EQ(failure.user, "Kurt");
}

TEST(Plain, MalformedResponses) {
  const std::string_view kBad[] = {""sv,
                                   "tim"sv,
                                   "\0tim"sv,
                                   "\0\0secret"sv,
                                   "\0tim\0"sv,
                                   "\0tim\0a\0b"sv,
                                   "\0t\nim\0ab"sv,
                                   "\0tim\0a\x01"
                                   "b"sv,
                                   "\0ti\xFFm\0ab"sv,
                                   "a\rb\0tim\0x"sv};
  for (std::string_view bad : kBad) {
    auto plain = NewServerMechanism("PLAIN");
    EXPECT_EQ(Expect<Failure>(plain->Start(bad)).kind, FailureKind::kMalformed) << HexEncode(bad);
  }
  std::string huge("\0a\0", 3);
  huge.append(5000, 'x');
  EXPECT_EQ(Expect<Failure>(NewServerMechanism("PLAIN")->Start(huge)).kind,
            FailureKind::kMalformed);
}

TEST(Login, AsksTwice) {
  auto login = NewServerMechanism("LOGIN");
  EXPECT_EQ(Expect<Challenge>(login->Start(std::nullopt)).bytes, "Username:");
  EXPECT_EQ(Expect<Challenge>(login->Respond("bob")).bytes, "Password:");
  auto check = Expect<NeedPasswordCheck>(login->Respond("secret"));
  EXPECT_EQ(check.user, "bob");
  EXPECT_EQ(check.password, "secret");

  login = NewServerMechanism("LOGIN");
  EXPECT_EQ(Expect<Challenge>(login->Start("bob")).bytes, "Password:");
  EXPECT_EQ(Expect<Failure>(login->Respond("")).kind, FailureKind::kMalformed);
}

constexpr char kClientNonce[] = "rOprNGfwEbeRWgbNEkqO";
constexpr char kServerNonce[] = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
constexpr char kServerFirst[] =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr char kClientFinal[] =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
constexpr char kServerFinal[] = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

ScramKeys PencilKeys() {
  return DeriveScramKeys("pencil", *Base64Decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
}

// RFC 7677 3
TEST(Scram, ServerGivesTheExampleOfTheRfc) {
  auto scram = NewServerMechanism("SCRAM-SHA-256", kServerNonce);
  EXPECT_EQ(Expect<Challenge>(scram->Start(std::nullopt)).bytes, "");
  auto need = Expect<NeedScramKeys>(scram->Respond("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"));
  EXPECT_EQ(need.user, "user");
  EXPECT_EQ(Expect<Challenge>(scram->ScramKeysFetched(PencilKeys())).bytes, kServerFirst);
  EXPECT_EQ(Expect<Challenge>(scram->Respond(kClientFinal)).bytes, kServerFinal);
  EXPECT_EQ(Expect<Success>(scram->Respond("")).user, "user");
}

// RFC 7677 3
TEST(Scram, ClientGivesTheExampleOfTheRfc) {
  auto client = NewClientMechanism("SCRAM-SHA-256", {"", "user", "pencil"}, kClientNonce);
  EXPECT_EQ(*client->Initial(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  EXPECT_EQ(*client->Respond(kServerFirst), kClientFinal);
  EXPECT_FALSE(client->ServerIsProven());
  EXPECT_EQ(*client->Respond(kServerFinal), "");
  EXPECT_TRUE(client->ServerIsProven());
}

TEST(Scram, MalformedClientFirst) {
  for (std::string_view bad :
       {"", "n", "n,,", "n,,n=user", "n,,r=abc,n=user", "p=tls-unique,,n=user,r=abc", "x,,n=u,r=a",
        "n,,n=,r=abc", "n,,n=us=er,r=abc", "n,,n=user,r=", "n,,n=user,r=a b", "n,,m=x,n=user,r=abc",
        "n,a=,n=user,r=abc", "n,b=x,n=user,r=abc", "n,,n=us\ner,r=abc"}) {
    auto scram = NewServerMechanism("SCRAM-SHA-256");
    EXPECT_EQ(Expect<Failure>(scram->Start(bad)).kind, FailureKind::kMalformed) << bad;
  }
}

TEST(Scram, OnlyTheRightProofPasses) {
  std::string final_message = kClientFinal;
  auto attempt = [](std::string_view message) {
    auto scram = NewServerMechanism("SCRAM-SHA-256", kServerNonce);
    scram->Start("n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    scram->ScramKeysFetched(PencilKeys());
    return scram->Respond(message);
  };
  EXPECT_TRUE(std::holds_alternative<Challenge>(attempt(final_message)));
  for (size_t i = 0; i < final_message.size(); ++i) {
    std::string changed = final_message;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_TRUE(std::holds_alternative<Failure>(attempt(changed))) << changed;
  }
  for (std::string_view bad : {"", "p=", ",p=", "c=biws,p=AAAA", "c=biws,r=x,p=AAAA"}) {
    EXPECT_TRUE(std::holds_alternative<Failure>(attempt(bad))) << bad;
  }
}

TEST(Scram, UnknownUserAndWrongOrder) {
  auto scram = NewServerMechanism("SCRAM-SHA-256");
  EXPECT_EQ(Expect<Failure>(scram->ScramKeysFetched(PencilKeys())).kind, FailureKind::kMalformed);
  Expect<NeedScramKeys>(scram->Start("n,,n=nobody,r=abc"));
  EXPECT_EQ(Expect<Failure>(scram->Respond("x")).kind, FailureKind::kMalformed);
  EXPECT_EQ(Expect<Failure>(scram->ScramKeysFetched(std::nullopt)).kind,
            FailureKind::kBadCredentials);
  EXPECT_EQ(Expect<Failure>(scram->PasswordChecked(PasswordResult::kCorrect)).kind,
            FailureKind::kMalformed);
}

TEST(Scram, ClientRefusesAnImpostor) {
  auto fresh = [] {
    auto client = NewClientMechanism("SCRAM-SHA-256", {"", "user", "pencil"}, kClientNonce);
    client->Initial();
    return client;
  };
  for (std::string_view bad :
       {"", "e=other-error", "r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        "r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "r=rOprNGfwEbeRWgbNEkqOx,s=!,i=4096",
        "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1",
        "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=999999999999"}) {
    EXPECT_FALSE(fresh()->Respond(bad).ok()) << bad;
  }
  auto client = fresh();
  ASSERT_TRUE(client->Respond(kServerFirst).ok());
  EXPECT_FALSE(client->Respond("v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=").ok());
  EXPECT_FALSE(client->ServerIsProven());
}

TEST(Client, TalksToTheServerInEveryMechanism) {
  for (const std::string& name : ServerMechanismNames()) {
    for (std::string_view password : {"pen,c=il", "wrong"}) {
      auto server = NewServerMechanism(name);
      auto client = NewClientMechanism(name, {"", "us,e=r", std::string(password)});
      ServerStep step = server->Start(client->Initial());
      for (int i = 0; i < 10 && step.index() < 3; ++i) {
        if (auto* challenge = std::get_if<Challenge>(&step)) {
          auto response = client->Respond(challenge->bytes);
          ASSERT_TRUE(response.ok());
          step = server->Respond(*response);
        } else if (auto* check = std::get_if<NeedPasswordCheck>(&step)) {
          EXPECT_EQ(check->user, "us,e=r");
          step = server->PasswordChecked(check->password == "pen,c=il" ? PasswordResult::kCorrect
                                                                       : PasswordResult::kWrong);
        } else {
          step = server->ScramKeysFetched(DeriveScramKeys("pen,c=il", "saltsalt", 4096));
        }
      }
      bool right = password == "pen,c=il";
      EXPECT_EQ(std::holds_alternative<Success>(step), right) << name;
      if (right) {
        EXPECT_TRUE(client->ServerIsProven());
      }
    }
  }
}

TEST(Mechanisms, ByName) {
  EXPECT_EQ(NewServerMechanism("CRAM-MD5"), nullptr);
  EXPECT_EQ(NewServerMechanism(""), nullptr);
  EXPECT_EQ(NewClientMechanism("GSSAPI", {}), nullptr);
  EXPECT_EQ(ChooseClientMechanism({"LOGIN", "plain"}), "PLAIN");
  EXPECT_EQ(ChooseClientMechanism({"GSSAPI"}), "");
}

}  // namespace
}  // namespace pennypost::sasl
