/* llvmtool.c - a large program for Scripts/measure-translation: reads LLVM IR and prints it again, or
 * with CODEGEN compiles it for x86-64, or with PASSES optimises it first. LLVM is linked statically. */
#include <llvm-c/Core.h>
#include <llvm-c/IRReader.h>
#include <llvm-c/Target.h>
#include <llvm-c/TargetMachine.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <stdio.h>

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "llvmtool: %s: %s\n", what, why ? why : "");
    return 1;
}

int main(int argc, char **argv)
{
    char *why = NULL;
    LLVMMemoryBufferRef in;
    LLVMModuleRef module;
    LLVMContextRef context = LLVMContextCreate();
    if (argc < 2 || LLVMCreateMemoryBufferWithContentsOfFile(argv[1], &in, &why))
        return fail("cannot read", why);
    if (LLVMParseIRInContext(context, in, &module, &why))
        return fail(argv[1], why);
#ifdef CODEGEN
    const char *triple = "x86_64-linux-gnu";
    LLVMTargetRef target;
    LLVMMemoryBufferRef out;
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    if (LLVMGetTargetFromTriple(triple, &target, &why))
        return fail(triple, why);
    LLVMTargetMachineRef machine = LLVMCreateTargetMachine(
        target, triple, "", "", LLVMCodeGenLevelDefault, LLVMRelocPIC, LLVMCodeModelDefault);
#ifdef PASSES
    if (LLVMRunPasses(module, "default<O2>", machine, LLVMCreatePassBuilderOptions()))
        return fail(argv[1], "the passes failed");
#endif
    if (LLVMTargetMachineEmitToMemoryBuffer(machine, module, LLVMAssemblyFile, &why, &out))
        return fail(argv[1], why);
    fwrite(LLVMGetBufferStart(out), 1, LLVMGetBufferSize(out), stdout);
#else
    puts(LLVMPrintModuleToString(module));
#endif
    return 0;
}
