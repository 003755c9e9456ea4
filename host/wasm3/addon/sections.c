#include "sections.h"

#include <stdlib.h>

#include "m3_core.h"

enum { SECTION_IMPORT = 2, SECTION_EXPORT = 7, HEADER_BYTES = 8 };

const char *kind_name(uint8_t kind)
{
    static const char *const names[] = {"function", "table", "memory", "global"};
    return kind < sizeof names / sizeof names[0] ? names[kind] : "unknown";
}

/* Stops at the first import that is not a function: such a module is refused, so what follows it does not matter. */
static M3Result read_imports(Sections *sections, bytes_t at, cbytes_t end)
{
    uint32_t count;
    M3Result error = ReadLEB_u32(&count, &at, end);

    for (uint32_t i = 0; !error && i < count; i++) {
        const char *module = NULL;
        const char *name = NULL;
        uint8_t kind = 0;
        uint32_t type;

        error = Read_utf8(&module, &at, end);
        if (!error)
            error = Read_utf8(&name, &at, end);
        if (!error)
            error = Read_u8(&kind, &at, end);
        if (!error && kind != KIND_FUNCTION) {
            sections->foreign_module = module;
            sections->foreign_name = name;
            sections->foreign_kind = kind;
            return m3Err_none;
        }
        if (!error)
            error = ReadLEB_u32(&type, &at, end);
        free((void *)module);
        free((void *)name);
    }
    return error;
}

static M3Result read_exports(Sections *sections, bytes_t at, cbytes_t end)
{
    uint32_t count;
    M3Result error = ReadLEB_u32(&count, &at, end);

    if (error)
        return error;
    /* Each export takes three bytes at least, so a longer list is a lie, and not one to allocate for. */
    if (count > (size_t)(end - at) / 3)
        return m3Err_wasmUnderrun;
    sections->exports = calloc(count ? count : 1, sizeof *sections->exports);
    if (!sections->exports)
        return m3Err_mallocFailed;
    for (uint32_t i = 0; !error && i < count; i++) {
        ExportName *export = &sections->exports[i];

        error = Read_utf8(&export->name, &at, end);
        if (error)
            break;
        sections->export_count++;
        if (!export->name)
            error = m3Err_mallocFailed;
        if (!error)
            error = Read_u8(&export->kind, &at, end);
        if (!error)
            error = ReadLEB_u32(&export->index, &at, end);
    }
    return error;
}

M3Result sections_read(Sections *sections, const uint8_t *wasm, size_t bytes)
{
    bytes_t at = wasm + (bytes < HEADER_BYTES ? bytes : HEADER_BYTES);
    cbytes_t end = wasm + bytes;
    M3Result error = m3Err_none;

    while (!error && at < end) {
        uint8_t section = 0;
        uint32_t length = 0;

        error = ReadLEB_u7(&section, &at, end);
        if (!error)
            error = ReadLEB_u32(&length, &at, end);
        if (!error && length > (size_t)(end - at))
            error = m3Err_wasmSectionOverrun;
        if (!error && section == SECTION_IMPORT)
            error = read_imports(sections, at, at + length);
        if (!error && section == SECTION_EXPORT && !sections->exports)
            error = read_exports(sections, at, at + length);
        at += length;
    }
    return error;
}

void sections_free(Sections *sections)
{
    for (uint32_t i = 0; i < sections->export_count; i++)
        free((void *)sections->exports[i].name);
    free(sections->exports);
    free((void *)sections->foreign_module);
    free((void *)sections->foreign_name);
}
