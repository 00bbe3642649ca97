// libnuma's own words, kept from standard error: for programs, never for libraries, since a program has one of each.
#pragma once

/// What libnuma had to say on the calling thread since this was last asked, in its first sentence; NULL for nothing. Valid
/// until libnuma says something on that thread again.
const char *_Nullable cnumawords_take(void);
