// Compiles every function of a module as the boards do and prints a line for each: how many of wasm3's 32-bit slots it
// uses, its arguments, results and constants included. Imports use as many as their arguments and results.
#include <m3_compile.h>
#include <m3_env.h>
#include <stdio.h>
#include <stdlib.h>

// Part of wasm3 that is not compiled here.
void m3_PrintProfilerInfo(void) {}

static uint8_t wasm[1 << 20];

int main(int count, char **arguments) {
    FILE *file = count == 2 ? fopen(arguments[1], "rb") : NULL;
    if (file == NULL) return EXIT_FAILURE;
    size_t length = fread(wasm, 1, sizeof wasm, file);
    IM3Environment environment = m3_NewEnvironment();
    IM3Runtime runtime = m3_NewRuntime(environment, 65536, NULL);
    IM3Module module;
    M3Result error = m3_ParseModule(environment, &module, wasm, (uint32_t)length);
    if (error == m3Err_none) error = m3_LoadModule(runtime, module);
    // Nothing is called: that imports are linked is only claimed.
    static code_t nowhere[1];
    for (uint32_t i = 0; error == m3Err_none && i < module->numFuncImports; i++) {
        module->functions[i].module = module;
        module->functions[i].compiled = nowhere;
    }
    for (uint32_t i = 0; error == m3Err_none && i < module->numFunctions; i++) {
        IM3Function function = &module->functions[i];
        if (i < module->numFuncImports) {
            printf("%u\n", 2 * (function->funcType->numArgs + function->funcType->numRets));
            continue;
        }
        error = CompileFunction(function);
        printf("%u\n", function->maxStackSlots);
    }
    if (error != m3Err_none) puts(error);
    return error == m3Err_none ? EXIT_SUCCESS : EXIT_FAILURE;
}
