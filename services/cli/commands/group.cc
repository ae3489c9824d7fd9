// pennypost group: create, list, get, update, add-member, remove-member, delete.

#include "services/cli/acting.h"

namespace pennypost::cli {
namespace {

using namespace directory::v1;  // NOLINT: requests and responses of one service

const std::vector<std::string> kPostings = {"anyone", "tenant", "domain", "members"};

Row ToRow(const Group& group, const std::string& members) {
  return {group.address(), group.display_name().empty() ? "-" : group.display_name(),
          group.posting(), group.send_as() ? "yes" : "no", members};
}

void Print(Context& context, const Group& group) {
  if (context.json()) return PrintJson(group);
  PrintTable({"GROUP", "NAME", "POSTING", "SEND AS", "MEMBERS"},
             {ToRow(group, std::to_string(group.members_size()))});
  for (const std::string& member : group.members()) printf("  %s\n", member.c_str());
}

void List(Context& context, const ListGroupsRequest& request) {
  if (!context.Connect(Acting::kAnyone)) return;
  auto all = AskForAll(context, &DirectoryService::ListGroups, request);
  if (!all.ok()) return context.Fail(all.status());
  if (context.json()) return PrintJson(*all);
  std::vector<Row> rows;
  for (const Group& group : all->groups())
    rows.push_back(ToRow(group, std::to_string(group.members_size())));
  PrintTable({"GROUP", "NAME", "POSTING", "SEND AS", "MEMBERS"}, rows);
}

template <class Target>
void AddAddress(CLI::App* command, const std::shared_ptr<Target>& target) {
  command
      ->add_option_function<std::string>(
          "ADDRESS", [target](const std::string& v) { target->set_address(v); }, "of the group")
      ->required();
}

template <class Target>
void AddSettings(CLI::App* command, const std::shared_ptr<Target>& target) {
  command->add_option_function<std::string>(
      "--name", [target](const std::string& v) { target->set_display_name(v); }, "name for people");
  command
      ->add_option_function<std::string>(
          "--posting", [target](const std::string& v) { target->set_posting(v); },
          "who may send to it: anyone (the default), users of its tenant, of its domain, or its "
          "members; users of this platform have to log in for that")
      ->check(CLI::IsMember(kPostings));
  AddSwitch(
      command, "--send-as", [target](bool v) { target->set_send_as(v); },
      "whether members may send as the group");
}

void AddMemberCommand(
    CLI::App* group, Context& context, const char* name, const char* help,
    google::protobuf::RepeatedPtrField<std::string>* (ChangeMembersRequest::*field)()) {
  auto change = std::make_shared<ChangeMembersRequest>();
  auto members = std::make_shared<std::vector<std::string>>();
  auto* command = group->add_subcommand(name, help);
  AddAddress(command, change);
  command->add_option("MEMBERS", *members, "one or more addresses")->required();
  command->callback([&context, change, members, field] {
    if (!context.Connect(Acting::kAnyone)) return;
    for (const std::string& member : *members) *(change.get()->*field)()->Add() = member;
    auto changed = AskAs(context, &DirectoryService::ChangeMembers, *change);
    if (!changed.ok()) return context.Fail(changed.status());
    Print(context, changed->group());
  });
}

}  // namespace

void AddGroupCommands(CLI::App& app, Context& context) {
  auto* group = app.add_subcommand("group", "addresses with members, and a rule who may send");
  group->require_subcommand(1);

  auto create = std::make_shared<Group>();
  auto members = std::make_shared<std::vector<std::string>>();
  auto* command = group->add_subcommand("create", "add a group");
  AddAddress(command, create);
  command->add_option("MEMBERS", *members,
                      "accounts, aliases and groups here, addresses elsewhere");
  AddSettings(command, create);
  command->callback([&context, create, members] {
    if (!context.Connect(Acting::kAnyone)) return;
    CreateGroupRequest request;
    *request.mutable_group() = *create;
    for (const std::string& member : *members) request.mutable_group()->add_members(member);
    auto made = AskAs(context, &DirectoryService::CreateGroup, request);
    if (!made.ok()) return context.Fail(made.status());
    Print(context, made->group());
  });

  auto list = std::make_shared<ListGroupsRequest>();
  command = group->add_subcommand("list", "all groups");
  command->add_option_function<std::string>(
      "--domain", [list](const std::string& v) { list->set_domain(v); }, "only of this domain");
  command->callback([&context, list] { List(context, *list); });

  auto get = std::make_shared<ListGroupsRequest>();
  command = group->add_subcommand("get", "one group with its members");
  AddAddress(command, get);
  command->callback([&context, get] {
    if (!context.Connect(Acting::kAnyone)) return;
    auto found = AskAs(context, &DirectoryService::ListGroups, *get);
    if (!found.ok()) return context.Fail(found.status());
    Print(context, found->groups(0));
  });

  auto update = std::make_shared<UpdateGroupRequest>();
  command = group->add_subcommand("update", "change a group; see add-member and remove-member");
  AddAddress(command, update);
  AddSettings(command, update);
  command->callback([&context, update] {
    if (!update->has_display_name() && !update->has_posting() && !update->has_send_as())
      return context.Fail("say what to change: --name, --posting or --send-as", kUsage);
    if (!context.Connect(Acting::kAnyone)) return;
    auto changed = AskAs(context, &DirectoryService::UpdateGroup, *update);
    if (!changed.ok()) return context.Fail(changed.status());
    Print(context, changed->group());
  });

  AddMemberCommand(group, context, "add-member", "add members; who is one already stays one",
                   &ChangeMembersRequest::mutable_add);
  AddMemberCommand(group, context, "remove-member", "take members out",
                   &ChangeMembersRequest::mutable_remove);

  auto remove = std::make_shared<DeleteGroupRequest>();
  command = group->add_subcommand("delete", "remove a group; its members stay");
  AddAddress(command, remove);
  command->callback([&context, remove] {
    if (!context.Connect(Acting::kAnyone)) return;
    auto gone = AskAs(context, &DirectoryService::DeleteGroup, *remove);
    if (!gone.ok()) return context.Fail(gone.status());
    context.PrintDeleted(remove->address());
  });
}

}  // namespace pennypost::cli
