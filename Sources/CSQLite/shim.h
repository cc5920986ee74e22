#include <sqlite3.h>

// Casts do not import into Swift.
static inline sqlite3_destructor_type drover_sqlite_static(void) { return SQLITE_STATIC; }
static inline sqlite3_destructor_type drover_sqlite_transient(void) { return SQLITE_TRANSIENT; }
