// Exports more than the one symbol.
#include "broken.h"

extern "C" __attribute__((visibility("default"))) int broken_helper() {
  return 1;
}

MAITRED_PLUGIN(broken::Sound)
