#pragma once
// The tables of the queue's store, version by version.

#include <maitred/store.h>

namespace maitred::cook {

// Static. A version that was released never changes; a new one is added at the end.
kj::ArrayPtr<const store::Migration> recordMigrations();
// Of the archive beside it; its tables have the same columns.
kj::ArrayPtr<const store::Migration> archiveMigrations();

}  // namespace maitred::cook
