// Precompiled for rpc, the services' gRPC faces and the composition roots.
#pragma once
#include "asio.h"

#include <google/protobuf/message.h>
#include <google/protobuf/service.h>
