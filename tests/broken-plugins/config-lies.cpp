// Its note names another config struct than its code takes.
#include "broken.h"

MAITRED_PLUGIN(broken::Sound)
