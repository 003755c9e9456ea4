// RAM and flash figures for the MAP operation.
#ifndef TIELINE_MEMORY_MAP_H
#define TIELINE_MEMORY_MAP_H

// Writes each figure to the open frame: name length (1 byte), name, value (u32).
void memory_map_put(void);

#endif
