#include "sieve/run.h"

#include <fmt/format.h>

#include <algorithm>

namespace pennypost::sieve {
namespace {

template <class T>
T* FindAction(std::vector<Action>& actions) {
  for (Action& action : actions) {
    if (T* found = std::get_if<T>(&action)) return found;
  }
  return nullptr;
}

bool CancelsKeep(const Action& action) {
  return std::holds_alternative<Discard>(action) || std::holds_alternative<Reject>(action) ||
         std::holds_alternative<Keep>(action);
}

// An action that says the same as one before: flags of the later one count.
bool Merge(std::vector<Action>& actions, Action& action) {
  for (Action& other : actions) {
    if (other.index() != action.index()) continue;
    if (auto* file = std::get_if<FileInto>(&action)) {
      auto& earlier = std::get<FileInto>(other);
      if (earlier.mailbox != file->mailbox || earlier.special_use != file->special_use ||
          earlier.mailbox_id != file->mailbox_id) {
        continue;
      }
      earlier.flags = file->flags;
      earlier.create = earlier.create || file->create;
      return true;
    }
    if (auto* redirect = std::get_if<Redirect>(&action)) {
      if (std::get<Redirect>(other).address == redirect->address) return true;
      continue;
    }
    if (auto* keep = std::get_if<Keep>(&action)) {
      std::get<Keep>(other).flags = keep->flags;
      return true;
    }
    if (std::holds_alternative<Discard>(action)) return true;
  }
  return false;
}

}  // namespace

std::string_view NameOf(const Action& action) {
  constexpr std::string_view kNames[] = {"keep",   "discard",  "fileinto", "redirect",
                                         "reject", "vacation", "notify",   "duplicate"};
  if (const auto* reject = std::get_if<Reject>(&action); reject != nullptr && reject->extended) {
    return "ereject";
  }
  return kNames[action.index()];
}

Run::Run(Message& of, Envelope its_envelope, Host& world, const Limits& bounds)
    : message(of), envelope(std::move(its_envelope)), host(world), limits(bounds) {}

Result Execute(const Script& script, Message& message, const Envelope& envelope, Host& host,
               const Limits& limits) {
  Run run(message, envelope, host, limits);
  if (!script.ok()) {
    run.result.error = script.errors[0];
    return std::move(run.result);
  }
  message.Mark();
  run.Statements(script);
  if (run.failed()) {
    // RFC 5228 2.10.6: half a script is worse than none.
    run.result.actions.clear();
    run.result.edits.clear();
    run.result.content_changed = false;
    run.result.before_enclose.reset();
    run.result.implicit_keep = true;
    message.Revert();
  } else {
    run.result.implicit_flags = run.flags;
  }
  return std::move(run.result);
}

Flow Run::Statements(const Script& script) {
  const Script* outer = std::exchange(script_, &script);
  Flow flow = Block(script.statements);
  script_ = outer;
  return flow;
}

void Run::Fail(Position at, std::string words) {
  if (!failed()) result.error = ScriptError{at, std::move(words)};
}

bool Run::Spend(uint64_t steps) {
  result.steps += steps;
  if (result.steps > limits.max_steps && !failed()) {
    result.over_budget = true;
    Fail({}, fmt::format("script takes more than {} steps", limits.max_steps));
  }
  return !failed();
}

Flow Run::Block(const std::vector<Statement>& statements) {
  bool outer = std::exchange(chain_done, false);
  Flow flow = Flow::kNext;
  for (const Statement& statement : statements) {
    flow = Command(statement);
    if (failed()) {
      // A budget does not know where it ran out: the innermost command does.
      if (result.error->at == Position{}) result.error->at = statement.at;
      flow = Flow::kStop;
    }
    if (flow != Flow::kNext) break;
  }
  chain_done = outer;
  return flow;
}

Flow Run::Command(const Statement& statement) {
  if (!Spend()) return Flow::kStop;
  if (!statement.deferred_error.empty()) {
    Fail(statement.at, statement.deferred_error);
    return Flow::kStop;
  }
  return statement.verb->run(*this, statement);
}

bool Run::Test(const Statement& statement) {
  if (!Spend()) return false;
  if (!statement.deferred_error.empty()) {
    Fail(statement.at, statement.deferred_error);
    return false;
  }
  return statement.verb->test(*this, statement) && !failed();
}

std::vector<std::string> Run::Texts(const Argument& argument) {
  std::vector<std::string> texts;
  texts.reserve(argument.strings.size());
  for (const std::string& text : argument.strings) {
    if (!Spend()) break;
    texts.push_back(Expand(text));
  }
  return texts;
}

uint32_t Run::PartAtHand() const {
  return part && *part < message.structure().parts.size() ? *part : 0;
}

void Run::Act(Position at, Action action) {
  bool rejects = std::holds_alternative<Reject>(action);
  bool delivers =
      std::holds_alternative<Keep>(action) || std::holds_alternative<FileInto>(action) ||
      std::holds_alternative<Redirect>(action) || std::holds_alternative<Vacation>(action);
  // RFC 5429 2.3: mail is refused or taken, not both.
  if (rejects && FindAction<Reject>(result.actions) != nullptr) {
    return Fail(at, "a message can be rejected only once");
  }
  bool taken = std::any_of(result.actions.begin(), result.actions.end(), [](const Action& other) {
    return std::holds_alternative<Keep>(other) || std::holds_alternative<FileInto>(other) ||
           std::holds_alternative<Redirect>(other) || std::holds_alternative<Vacation>(other);
  });
  if ((rejects && taken) || (delivers && FindAction<Reject>(result.actions) != nullptr)) {
    return Fail(at, "reject cannot be combined with keep, fileinto, redirect or vacation");
  }
  if (std::holds_alternative<Vacation>(action) && FindAction<Vacation>(result.actions) != nullptr) {
    return Fail(at, "vacation can be used only once");
  }
  if (CancelsKeep(action)) result.implicit_keep = false;
  if (Merge(result.actions, action)) return;
  if (std::holds_alternative<Redirect>(action)) {
    auto redirects =
        std::count_if(result.actions.begin(), result.actions.end(),
                      [](const Action& other) { return std::holds_alternative<Redirect>(other); });
    if (static_cast<size_t>(redirects) >= limits.max_redirects) {
      return Fail(at, fmt::format("more than {} redirects", limits.max_redirects));
    }
  }
  if (result.actions.size() >= limits.max_actions) {
    return Fail(at, fmt::format("more than {} actions", limits.max_actions));
  }
  result.actions.push_back(std::move(action));
}

}  // namespace pennypost::sieve
