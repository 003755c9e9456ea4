/* What wasm3 does not tell about a module: its exports of every kind, and imports that are not functions. */
#ifndef WASM3_ADDON_SECTIONS_H
#define WASM3_ADDON_SECTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "wasm3.h"

/** Kinds of imports and exports as the binary format numbers them. */
enum { KIND_FUNCTION = 0, KIND_TABLE = 1, KIND_MEMORY = 2, KIND_GLOBAL = 3 };

typedef struct ExportName {
    const char *name;
    uint32_t index;
    uint8_t kind;
} ExportName;

typedef struct Sections {
    ExportName *exports;
    uint32_t export_count;
    /** The first import that is not a function, if any: its names and kind. */
    const char *foreign_module;
    const char *foreign_name;
    uint8_t foreign_kind;
} Sections;

/** Reads the import and export sections. The result is to be freed whatever is returned. */
M3Result sections_read(Sections *sections, const uint8_t *wasm, size_t bytes);
void sections_free(Sections *sections);
const char *kind_name(uint8_t kind);

#endif
