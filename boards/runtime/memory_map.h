// RAM and flash figures for the MAP operation.
#ifndef TIELINE_MEMORY_MAP_H
#define TIELINE_MEMORY_MAP_H

#include "module.h"

// Writes each figure to the open frame: those of the board, and those of one module.
void memory_map_all(const struct module *module);

// Writes a figure: name length (1 byte), name, value (u32).
void memory_map_put(const char *name, uint32_t value);

// Sizes of the program's sections, where the board knows them: boards/bare, or the board's own folder.
void memory_map_sections(void);

#endif
