// SwiftPM wants one source file in a C target.
#include "shim.h"
