// The LLVM 19 C API, and the few inline functions that Swift cannot write itself because the API
// offers them as macros only. `llvm-c` and `llvm` beside this file are links to where Debian's
// llvm-19-dev puts the headers, so that no importer needs a search path.
#ifndef RECAST_CLLVM_SHIM_H
#define RECAST_CLLVM_SHIM_H

#include "llvm-c/Analysis.h"
#include "llvm-c/BitReader.h"
#include "llvm-c/BitWriter.h"
#include "llvm-c/Core.h"
#include "llvm-c/Error.h"
#include "llvm-c/ErrorHandling.h"
#include "llvm-c/IRReader.h"
#include "llvm-c/Linker.h"
#include "llvm-c/Support.h"
#include "llvm-c/Target.h"
#include "llvm-c/TargetMachine.h"
#include "llvm-c/Transforms/PassBuilder.h"

static inline void recast_initialize_all_targets(void) {
  LLVMInitializeAllTargetInfos();
  LLVMInitializeAllTargets();
  LLVMInitializeAllTargetMCs();
  LLVMInitializeAllAsmPrinters();
  LLVMInitializeAllAsmParsers();
}

#endif
