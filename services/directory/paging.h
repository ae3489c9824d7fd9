#pragma once
// Pages of lists.

#include "services/directory/core/admin.h"

namespace pennypost::directory {

inline int PageSize(int asked) {
  constexpr int kMaxPage = 1000;
  return asked <= 0 || asked > kMaxPage ? kMaxPage : asked;
}

}  // namespace pennypost::directory
