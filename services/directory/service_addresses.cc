// Aliases and groups over gRPC.

#include "services/directory/directory_service.h"
#include "services/directory/paging.h"
#include "services/directory/proto_convert.h"

namespace pennypost::directory {
namespace {

std::vector<std::string> Texts(const google::protobuf::RepeatedPtrField<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

}  // namespace

void DirectoryServiceImpl::CreateAlias(Controller* controller,
                                       const v1::CreateAliasRequest* request,
                                       v1::CreateAliasResponse* response, Done* done) {
  Change(controller, done, request->actor(), [=, this](const Principal& who) -> absl::Status {
    const v1::Alias& alias = request->alias();
    ASSIGN_OR_RETURN(AliasRow row, admin_.CreateAlias(who, {alias.address(), Texts(alias.targets()),
                                                            alias.send_as()}));
    ToProto(row, response->mutable_alias());
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::ListAliases(Controller* controller,
                                       const v1::ListAliasesRequest* request,
                                       v1::ListAliasesResponse* response, Done* done) {
  Read(controller, done, request->actor(), [=, this](const Principal& who) -> absl::Status {
    int limit = PageSize(request->page_size());
    ASSIGN_OR_RETURN(
        auto rows, admin_.ListAliases(who, {"", request->domain(), request->page_token(), limit}));
    for (const AliasRow& row : rows) ToProto(row, response->add_aliases());
    if (static_cast<int>(rows.size()) == limit) response->set_next_page_token(rows.back().address);
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::DeleteAlias(Controller* controller,
                                       const v1::DeleteAliasRequest* request,
                                       v1::DeleteAliasResponse*, Done* done) {
  Change(controller, done, request->actor(),
         [=, this](const Principal& who) { return admin_.DeleteAlias(who, request->address()); });
}

void DirectoryServiceImpl::CreateGroup(Controller* controller,
                                       const v1::CreateGroupRequest* request,
                                       v1::CreateGroupResponse* response, Done* done) {
  Change(controller, done, request->actor(), [=, this](const Principal& who) -> absl::Status {
    GroupRow wanted;
    wanted.address = request->group().address();
    wanted.display_name = request->group().display_name();
    wanted.posting = request->group().posting();
    wanted.send_as = request->group().send_as();
    wanted.members = Texts(request->group().members());
    ASSIGN_OR_RETURN(GroupRow row, admin_.CreateGroup(who, wanted));
    ToProto(row, response->mutable_group());
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::ListGroups(Controller* controller, const v1::ListGroupsRequest* request,
                                      v1::ListGroupsResponse* response, Done* done) {
  Read(controller, done, request->actor(), [=, this](const Principal& who) -> absl::Status {
    if (!request->address().empty()) {
      ASSIGN_OR_RETURN(GroupRow row, admin_.GetGroup(who, request->address()));
      ToProto(row, response->add_groups());
      return absl::OkStatus();
    }
    int limit = PageSize(request->page_size());
    ASSIGN_OR_RETURN(auto rows,
                     admin_.ListGroups(who, {"", request->domain(), request->page_token(), limit}));
    for (const GroupRow& row : rows) ToProto(row, response->add_groups());
    if (static_cast<int>(rows.size()) == limit) response->set_next_page_token(rows.back().address);
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::UpdateGroup(Controller* controller,
                                       const v1::UpdateGroupRequest* request,
                                       v1::UpdateGroupResponse* response, Done* done) {
  Change(controller, done, request->actor(), [=, this](const Principal& who) -> absl::Status {
    GroupChange change;
    if (request->has_display_name()) change.display_name = request->display_name();
    if (request->has_posting()) change.posting = request->posting();
    if (request->has_send_as()) change.send_as = request->send_as();
    ASSIGN_OR_RETURN(GroupRow row, admin_.UpdateGroup(who, request->address(), change));
    ToProto(row, response->mutable_group());
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::ChangeMembers(Controller* controller,
                                         const v1::ChangeMembersRequest* request,
                                         v1::ChangeMembersResponse* response, Done* done) {
  Change(controller, done, request->actor(), [=, this](const Principal& who) -> absl::Status {
    ASSIGN_OR_RETURN(GroupRow row,
                     admin_.ChangeMembers(who, request->address(), Texts(request->add()),
                                          Texts(request->remove())));
    ToProto(row, response->mutable_group());
    return absl::OkStatus();
  });
}

void DirectoryServiceImpl::DeleteGroup(Controller* controller,
                                       const v1::DeleteGroupRequest* request,
                                       v1::DeleteGroupResponse*, Done* done) {
  Change(controller, done, request->actor(),
         [=, this](const Principal& who) { return admin_.DeleteGroup(who, request->address()); });
}

}  // namespace pennypost::directory
