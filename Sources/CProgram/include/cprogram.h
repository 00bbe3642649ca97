// What a program has one of, and no library may have: a constructor, and the functions that libnuma calls by name.
#pragma once

/// The words of this process's command line, its name first, as main got them: Swift's own are read from /proc, which may
/// not be mounted.
int cprogram_word_count(void);
/// NULL: there are not so many.
const char *_Nullable cprogram_word(int index);

/// What libnuma had to say on the calling thread since this was last asked, in its first sentence; NULL for nothing. Valid
/// until libnuma says something on that thread again.
const char *_Nullable cprogram_libnuma_words(void);
