// Precompiled for net, redis, runtime and the drivers.
#pragma once
#include "base.h"

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
